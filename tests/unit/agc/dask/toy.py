"""An analysis that adds up whole numbers, and ones that kill workers or raise."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle
import numpy as np
import uproot

from afspec.agc.columns import Chunk, Collection, Layout
from afspec.agc.run.work import Partial, Unit
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE = ("ttbar", "nominal")
EVENTS = 1000
LAYOUT = Layout("Events", (Collection("", "", (("number", "int"),)),))


@dataclass(frozen=True)
class Adds:
    """Adds up the events' numbers, bin by bin; the numbers are those of the entries."""

    name: str = "adds"
    steps: tuple[str, ...] = ("all",)
    layout: Layout = LAYOUT

    def tally(self) -> Tally:
        return Tally.empty(1, 10, 1)

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        assert variation == SAMPLE[1]
        numbers = chunk.objects[""].values("number", "int").astype(np.int64)
        tally.flow[0] += chunk.events
        np.add.at(tally.sums[0], numbers % 10, numbers / 3)
        np.add.at(tally.squares[0], numbers % 10, numbers)


@dataclass(frozen=True)
class Kills(Adds):
    """Kills its worker at an entry; with a marker only the first time, which leaves a file there."""

    name: str = "kills"
    entry: int = 0
    marker: str = ""

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        if chunk.start <= self.entry < chunk.stop and not (self.marker and Path(self.marker).exists()):
            if self.marker:
                Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().process(chunk, tally, variation)


@dataclass(frozen=True)
class Raises(Adds):
    """Has a defect that shows at an entry."""

    name: str = "raises"
    entry: int = 0

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        if chunk.start <= self.entry < chunk.stop:
            raise ZeroDivisionError("a defect of the user's")
        super().process(chunk, tally, variation)


@dataclass(frozen=True)
class Leaves(Adds):
    """Leaves a file of each process that it ran in."""

    name: str = "leaves"
    folder: str = ""

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        (Path(self.folder) / str(os.getpid())).touch()
        super().process(chunk, tally, variation)


# Workers cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def write(path: Path) -> str:
    """A file of EVENTS numbered events."""
    with uproot.recreate(path) as file:
        file.mktree("Events", {"number": np.int32}).extend({"number": np.arange(EVENTS, dtype=np.int32)})
    return str(path)


def units(file: str, size: int) -> list[Unit]:
    """A file, cut into pieces of so many events."""
    return [
        Unit(number, SAMPLE, file, start, min(start + size, EVENTS))
        for number, start in enumerate(range(0, EVENTS, size))
    ]


def expected(entries: Sequence[int]) -> tuple[list[float], list[float]]:
    """Sums and squares of the events with these numbers, added up in another way."""
    return (
        [sum(entry for entry in entries if entry % 10 == digit) / 3 for digit in range(10)],
        [float(sum(entry for entry in entries if entry % 10 == digit)) for digit in range(10)],
    )


def assert_exact(total: Partial, entries: Sequence[int] = range(EVENTS)) -> None:
    """Every one of the entries was counted once, and nothing else was."""
    tally = total.tallies[SAMPLE]
    sums, squares = expected(entries)
    assert tally.events == sum(total.done.values()) == len(entries)
    np.testing.assert_allclose(tally.sums[0], sums, rtol=1e-12)
    np.testing.assert_array_equal(tally.squares[0], squares)
