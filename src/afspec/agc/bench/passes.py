"""Passes over the same events: the analysis on one thread, on several, and decompression alone, in turns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from afspec.agc.bench import floor
from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import is_remote
from afspec.agc.run.executors.threads import in_process
from afspec.agc.run.plan import plan
from afspec.agc.run.work import merge

if TYPE_CHECKING:
    from afspec.agc.analysis import Analysis
    from afspec.agc.events.stats import ReadStats
    from afspec.agc.run.filelist import FileList

PARTS: Final = ("open", "read", "decompress", "kernel")
# Threads take the next unit when they are done with their last: with several for each, none waits long at the end.
_UNITS_A_THREAD: Final = 4


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the analysis over all events.

    Attributes:
        cpu, wall: seconds; CPU is that of all threads.
        stats: wall seconds of parts, bytes, and what was read by uproot.
    """

    events: int
    cpu: float
    wall: float
    stats: ReadStats

    def parts(self, *, remote: bool) -> dict[str, float]:
        """CPU seconds of each part; "other" is what is in none.

        Clocks of parts are wall clocks. What the processor did not do meanwhile was done by others (files here), or
        was waiting for bytes (remote files).
        """
        told = {name: float(getattr(self.stats, name)) for name in PARTS}
        idle = max(0.0, self.wall - self.cpu)
        if remote:
            told["read"] = max(0.0, told["read"] - idle)
        else:
            told = {name: seconds * (1.0 - idle / self.wall) for name, seconds in told.items()}
        return {**told, "other": max(0.0, self.cpu - sum(told.values()))}


@dataclass(frozen=True, slots=True)
class Turn:
    """All passes once: `several` is of several threads, None where it was not asked for."""

    one: Pass
    floor: floor.Floor
    several: Pass | None


@dataclass(frozen=True, slots=True)
class Case:
    """Files that are measured together.

    Attributes:
        name: what tells it from others: "zstd:5 ttree", or "files".
    """

    name: str
    files: FileList

    @property
    def remote(self) -> bool:
        """Whether bytes come over a network."""
        return any(is_remote(file.path) for _, file in self.files)


def analyse(analysis: Analysis, files: FileList, threads: int, chunk_events: int) -> Pass:
    """The analysis over all events, on so many threads.

    Raises:
        AgcError: a file cannot be read.
    """
    units = plan(files, chunk_events)
    with in_process(threads, tries=1) as executor:
        wall, cpu = time.perf_counter(), time.process_time()
        total = merge(executor.run(analysis, units))
        used = time.process_time() - cpu, time.perf_counter() - wall
    if total.failures:
        raise AgcError("; ".join(f"{failure.file}: {failure.error}" for failure in total.failures[:3]))
    return Pass(sum(total.done.values()), *used, total.stats)


def decompress(analysis: Analysis, files: FileList) -> floor.Floor:
    """Decompression alone, of the same bytes."""
    total = floor.Floor(0.0, 0, 0)
    for _, file in files:
        total += floor.measure(floor.frames_of(file.path, analysis.layout))
    return total


def turn(analysis: Analysis, case: Case, threads: int) -> Turn:
    """All passes once, one after the other: what disturbs the machine disturbs them alike.

    Raises:
        AgcError: a file cannot be read.
    """
    whole = max(file.events for _, file in case.files)
    one = analyse(analysis, case.files, 1, whole)
    least = decompress(analysis, case.files)
    if threads == 1:
        return Turn(one, least, None)
    share = max(1, -(-case.files.events // (threads * _UNITS_A_THREAD)))
    return Turn(one, least, analyse(analysis, case.files, threads, share))
