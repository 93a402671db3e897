"""What a file says about its tree: entries, branches, and where the baskets of each branch lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a branch holds.

    Attributes:
        kind: ROOT's class, TLeafF for 32-bit floats.
        length: numbers in an entry, or in an object of it; 1 but for arrays of fixed length.
        unsigned: whether integers are.
        counter: the leaf that tells how many objects an entry has; "" where it has always one.
    """

    kind: str
    length: int
    unsigned: bool
    counter: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch.

    Attributes:
        kind: ROOT's class, TBranch but for objects.
        entries: how many, among them those in baskets that lie inside the tree's own record.
        edges: int64[baskets + 1], the first entry of each basket that is a record of its own, and where the last ends.
        seeks, sizes: int64[baskets], where these lie in the file and their bytes, keys included.
        size: bytes of all baskets, decompressed.
        branches: how many are below it.
        elsewhere: another file that holds its baskets.
    """

    name: str
    kind: str
    entries: int
    leaves: tuple[Leaf, ...]
    edges: NDArray[np.int64]
    seeks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    size: int
    branches: int = 0
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree: `names` of all its branches, and what is known of those that were asked for."""

    entries: int
    names: tuple[str, ...]
    branches: Mapping[str, Branch]


def record(
    name: str,
    *,
    kind: str,
    entries: int,
    leaves: tuple[Leaf, ...],
    baskets: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    written: int,
    size: int,
    branches: int,
    elsewhere: str,
) -> Branch:
    """A branch from ROOT's members: fBasketEntry, fBasketSeek, fBasketBytes are longer than the baskets are many."""
    entry, seek, sizes = (np.asarray(each, np.int64) for each in baskets)
    on_disk = min(written, len(seek))
    empty = np.flatnonzero(seek[:on_disk] == 0)
    if len(empty):
        on_disk = int(empty[0])
    # Where the arrays are full there is no number after the last basket's.
    end = entry[on_disk] if on_disk < len(entry) else entries
    edges = np.append(entry[:on_disk], end).astype(np.int64)
    return Branch(
        name, kind, entries, leaves, edges, seek[:on_disk].copy(), sizes[:on_disk].copy(), size, branches, elsewhere
    )


def tree_of_uproot(tree: Any, wanted: Iterable[str]) -> Tree:
    """The same from uproot's tree, which knows every version of ROOT's classes and reads every branch to tell."""
    names = tuple(tree.keys(recursive=True))
    known = set(names)
    return Tree(
        int(tree.num_entries),
        names,
        {name: _branch_of_uproot(name, tree[name]) for name in wanted if name in known},
    )


def _branch_of_uproot(name: str, branch: Any) -> Branch:
    def leaf(of: Any) -> Leaf:
        counter = of.member("fLeafCount")
        return Leaf(
            of.classname,
            int(of.member("fLen")),
            bool(of.member("fIsUnsigned")),
            "" if counter is None else str(counter.member("fName")),
        )

    return record(
        name,
        kind=str(branch.classname),
        entries=int(branch.num_entries),
        leaves=tuple(leaf(each) for each in branch.member("fLeaves")),
        baskets=(branch.member("fBasketEntry"), branch.member("fBasketSeek"), branch.member("fBasketBytes")),
        written=int(branch.member("fWriteBasket")),
        size=int(branch.member("fTotBytes")),
        branches=len(branch.branches),
        elsewhere="",
    )
