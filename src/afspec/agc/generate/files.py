"""ROOT files of columns, TTree or RNTuple, written cluster by cluster: what is under way is never taken for a file."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import awkward as ak
import numpy as np
import uproot

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Form: TypeAlias = Literal["ttree", "rntuple"]
FORMS: Final[tuple[Form, ...]] = ("ttree", "rntuple")

_CODECS: Final = {"zstd": uproot.ZSTD, "lz4": uproot.LZ4, "zlib": uproot.ZLIB, "lzma": uproot.LZMA}
_LEVELS: Final = {"zstd": 5, "lz4": 4, "zlib": 6, "lzma": 8}
_CODEC: Final = re.compile(r"(none)|([a-z0-9]+?)(?::([1-9]))?")
# The counter of a TTree's branch is at most this (32-bit offsets into a basket of 2 GiB).
_BASKET: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Branch:
    """A column of a file: one number for each event, or for each object of a collection.

    Attributes:
        dtype: NumPy's name of a number as it is in the file, without byte order.
        counter: the branch that tells how many there are in each event; "" where it is one.
    """

    name: str
    dtype: str
    counter: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events, in columns.

    Attributes:
        counts: of each counter, integers [events].
        columns: of each branch, numbers [events] or [objects of all events].
    """

    events: int
    counts: Mapping[str, NDArray[np.integer[Any]]]
    columns: Mapping[str, NDArray[np.generic]]


def compression(codec: str) -> uproot.compression.Compression | None:
    """What "zstd:5" means to uproot: none, zstd, lz4, zlib or lzma, and a level from 1 to 9.

    Raises:
        AgcError: it is nothing of the kind.
    """
    match = _CODEC.fullmatch(codec)
    if match is None or not (match[1] or match[2] in _CODECS):
        raise AgcError(f"{codec!r} is no codec", f"Codecs are none, {', '.join(f'{name}:LEVEL' for name in _CODECS)}")
    if match[1]:
        return None
    return _CODECS[match[2]](int(match[3] or _LEVELS[match[2]]))


class Writer:
    """A tree that is being written; every batch becomes one cluster."""

    def __init__(self, tree: Any, branches: Sequence[Branch]) -> None:
        self._tree = tree
        self._branches = branches

    def extend(self, batch: Batch) -> None:
        """Add events.

        Raises:
            KeyError: a branch is missing.
        """
        columns: dict[str, Any] = {
            name: np.asarray(counts, np.dtype("u4")) for name, counts in batch.counts.items() if self._plain(name)
        }
        offsets = {name: _offsets(counts) for name, counts in batch.counts.items()}
        for branch in self._branches:
            if branch.name in columns or (not branch.counter and branch.name in batch.counts):
                continue
            values = np.ascontiguousarray(batch.columns[branch.name], np.dtype(branch.dtype))
            columns[branch.name] = _lists(offsets[branch.counter], values) if branch.counter else values
        self._tree.extend(columns)

    def _plain(self, name: str) -> bool:
        return any(branch.name == name for branch in self._branches)


def _offsets(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    if offsets[-1] * 8 > _BASKET:
        raise AgcError(f"{offsets[-1]:,} objects do not fit into one cluster", "Make clusters of fewer events")
    return offsets


def _lists(offsets: NDArray[np.int64], values: NDArray[np.generic]) -> ak.Array:
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), ak.contents.NumpyArray(values)))


@contextmanager
def create(
    path: Path, tree: str, branches: Sequence[Branch], *, codec: str, form: Form, clusters: int
) -> Iterator[Writer]:
    """A file to extend; it comes to its place when it is complete, and nothing stays where it is not.

    Counters are branches of their own, unsigned as in real files: they need not be among `branches` of a TTree, and
    must not be left out of those of an RNTuple. Room is made for the list of about so many clusters.

    Raises:
        AgcError: the codec or the form is none.
        OSError: the file cannot be written.
    """
    if form not in FORMS:
        raise AgcError(f"{form!r} is no form of a file", f"Forms are {' and '.join(FORMS)}")
    packed = compression(codec)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    try:
        with uproot.recreate(unfinished, compression=packed) as file:
            made = _rntuple(file, tree, branches) if form == "rntuple" else _ttree(file, tree, branches, clusters)
            yield Writer(made, branches)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _ttree(file: Any, name: str, branches: Sequence[Branch], clusters: int) -> Any:
    counters = {branch.name: branch.counter for branch in branches if branch.counter}
    types = {branch.name: _type(branch) for branch in branches if branch.name not in counters.values()}
    # Room for one basket only: the first batch makes uproot write the tree's head again, with what changes below.
    tree = file.mktree(
        name, types, counter_name=counters.__getitem__, initial_basket_capacity=1, resize_factor=max(2.0, clusters + 2)
    )
    for branch in tree._cascading._branch_data:  # noqa: SLF001 - uproot makes counters signed, NanoAOD has them unsigned
        if branch["kind"] == "counter":
            branch["dtype"] = np.dtype(">u4")
            branch["fTitle"] = f"{branch['fName']}/i"
    return tree


def _rntuple(file: Any, name: str, branches: Sequence[Branch]) -> Any:
    return file.mkrntuple(name, {branch.name: _type(branch) for branch in branches})


def _type(branch: Branch) -> Any:
    return ak.types.ListType(ak.types.NumpyType(branch.dtype)) if branch.counter else branch.dtype
