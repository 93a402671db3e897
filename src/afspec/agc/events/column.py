"""The numbers of one branch for a sliding range of its baskets, in one buffer that is used again and again."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.columns import DTYPES, words
from afspec.agc.errors import InputError
from afspec.agc.events.basket import CorruptError, Head, head, unpack
from afspec.agc.events.cuts import span
from afspec.agc.events.storage import ShortError
from afspec.agc.events.trouble import told

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afspec.agc.columns import Words
    from afspec.agc.events.recipes import Recipe
    from afspec.agc.events.source import Source
    from afspec.agc.events.storage import Place


class Column:
    """A branch, and its numbers in the baskets that are held.

    A basket's numbers are followed by a table of where entries begin; the next basket's numbers overwrite it, so that
    those of consecutive baskets lie in one piece without having been moved.
    """

    def __init__(self, recipe: Recipe, source: Source, buffer: NDArray[np.uint8] | None = None) -> None:
        self.recipe = recipe
        self._source = source
        self._word = np.dtype(np.uint8 if recipe.form == "bool" else np.uint32)
        self._buffer = np.empty(0, np.uint8) if buffer is None else buffer
        # Of the buffer, in bytes.
        self._used = 0
        self._first = 0
        self._sizes: deque[int] = deque()

    def extent(self, start: int, stop: int) -> tuple[int, int]:
        """The entries of all baskets that hold some of the entries start to stop."""
        first, last = span(self.recipe.edges, start, stop)
        return self.recipe.edges[first], self.recipe.edges[last]

    def places(self, start: int, stop: int, held: int) -> list[Place]:
        """Where the baskets of these entries lie, but for those that begin before the entry `held`."""
        first, last = span(self.recipe.edges, start, stop)
        edges, seeks, sizes = self.recipe.edges, self.recipe.seeks, self.recipe.sizes
        return [(seeks[at], sizes[at]) for at in range(first, min(last, self.recipe.own)) if edges[at] >= held]

    def hold(self, first: int, last: int, offsets: NDArray[np.int64] | None = None, origin: int = 0) -> None:
        """Have the baskets from `first` to before `last`, and no others.

        Arguments:
            first: the number of a basket.
            last: that of the one after the last.
            offsets: int64, where the objects of each entry begin, to check baskets against; None
                where an entry has one number.
            origin: the entry that they start with.

        Raises:
            InputError: one of them cannot be read, or has not as many numbers as its entries count.
        """
        self._drop(first)
        edges = self.recipe.edges
        for at in range(self._first + len(self._sizes), last):
            begin, end = edges[at] - origin, edges[at + 1] - origin
            expected = end - begin if offsets is None else int(offsets[end] - offsets[begin])
            counts = None if offsets is None or at < self.recipe.own else np.diff(offsets[begin : end + 1])
            found = self._load(at, counts)
            if found != expected:
                raise self._broken(at, f"it has {found} numbers where {expected} are counted")
            self._sizes.append(found * self._word.itemsize)
            self._used += found * self._word.itemsize

    def numbers(self, skip: int = 0) -> Words:
        """All that is held but for the first ones, as words."""
        found: Words = self._buffer[skip * self._word.itemsize : self._used].view(self._word)
        return found

    def _drop(self, first: int) -> None:
        """Forget the baskets before `first`; those that stay move to the buffer's beginning."""
        if not self._first <= first < self._first + len(self._sizes):
            self._sizes.clear()
            self._first, self._used = first, 0
            return
        gone = 0
        while self._first < first:
            gone += self._sizes.popleft()
            self._first += 1
        if gone:
            self._buffer[: self._used - gone] = self._buffer[gone : self._used]
            self._used -= gone

    def _room(self, size: int) -> NDArray[np.uint8]:
        """The next bytes of the buffer."""
        if self._used + size > len(self._buffer):
            larger = np.empty(self._used + size + size // 8, np.uint8)
            larger[: self._used] = self._buffer[: self._used]
            self._buffer = larger
        return self._buffer[self._used : self._used + size]

    def _load(self, at: int, counts: NDArray[np.int64] | None) -> int:
        """Put a basket's numbers after those that are held; how many they are."""
        if at >= self.recipe.own:
            return self._load_through_uproot(at, counts)
        begun = time.perf_counter()
        raw = self._raw(at)
        read = time.perf_counter()
        try:
            key = head(raw, self.recipe.edges[at + 1] - self.recipe.edges[at])
            found = self._unpacked(at, raw, key)
        except CorruptError as error:
            raise self._broken(at, str(error)) from error
        stats = self._source.stats
        stats.read += read - begun
        stats.decompress += time.perf_counter() - read
        stats.compressed += len(raw)
        stats.uncompressed += key.size
        stats.baskets += 1
        return found

    def _unpacked(self, at: int, raw: memoryview, key: Head) -> int:
        """Decompress a basket's numbers, and make words of them where they are none; how many they are."""
        dtype = self._word if self.recipe.direct else self.recipe.dtype
        assert dtype is not None  # noqa: S101 (only uproot reads without one)
        found, rest = divmod(key.border, dtype.itemsize)
        if rest:
            raise CorruptError(f"{key.border} bytes are no whole numbers")
        out = self._room(key.size) if self.recipe.direct else np.empty(key.size, np.uint8)
        unpack(raw[key.key :], key.size, key.border, out)
        if not self.recipe.direct:
            self._put(at, out[: key.border].view(dtype))
        return found

    def _raw(self, at: int) -> memoryview:
        """A basket as the file has it."""
        try:
            return self._source.storage.get(self.recipe.seeks[at], self.recipe.sizes[at])
        except ShortError as error:
            raise InputError(
                f"the file is truncated, {error}",
                self._source.file,
                branch=self.recipe.branch,
                entry=self.recipe.edges[at],
                hint="Copy it again",
            ) from error
        except InputError:
            raise
        except Exception as error:
            # Whatever clients of servers raise.
            raise told(error, self._source.file, branch=self.recipe.branch, entry=self.recipe.edges[at]) from error

    def _put(self, at: int, values: NDArray[Any]) -> None:
        """Write numbers as words where the next ones belong."""
        try:
            converted = values if values.dtype == DTYPES[self.recipe.form] else words(values, self.recipe.form)
        except OverflowError as error:
            raise self._broken(at, f"{error}: a kernel sees 32", what="its numbers are too large") from error
        self._room(len(converted) * self._word.itemsize).view(self._word)[:] = converted.view(self._word)

    def _load_through_uproot(self, at: int, counts: NDArray[np.int64] | None) -> int:
        start, stop = self.recipe.edges[at : at + 2]
        begun = time.perf_counter()
        values, found = self._source.through_uproot.numbers(self.recipe.branch, start, stop)
        if counts is not None and (found is None or not np.array_equal(found, counts)):
            raise self._broken(at, "its entries have not as many numbers as are counted")
        if counts is None and found is not None and (found != 1).any():
            raise self._broken(at, "its entries have not one number each")
        self._put(at, values)
        self._source.stats.read += time.perf_counter() - begun
        return len(values)

    def _broken(self, at: int, reason: str, what: str = "a basket is corrupt") -> InputError:
        return InputError(
            f"{what}: {reason}",
            self._source.file,
            branch=self.recipe.branch,
            entry=self.recipe.edges[at],
            hint=""
            if what != "a basket is corrupt"
            else "Copy the file again, or compare its checksum with its source's",
        )
