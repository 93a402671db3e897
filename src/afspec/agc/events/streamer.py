"""Some branches of a tree from the bytes of its record, without a look at the others.

A NanoAOD tree has a thousand branches, and an analysis reads twenty: uproot takes 0.15 s to build all of them, this
8 ms, most of it to look at their names. It knows the versions of classes that ROOT has written since 2014; for others
UnknownError says so, and `metadata.tree_of_uproot` reads the tree.

Source: ROOT's TBufferFile (ReadObjectAny), and the streamer information of TTree, TBranch and TLeaf in any file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.events.metadata import Branch, Leaf, Tree, record

if TYPE_CHECKING:
    from collections.abc import Collection

_COUNTED: Final = 0x40000000
_NEW_CLASS: Final = 0xFFFFFFFF
_CLASS: Final = 0x80000000
# Places in a buffer are told plus this, 0 and 1 being taken.
_MAP_OFFSET: Final = 2
_REFERENCED: Final = 1 << 4
_LONG: Final = 255
_TREES: Final = (19, 20)
_BRANCHES: Final = (12, 13)
# fIOFeatures came with these.
_FEATURES: Final = {"tree": 20, "branch": 13}
# From fEntries to fEstimate of a tree: five sizes, a weight, three settings of display, the default of offsets, how
# many cluster ranges there are, six limits.
_TREE_NUMBERS: Final = struct.Struct(">5qd5i6q")
_CLUSTER_RANGES: Final = 10
# fCompress, fBasketSize, fEntryOffsetLen, fWriteBasket, fEntryNumber of a branch.
_BRANCH_HEAD: Final = struct.Struct(">4iq")
# fOffset, fMaxBaskets, fSplitLevel, fEntries, fFirstEntry, fTotBytes, fZipBytes.
_BRANCH_NUMBERS: Final = struct.Struct(">3i4q")
_LEAF: Final = struct.Struct(">3i??")


class UnknownError(Exception):
    """The record has something that this does not know."""


class _Cursor:
    """A place in the bytes of a record.

    Attributes:
        key: bytes of the record's key, which the places in references count from.
    """

    def __init__(self, data: bytes, key: int, at: int = 0) -> None:
        self.data = data
        self.key = key
        self.at = at

    def place(self, reference: int) -> _Cursor:
        """Where a reference points to."""
        at = reference - _MAP_OFFSET - self.key
        if not 0 <= at < len(self.data):
            raise UnknownError(f"a reference to byte {at}")
        return _Cursor(self.data, self.key, at)

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        found = form.unpack_from(self.data, self.at)
        self.at += form.size
        return found

    def word(self) -> int:
        (found,) = struct.unpack_from(">I", self.data, self.at)
        self.at += 4
        return int(found)

    def string(self) -> str:
        size = self.data[self.at]
        self.at += 1
        if size == _LONG:
            size = self.word()
        found = self.data[self.at : self.at + size].decode("utf-8", "replace")
        self.at += size
        return found

    def terminated(self) -> str:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end].decode("utf-8", "replace")
        self.at = end + 1
        return found

    def array(self, dtype: str, length: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Numbers after a byte that says whether there are any."""
        self.at += 1
        found = np.frombuffer(self.data, dtype, length, self.at)
        self.at += found.nbytes
        return found.astype(np.int64)

    def opened(self) -> tuple[int, int]:
        """An object's version, and where it ends."""
        counted = self.word()
        if not counted & _COUNTED:
            raise UnknownError("an object that does not tell its size")
        end = self.at + (counted & ~_COUNTED)
        (version,) = struct.unpack_from(">H", self.data, self.at)
        self.at += 2
        return version, end

    def skip(self) -> None:
        """Go past an object."""
        _, self.at = self.opened()

    def root_object(self) -> None:
        """Go past a TObject, which alone does not tell its size."""
        (bits,) = struct.unpack_from(">I", self.data, self.at + 6)
        self.at += 12 if bits & _REFERENCED else 10

    def named(self) -> str:
        """The name of a TNamed."""
        _, end = self.opened()
        self.root_object()
        name = self.string()
        self.at = end
        return name

    def pointed(self) -> tuple[str, int] | None:
        """The class of the object that a pointer here has, and where that ends; None for none.

        Raises:
            UnknownError: it is a reference to an object that lies elsewhere.
        """
        begin = self.at
        counted = self.word()
        if counted == 0:
            return None
        if not counted & _COUNTED or counted == _NEW_CLASS:
            raise UnknownError("a pointer that does not tell a size")
        end = begin + 4 + (counted & ~_COUNTED)
        tag = self.word()
        if tag == _NEW_CLASS:
            return self.terminated(), end
        if not tag & _CLASS:
            raise UnknownError("an object where another was expected")
        told = self.place(tag & ~_CLASS)
        if told.word() != _NEW_CLASS:
            raise UnknownError("a class that is not told where it should be")
        return told.terminated(), end

    def objects(self) -> tuple[int, int]:
        """How many pointers a TObjArray has, and where they end; the cursor is at the first."""
        _, end = self.opened()
        self.root_object()
        self.string()
        size, _ = struct.unpack_from(">ii", self.data, self.at)
        self.at += 8
        return int(size), end


