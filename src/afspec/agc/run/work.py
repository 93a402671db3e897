"""A piece of work, and what comes of it: the same on a thread, a process and a Dask worker."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from afspec.agc.errors import AgcError, InputError
from afspec.agc.events import open_events
from afspec.agc.events.stats import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.agc.analysis import Analysis
    from afspec.agc.tally import Tally

# (process, variation).
Sample = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """Entries start to stop of a file; stop is None for all that there are.

    Attributes:
        number: its place in the plan of the run, which names it.
    """

    number: int
    sample: Sample
    file: str
    start: int
    stop: int | None


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
        except InputError as error:
            if attempt == tries or not error.transient:
                return Partial(failures=(Failure(unit.number, unit.file, str(error), attempt),))
        except AgcError as error:
            return Partial(failures=(Failure(unit.number, unit.file, str(error), attempt),))
    raise AssertionError("a unit is tried at least once")


def _once(analysis: Analysis, unit: Unit) -> Partial:
    tally = analysis.tally()
    kernel = 0.0
    with open_events(unit.file, analysis.layout) as events:
        for chunk in events.chunks(unit.start, unit.stop):
            begun = time.perf_counter()
            analysis.process(chunk, tally, unit.sample[1])
            kernel += time.perf_counter() - begun
        stats = replace(events.stats, kernel=events.stats.kernel + kernel)
    return Partial({unit.number: tally.events}, {unit.sample: tally}, stats=stats)
