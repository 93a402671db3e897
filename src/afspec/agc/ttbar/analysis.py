"""The ttbar analysis as those see it who read for it and spread its work."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.tally import Tally
from afspec.agc.ttbar import task
from afspec.agc.ttbar.cpu import tally_events
from afspec.agc.ttbar.event import ROWS
from afspec.agc.ttbar.samples import NOMINAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afspec.agc.columns import Chunk, Layout

_LOCAL = threading.local()


@dataclass(frozen=True, slots=True)
class Ttbar:
    """The CMS open data ttbar analysis.

    Attributes:
        version: of the task, 1 or 2.
        systematics: whether variations are filled besides the nominal histograms.
    """

    version: int = 2
    systematics: bool = True

    @property
    def name(self) -> str:
        """A word that tells it from others, options included."""
        return f"ttbar-v{self.version}{'' if self.systematics else '-nominal'}"

    @property
    def layout(self) -> Layout:
        """What it reads."""
        return task.LAYOUT

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps of the selection."""
        return task.STEPS

    def tally(self) -> Tally:
        """Nothing yet: a row for each region and variation, region by region."""
        return Tally.empty(len(task.REGIONS) * len(task.VARIATIONS), task.FLOW_BINS, len(task.STEPS))

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        """Add a chunk of a sample of that variation to a tally."""
        chosen = task.TASKS[self.version]
        options = (chosen.lepton_pt, chosen.jet_pt, chosen.cleaned, self.systematics and variation == NOMINAL)
        groups = columns_of(chunk)
        scratch = _scratch(groups[2][0])
        tally_events(*groups, options, task.SMEARING, scratch, tally.sums, tally.squares, tally.flow)


def columns_of(chunk: Chunk) -> tuple[tuple[NDArray[Any], ...], ...]:
    """Offsets and columns of each collection, in the layout's order, as kernels take them."""
    return tuple(
        (chunk.objects[group.name].offsets, *(chunk.objects[group.name].columns[name] for name, _ in group.columns))
        for group in task.LAYOUT.collections
    )


def _scratch(offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Room for the jets of the largest event, kept for the thread's next chunk."""
    most = int(np.diff(offsets).max(initial=1))
    room: NDArray[np.float64] | None = getattr(_LOCAL, "scratch", None)
    if room is None or room.shape[1] < most:
        room = np.empty((ROWS, max(64, most)))
        _LOCAL.scratch = room
    return room
