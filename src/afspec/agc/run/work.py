"""A piece of work, and what comes of it: the same on a thread, a process and a Dask worker."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from afspec.agc.errors import AgcError, InputError
from afspec.agc.events import open_events
from afspec.agc.events.stats import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.agc.analysis import Analysis
    from afspec.agc.tally import Tally

# Seconds before the second try; each further one waits twice as long.
PAUSE: Final = 0.5
# (process, variation).
Sample = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """Entries start to stop of a file; stop is None for all that there are.

    Units that meet at an entry part the events between them, however both ends are moved to where a file can be split
    at no cost: both move alike.

    Attributes:
        number: its place in the plan of the run, which names it.
        expected: how many entries the file has, if that is known; another number is a failure.
        slack: by how many entries its ends may be moved, at most.
    """

    number: int
    sample: Sample
    file: str
    start: int
    stop: int | None
    expected: int | None = None
    slack: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that could not be done, however often it was tried."""

    unit: int
    file: str
    error: str
    tries: int


@dataclass(frozen=True, slots=True)
class Partial:
    """What came of some units: each of them is among `done` or among `failures`, never in both, never in none.

    Attributes:
        done: unit -> events that were looked at.
        tallies: what they add up to, sample by sample.
    """

    done: dict[int, int] = field(default_factory=dict)
    tallies: dict[Sample, Tally] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    stats: ReadStats = field(default_factory=ReadStats)

    def __add__(self, other: Partial) -> Partial:
        if twice := self.done.keys() & other.done.keys():
            raise AssertionError(f"units {sorted(twice)} would be counted twice")
        tallies = dict(self.tallies)
        for sample, tally in other.tallies.items():
            tallies[sample] = tallies[sample] + tally if sample in tallies else tally
        return Partial(
            {**self.done, **other.done}, tallies, (*self.failures, *other.failures), self.stats + other.stats
        )


def merge(partials: Iterable[Partial]) -> Partial:
    """What several add up to."""
    total = Partial()
    for partial in partials:
        total += partial
    return total


def process_unit(analysis: Analysis, unit: Unit, tries: int = 3) -> Partial:
    """Do one unit; what may be a passing trouble is tried again, and what fails is told, not raised."""
    for attempt in range(1, tries + 1):
        try:
            return _once(analysis, unit)
        except AgcError as error:
            transient = isinstance(error, InputError) and error.transient
            if attempt == tries or not transient:
                return Partial(failures=(Failure(unit.number, unit.file, str(error), attempt),))
        time.sleep(PAUSE * 2 ** (attempt - 1))
    raise AssertionError("a unit is tried at least once")


def snapped(entry: int, boundaries: Sequence[int], slack: int) -> int:
    """The boundary nearest to an entry, the lower of two; the entry itself where none is within the slack.

    It keeps the order of entries: a <= b gives snapped(a) <= snapped(b).
    """
    place = bisect_left(boundaries, entry)
    near = boundaries[max(place - 1, 0) : place + 1]
    best = min(near, key=lambda boundary: abs(boundary - entry), default=entry)
    return best if abs(best - entry) <= slack else entry


def _once(analysis: Analysis, unit: Unit) -> Partial:
    tally = analysis.tally()
    kernel = 0.0
    with open_events(unit.file, analysis.layout) as events:
        start, stop = _range(unit, events.entries, events.boundaries)
        for chunk in events.chunks(start, stop):
            begun = time.perf_counter()
            analysis.process(chunk, tally, unit.sample[1])
            kernel += time.perf_counter() - begun
        stats = replace(events.stats, kernel=events.stats.kernel + kernel)
    if tally.events != stop - start:
        raise InputError(
            f"entries {start} to {stop} gave {tally.events} events", unit.file, hint="This is a defect of the reader"
        )
    return Partial({unit.number: tally.events}, {unit.sample: tally}, stats=stats)


def _range(unit: Unit, entries: int, boundaries: Sequence[int]) -> tuple[int, int]:
    """The entries to look at.

    Raises:
        InputError: the file does not have the entries that it should have.
    """
    if unit.expected is not None and entries != unit.expected:
        raise InputError(
            f"it has {entries:,} entries, the file list says {unit.expected:,}",
            unit.file,
            hint="It is another file than was meant, or half of one: correct nevts in the list, or fetch it again",
        )
    stop = entries if unit.stop is None else unit.stop
    start, stop = (snapped(entry, boundaries, unit.slack) for entry in (unit.start, stop))
    if stop > entries:
        raise InputError(f"entries up to {stop:,} are wanted, it has {entries:,}", unit.file)
    return start, stop
