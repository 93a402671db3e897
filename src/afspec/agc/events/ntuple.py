"""Events of an RNTuple. Uproot reads all of them, as a rule and not as a fallback: stats.fallbacks stays empty."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.columns import Chunk, Objects, words
from afspec.agc.errors import InputError
from afspec.agc.events.cuts import common, cuts
from afspec.agc.events.through_uproot import flat
from afspec.agc.events.trouble import missing, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from afspec.agc.columns import Collection, Form, Layout, Words
    from afspec.agc.events.stats import ReadStats

# Events of a chunk. Uproot reads whole clusters, and takes a while for each call; 26 words an event are 10 MB.
_TARGET: Final = 100_000
# Larger clusters than this are cut, and read once for each piece.
_MOST: Final = 1 << 20


class NtupleFile:
    """Events of an RNTuple.

    A column of a collection is a field of lists (Jet_pt), or a member of a field of records (Jet.pt); both are written,
    by ROOT and by uproot. How many objects an event has is told by these themselves, so counters need not be there.
    """

    def __init__(self, file: str, ntuple: Any, layout: Layout, stats: ReadStats) -> None:
        self.stats = stats
        self._file = file
        self._ntuple = ntuple
        self._layout = layout
        try:
            self.entries = int(ntuple.num_entries)
            firsts = [int(cluster.num_first_entry) for cluster in ntuple.cluster_summaries]
            self._names = list(ntuple.keys())
        except InputError:
            raise
        except Exception as error:
            raise told(error, file, what=f"RNTuple {layout.tree} cannot be read") from error
        self.boundaries = common([firsts], self.entries)
        known = set(self._names)
        self._fields = {
            (each.name, column): name
            for each in layout.collections
            for column, _ in each.columns
            for name in (f"{each.name}.{column}", each.branch(column))
            if name in known
        }
        lacking = [
            each.branch(column)
            for each in layout.collections
            for column, _ in each.columns
            if (each.name, column) not in self._fields
        ]
        if lacking:
            raise missing(lacking, self._names, file, layout.tree, "fields")

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Chunk]:
        """The events start to stop, or to the end."""
        end = self.entries if stop is None else min(stop, self.entries)
        for first, last in cuts(self.boundaries, max(start, 0), end, _TARGET, _MOST):
            begun = time.perf_counter()
            objects = {each.name: self._objects(each, first, last) for each in self._layout.collections}
            self.stats.read += time.perf_counter() - begun
            yield Chunk(self._file, first, last, objects)

    def _objects(self, collection: Collection, start: int, stop: int) -> Objects:
        offsets: NDArray[np.int64] | None = np.arange(stop - start + 1) if not collection.counter else None
        columns: dict[str, Words] = {}
        for column, form in collection.columns:
            field = self._fields[collection.name, column]
            found, columns[column] = self._column(field, form, start, stop)
            if offsets is None:
                offsets = found
            elif not np.array_equal(found, offsets):
                other = self._fields[collection.name, collection.columns[0][0]]
                expected = f"{other} has" if collection.counter else "are counted, one an event"
                raise InputError(
                    f"its events have not as many numbers as {expected}", self._file, branch=field, entry=start
                )
        return Objects(np.zeros(stop - start + 1, np.int64) if offsets is None else offsets, columns)

    def _column(self, field: str, form: Form, start: int, stop: int) -> tuple[NDArray[np.int64], Words]:
        """Where each event's numbers begin, and these as words."""
        try:
            array = self._ntuple[field].array(entry_start=start, entry_stop=stop)
        except InputError:
            raise
        except Exception as error:
            raise told(error, self._file, branch=field, entry=start) from error
        if len(array) != stop - start:
            raise InputError(f"{len(array)} events came of {stop - start}", self._file, branch=field, entry=start)
        offsets, values = _lists(array, field, self._file, start)
        try:
            converted = words(values, form)
        except OverflowError as error:
            raise InputError(f"its numbers are too large: {error}", self._file, branch=field, entry=start) from error
        self.stats.uncompressed += converted.nbytes
        return offsets, converted


def _lists(array: Any, field: str, file: str, start: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Where each event's numbers begin, and the numbers.

    Raises:
        InputError: they are no numbers, or are nested deeper.
    """
    layout = array.layout
    if type(layout).__name__ == "ListOffsetArray" and layout.content.is_numpy and layout.content.purelist_depth == 1:
        # As uproot makes them: nothing is copied.
        offsets = np.asarray(layout.offsets.data, np.int64)
        return offsets - offsets[0], np.asarray(layout.content.data)[offsets[0] : offsets[-1]]
    values, counts = flat(array, field, file, start)
    if counts is None:
        return np.arange(len(array) + 1), values
    offsets = np.zeros(len(array) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets, values