def tree_of_bytes(data: bytes, key: int, wanted: Collection[str]) -> Tree:
    """A tree's entries, the names of its branches, and those branches that are wanted.

    Arguments:
        data: the record of the tree, decompressed, without its key.
        key: bytes of that key.
        wanted: names of branches.

    Raises:
        UnknownError: something in it is not known here.
    """
    try:
        return _tree(_Cursor(data, key), wanted)
    except (struct.error, IndexError, ValueError) as error:
        raise UnknownError(f"{type(error).__name__}: {error}") from error


def _tree(cursor: _Cursor, wanted: Collection[str]) -> Tree:
    version, _ = cursor.opened()
    if version not in _TREES:
        raise UnknownError(f"TTree of version {version}")
    for _ in range(4):
        cursor.skip()
    numbers = cursor.take(_TREE_NUMBERS)
    for _ in range(2):
        cursor.array(">i8", numbers[_CLUSTER_RANGES])
    if version >= _FEATURES["tree"]:
        cursor.skip()
    size, _ = cursor.objects()
    names: list[str] = []
    branches: dict[str, Branch] = {}
    for _ in range(size):
        found = cursor.pointed()
        if found is None:
            continue
        kind, end = found
        name = _name(cursor, kind)
        if name in wanted and name not in branches:
            branches[name] = _branch(cursor, name, kind)
        names.append(name)
        cursor.at = end
    return Tree(numbers[0], tuple(names), branches)


def _name(cursor: _Cursor, kind: str) -> str:
    """The name of the branch here; the cursor stays."""
    at = cursor.at
    cursor.opened()
    if kind != "TBranch":
        # It has a TBranch as its base.
        cursor.opened()
    name = cursor.named()
    cursor.at = at
    return name


def _branch(cursor: _Cursor, name: str, kind: str) -> Branch:
    if kind != "TBranch":
        cursor.opened()
    version, _ = cursor.opened()
    if version not in _BRANCHES:
        raise UnknownError(f"TBranch of version {version}")
    for _ in range(2):
        cursor.skip()
    _, _, _, written, _ = cursor.take(_BRANCH_HEAD)
    if version >= _FEATURES["branch"]:
        cursor.skip()
    _, most, _, entries, first, size, _ = cursor.take(_BRANCH_NUMBERS)
    if first != 0:
        raise UnknownError(f"branch {name} begins with entry {first}")
    below, end = cursor.objects()
    cursor.at = end
    leaves = _leaves(cursor)
    cursor.skip()
    sizes = cursor.array(">i4", most)
    edges = cursor.array(">i8", most)
    seeks = cursor.array(">i8", most)
    return record(
        name,
        kind=kind,
        entries=entries,
        leaves=leaves,
        baskets=(edges, seeks, sizes),
        written=written,
        size=size,
        branches=below,
        elsewhere=cursor.string(),
    )


def _leaves(cursor: _Cursor) -> tuple[Leaf, ...]:
    size, end = cursor.objects()
    leaves = []
    for _ in range(size):
        found = cursor.pointed()
        if found is None:
            continue
        kind, after = found
        cursor.opened()
        cursor.opened()
        cursor.named()
        length, _, _, _, unsigned = cursor.take(_LEAF)
        leaves.append(Leaf(kind, length, bool(unsigned), _counter(cursor)))
        cursor.at = after
    cursor.at = end
    return tuple(leaves)


def _counter(cursor: _Cursor) -> str:
    """The name of the leaf that a pointer here has; it lies elsewhere as a rule, since counters come first."""
    at = cursor.at
    tag = cursor.word()
    if tag == 0:
        return ""
    if tag & _COUNTED:
        cursor.at = at
    else:
        cursor = cursor.place(tag)
    if cursor.pointed() is None:
        return ""
    for _ in range(2):
        cursor.opened()
    return cursor.named()
