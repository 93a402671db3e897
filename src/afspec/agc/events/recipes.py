"""How each branch is read: its baskets by afspec itself where it is certain what they hold, else by uproot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.columns import DTYPES

if TYPE_CHECKING:
    from afspec.agc.columns import Form
    from afspec.agc.events.metadata import Branch, Leaf

# How baskets hold the numbers of each class of leaf; their unsigned kin is of the same width.
_NUMBERS: Final = {
    "TLeafO": "u1",
    "TLeafB": "i1",
    "TLeafS": ">i2",
    "TLeafI": ">i4",
    "TLeafL": ">i8",
    "TLeafG": ">i8",
    "TLeafF": ">f4",
    "TLeafD": ">f8",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a branch is read.

    Attributes:
        form: what the kernel wants of each number.
        dtype: numbers as baskets hold them; None where uproot reads them all.
        direct: whether these are the kernel's words already.
        edges: the first entry of each piece, and the number of entries.
        own: how many pieces, the first ones, are baskets that afspec reads; uproot reads the others.
        seeks, sizes: where these baskets lie.
        size: bytes that all baskets decompress to, about.
        reason: why uproot reads some; "" where it reads none.
    """

    branch: str
    form: Form
    dtype: np.dtype[np.generic] | None
    direct: bool
    edges: list[int]
    own: int
    seeks: list[int]
    sizes: list[int]
    size: int
    reason: str = ""


def recipe(branch: Branch, entries: int, form: Form, counter: str, *, counts: bool = False) -> Recipe:
    """Decide how a branch is read.

    Arguments:
        branch: what the file says about it.
        entries: of the tree.
        form: what the kernel wants.
        counter: the branch that should count its objects, "" for one number an entry.
        counts: whether it counts others itself.
    """
    reason = _doubt(branch, counter)
    if reason:
        return Recipe(
            branch.name,
            form,
            dtype=None,
            direct=False,
            edges=_uproot_edges(branch, entries),
            own=0,
            seeks=[],
            sizes=[],
            size=branch.size,
            reason=reason,
        )
    (leaf,) = branch.leaves
    dtype = _dtype(leaf)
    own = len(branch.seeks)
    edges = branch.edges.tolist()
    if edges[-1] < entries:
        reason = f"{entries - edges[-1]} entries lie in the tree's own record (embedded baskets)"
        edges.append(entries)
    direct = dtype == DTYPES[form] or (counts and dtype == np.dtype(">u4"))
    if leaf.kind == "TLeafO":
        direct = form == "bool"
    elif form == "bool":
        direct = False
    return Recipe(
        branch.name,
        form,
        dtype,
        direct,
        edges,
        own,
        branch.seeks.tolist(),
        branch.sizes.tolist(),
        branch.size,
        reason,
    )


def _dtype(leaf: Leaf) -> np.dtype[np.generic]:
    text = _NUMBERS[leaf.kind]
    return np.dtype(text.replace("i", "u") if leaf.unsigned else text)


def _doubt(branch: Branch, counter: str) -> str:
    """What is not understood about a branch."""
    steps = np.diff(branch.edges)
    if branch.kind != "TBranch" or branch.branches:
        return f"it holds objects ({branch.kind})"
    if branch.elsewhere:
        return f"its baskets lie in another file, {branch.elsewhere}"
    if branch.edges[0] != 0 or (steps < 0).any():
        return "its baskets are out of order"
    if len(branch.leaves) != 1:
        return f"it has {len(branch.leaves)} leaves"
    return _doubt_of_leaf(branch.leaves[0], counter)


def _doubt_of_leaf(leaf: Leaf, counter: str) -> str:
    if leaf.kind not in _NUMBERS:
        return f"it holds no plain numbers ({leaf.kind})"
    if leaf.length != 1:
        return f"it holds arrays of {leaf.length}"
    if leaf.counter != counter:
        return f"it is counted by {leaf.counter or 'no branch'}, not by {counter or 'none'}"
    return ""


def _uproot_edges(branch: Branch, entries: int) -> list[int]:
    """Uproot reads any range; its own baskets' are the cheapest."""
    edges = branch.edges.tolist()
    if not edges or edges[0] != 0 or edges != sorted(edges) or edges[-1] > entries:
        edges = [0]
    return edges if edges[-1] == entries else [*edges, entries]
