"""An analysis and files that are made of numbers, so that runs can be tested without reading and without compiling."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afspec.agc.columns import Chunk, Collection, Layout, Objects
from afspec.agc.errors import InputError
from afspec.agc.events.stats import ReadStats
from afspec.agc.run import runner, timing, work
from afspec.agc.run.filelist import File, FileList
from afspec.agc.tally import Tally
from afspec.agc.ttbar import task

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 7


@dataclass(frozen=True)
class Numbers:
    """An analysis of one whole number an event: each goes to the bin that it names, in the first region's row."""

    name: str = "ttbar-numbers"
    layout: Layout = field(default_factory=lambda: Layout("Events", (Collection("", "", (("number", "int"),)),)))
    steps: tuple[str, ...] = task.STEPS

    def tally(self) -> Tally:
        return Tally.empty(len(task.REGIONS) * len(task.VARIATIONS), task.FLOW_BINS, len(task.STEPS))

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        del variation
        numbers = chunk.objects[""].values("number", "int").astype(np.int64)
        np.add.at(tally.sums[0], numbers % task.FLOW_BINS, 1.0)
        np.add.at(tally.squares[0], numbers % task.FLOW_BINS, 1.0)
        tally.flow[0] += chunk.events


@dataclass
class World:
    """Files by name, and what happens to those who read them.

    Attributes:
        files: entries of each.
        boundaries: where each can be split at no cost, besides its ends.
        troubles: what is raised when a file is opened, one a time, first to last.
        opened: how often each was.
        limit: how many times files can be opened until Ctrl-C is typed; None for ever.
    """

    files: dict[str, list[int]] = field(default_factory=dict)
    boundaries: dict[str, list[int]] = field(default_factory=dict)
    troubles: dict[str, list[BaseException]] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    limit: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, entries: int, boundaries: tuple[int, ...] = ()) -> None:
        # As many different numbers as make mixed-up and repeated events show.
        self.files[name] = [(len(self.files) * 31 + entry * entry) % 1009 for entry in range(entries)]
        self.boundaries[name] = sorted({0, entries, *boundaries})

    def listed(self) -> FileList:
        """All files, even ones of ttbar and odd ones of W+jets."""
        samples: dict[work.Sample, tuple[File, ...]] = {}
        for number, (name, entries) in enumerate(self.files.items()):
            sample = ("ttbar" if number % 2 == 0 else "wjets", "nominal")
            samples[sample] = (*samples.get(sample, ()), File(name, len(entries)))
        return FileList(samples, "made up")

    def truth(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """How often each bin's numbers are there, all files together."""
        every = np.concatenate([np.array(entries, int) for entries in self.files.values()])
        return np.bincount(every % task.FLOW_BINS, minlength=task.FLOW_BINS).astype(float)

    @contextmanager
    def open(self, file: str, layout: Layout) -> Iterator[Opened]:
        assert layout.tree == "Events"
        with self.lock:
            self.opened[file] = self.opened.get(file, 0) + 1
            if self.limit is not None and sum(self.opened.values()) > self.limit:
                raise KeyboardInterrupt
            waiting = self.troubles.get(file)
            if waiting:
                raise waiting.pop(0)
        if file not in self.files:
            raise InputError("it is not there", file)
        yield Opened(file, self.files[file], self.boundaries[file])


@dataclass
class Opened:
    """A file as the reader gives it, a few entries at a time."""

    file: str
    numbers: list[int]
    boundaries: list[int]
    stats: ReadStats = field(default_factory=lambda: ReadStats(open=0.25, read=0.5, baskets=1))

    @property
    def entries(self) -> int:
        return len(self.numbers)

    def chunks(self, start: int, stop: int | None) -> Iterator[Chunk]:
        end = self.entries if stop is None else stop
        for first in range(start, end, _STEP):
            last = min(first + _STEP, end)
            numbers = np.array(self.numbers[first:last], ">i4").view(np.uint32)
            yield Chunk(self.file, first, last, {"": Objects(np.arange(last - first + 1), {"number": numbers})})


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """No files yet; whoever opens one gets it from here, and nobody waits between two tries."""
    made = World()
    monkeypatch.setattr(work, "open_events", made.open)
    monkeypatch.setattr(work, "PAUSE", 0.0)
    for module in (timing, runner):
        monkeypatch.setattr(module, "process_age", lambda: 1.5)
    return made
