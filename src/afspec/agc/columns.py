"""What an analysis reads, and how it lies in memory.

ROOT writes numbers big-endian. They stay as they are on disk, 32-bit words, until a kernel looks at one: most jets
fail their first cut, so most numbers are never swapped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# How kernels see a number: a 32-bit float or integer as its big-endian word, a boolean as a byte.
Form: TypeAlias = Literal["float", "int", "bool"]
Words: TypeAlias = "NDArray[np.uint32] | NDArray[np.uint8]"

# The same numbers as NumPy would read them.
DTYPES: dict[Form, np.dtype[np.generic]] = {
    "float": np.dtype(">f4"),
    "int": np.dtype(">i4"),
    "bool": np.dtype("u1"),
}


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects of one kind in every event: the branch that counts them, and what is read of each.

    Attributes:
        name: prefix of its branches, "Jet" for Jet_pt; "" for numbers of the event itself.
        counter: the branch that counts its objects; "" where every event has one number.
        columns: what is read, without the prefix, each with the form that the kernel wants.
    """

    name: str
    counter: str
    columns: tuple[tuple[str, Form], ...]

    def branch(self, column: str) -> str:
        """The branch of a column."""
        return f"{self.name}_{column}" if self.name else column


@dataclass(frozen=True, slots=True)
class Layout:
    """All that an analysis reads of a file."""

    tree: str
    collections: tuple[Collection, ...]

    @property
    def branches(self) -> tuple[str, ...]:
        """Every branch, counters first within their collection."""
        return tuple(
            branch
            for collection in self.collections
            for branch in (
                *((collection.counter,) if collection.counter else ()),
                *(collection.branch(column) for column, _ in collection.columns),
            )
        )


@dataclass(frozen=True, slots=True)
class Objects:
    """A collection's numbers for the events of a chunk.

    Attributes:
        offsets: int64[events + 1], where each event's objects begin in the columns, which may start later than 0.
        columns: each column's words, uint32 or uint8 of at least offsets[-1] elements; read-only to kernels, and valid
            until the next chunk of the same reader.
    """

    offsets: NDArray[np.int64]
    columns: Mapping[str, Words]

    def values(self, name: str, form: Form) -> NDArray[np.generic]:
        """A column as numbers in the machine's byte order, for those who are not in a hurry."""
        first, last = int(self.offsets[0]), int(self.offsets[-1])
        column = self.columns[name][first:last].view(DTYPES[form])
        if form == "bool":
            return column.astype(np.bool_)
        return column.astype(column.dtype.newbyteorder("="))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive events of a file: entries start to stop."""

    file: str
    start: int
    stop: int
    objects: Mapping[str, Objects]

    @property
    def events(self) -> int:
        """How many."""
        return self.stop - self.start


def words(values: NDArray[np.generic], form: Form) -> Words:
    """Numbers of any width as kernels want them.

    Raises:
        OverflowError: an integer does not fit into 32 bits.
    """
    if form == "bool":
        return np.ascontiguousarray(values.astype(np.bool_)).view(np.uint8)
    if form == "int" and values.dtype.kind in "iu" and values.dtype.itemsize >= DTYPES[form].itemsize and values.size:
        low, high = int(values.min()), int(values.max())
        limits = np.iinfo(np.int32)
        if low < limits.min or high > limits.max:
            raise OverflowError(f"{low} to {high} do not fit into 32 bits")
    return np.ascontiguousarray(values.astype(DTYPES[form])).view(np.uint32)
