"""Start-up, compilation and the first chunk, measured apart from the work."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from afspec.agc.columns import DTYPES, Chunk, Objects, words
from afspec.agc.events.compiled import accumulate

if TYPE_CHECKING:
    from afspec.agc.analysis import Analysis
    from afspec.agc.columns import Form, Layout, Words
    from afspec.agc.tally import Tally


def process_age() -> float:
    """Seconds since this process was started, to 10 ms; 0 where the system does not tell (proc_pid_stat(5))."""
    try:
        # The name of the program, in brackets, may hold anything.
        ticks = int(Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, uptime - ticks / 100.0)


def warm(analysis: Analysis) -> float:
    """Compile an analysis's kernels and the reader's, or load them, on an event without objects; seconds it took."""
    begun = time.perf_counter()
    accumulate(np.zeros(1, np.uint32), np.zeros(2, np.int64))
    analysis.process(_nothing(analysis.layout), analysis.tally(), "nominal")
    return time.perf_counter() - begun


def _nothing(layout: Layout) -> Chunk:
    """An event without objects, in arrays of the kind that the reader gives."""
    objects = {
        group.name: Objects(
            np.arange(2, dtype=np.int64) if not group.counter else np.zeros(2, np.int64),
            {column: _zero(form) for column, form in group.columns},
        )
        for group in layout.collections
    }
    return Chunk("", 0, 1, objects)


def _zero(form: Form) -> Words:
    return words(np.zeros(1, DTYPES[form]), form)


@dataclass(slots=True)
class Watched:
    """An analysis that remembers how old the process was when its first chunk was done."""

    inner: Analysis
    first: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The analysis's."""
        return self.inner.name

    @property
    def layout(self) -> Layout:
        """The analysis's."""
        return self.inner.layout

    @property
    def steps(self) -> tuple[str, ...]:
        """The analysis's."""
        return self.inner.steps

    def tally(self) -> Tally:
        """The analysis's."""
        return self.inner.tally()

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        """The analysis's."""
        self.inner.process(chunk, tally, variation)
        if not self.first:
            self.first.append(process_age())
