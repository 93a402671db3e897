"""What was measured, as data: medians of several turns, and ratios that were taken within one turn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from afspec.agc.bench.passes import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.agc.bench.passes import Case, Turn
    from afspec.agc.bench.startup import StartUp

FORMAT: Final = "afspec-agc-bench/1"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one case.

    Attributes:
        rate: events a second of CPU, on one thread; median, and the slowest and fastest turn's.
        parts: nanoseconds of CPU an event takes in each part; they add up to 1e9 / rate, but for medians.
        floor: events a second of CPU if nothing but decompression had to be done; None where nothing is compressed.
        of_floor: rate over floor, in the same turn.
        threads, speed_up: how many, and the wall time of one over that of so many, in the same turn; 1 and None where
            it was not measured.
        compressed, uncompressed: bytes an event.
        fallbacks: branches that uproot read, and why.
    """

    case: str
    events: int
    files: int
    remote: bool
    rate: float
    slowest: float
    fastest: float
    parts: Mapping[str, float]
    floor: float | None
    of_floor: float | None
    threads: int
    speed_up: float | None
    compressed: float
    uncompressed: float
    fallbacks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """Of one run.

    Attributes:
        analysis: its name, options included.
        machine: see machine.describe.
        bandwidth: bytes a second that one core reads from memory.
        start: see startup.StartUp; None where it was not measured.
    """

    analysis: str
    machine: Mapping[str, Any]
    repeats: int
    bandwidth: float
    start: StartUp | None
    figures: tuple[Figures, ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        start = None if self.start is None else {**asdict(self.start), "jit": self.start.jit}
        return {
            "format": FORMAT,
            "analysis": self.analysis,
            "machine": dict(self.machine),
            "repeats": self.repeats,
            "memory_bandwidth": self.bandwidth,
            "start_up": start,
            "cases": {figures.case: asdict(figures) for figures in self.figures},
        }


def figures(case: Case, turns: Sequence[Turn], threads: int) -> Figures:
    """What several turns amount to; there is one event at least."""
    rates = [turn.one.events / turn.one.cpu for turn in turns]
    one, events = turns[0].one, turns[0].one.events
    each = [turn.one.parts(remote=case.remote) for turn in turns]
    parts = {name: median(parts[name] for parts in each) * 1e9 / events for name in (*PARTS, "other")}
    compressed = all(turn.floor.seconds > 0 and turn.floor.uncompressed for turn in turns)
    least = turns[0].floor
    return Figures(
        case=case.name,
        events=events,
        files=sum(1 for _ in case.files),
        remote=case.remote,
        rate=median(rates),
        slowest=min(rates),
        fastest=max(rates),
        parts=parts,
        floor=median(events / turn.floor.seconds for turn in turns) if compressed else None,
        of_floor=median(turn.floor.seconds / turn.one.cpu for turn in turns) if compressed else None,
        threads=threads,
        speed_up=median(turn.one.wall / turn.several.wall for turn in turns if turn.several) if threads > 1 else None,
        compressed=least.compressed / events,
        uncompressed=(one.stats.uncompressed or least.uncompressed) / events,
        fallbacks=one.stats.fallbacks,
    )
