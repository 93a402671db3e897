"""The ttbar analysis as those see it who read for it and spread its work."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.tally import Tally
from afspec.agc.ttbar import task
from afspec.agc.ttbar.cpu import compiled
from afspec.agc.ttbar.event import ROWS
from afspec.agc.ttbar.samples import NOMINAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afspec.agc.columns import Chunk, Layout

_LOCAL = threading.local()
_LEPTONS = ("Electron", "Muon")


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
        groups = columns_of(chunk)
        options = options_of(self.version, varied=self.systematics and variation == NOMINAL)
        compiled()(*groups, options, task.SMEARING, _room(chunk), tally.sums, tally.squares, tally.flow)


def options_of(version: int, *, varied: bool) -> tuple[np.float32, float, bool, bool]:
    """What kernels want to know: lepton pt, jet pt, whether that selects alone, whether systematics are wanted."""
    chosen = task.TASKS[version]
    return np.float32(chosen.lepton_pt), chosen.jet_pt, not chosen.cleaned, varied


def columns_of(chunk: Chunk) -> tuple[tuple[NDArray[Any], ...], ...]:
    """Offsets and columns of each collection, in the layout's order, as kernels take them."""
    return tuple(
        (chunk.objects[group.name].offsets, *(chunk.objects[group.name].columns[name] for name, _ in group.columns))
        for group in task.LAYOUT.collections
    )


def _room(chunk: Chunk) -> tuple[NDArray[Any], ...]:
    """Where the kernel works: arrays of the thread's own that grow as they must and are kept for its next chunk."""
    electrons, muons = (int(chunk.objects[name].offsets[-1] - chunk.objects[name].offsets[0]) for name in _LEPTONS)
    jets = int(np.diff(chunk.objects["Jet"].offsets).max(initial=1))
    return (
        _roomy("flags", (max(electrons, muons),), np.uint8),
        _roomy("electrons", (electrons + 1,), np.int32),
        _roomy("muons", (muons + 1,), np.int32),
        _roomy("chosen", (chunk.events,), np.int32),
        _roomy("scratch", (ROWS, jets), np.float64),
    )


def _roomy(name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    held: NDArray[Any] | None = getattr(_LOCAL, name, None)
    if held is None or held.shape[-1] < shape[-1]:
        # A quarter more than is wanted: chunks of a file differ by less.
        held = np.empty((*shape[:-1], max(64, shape[-1] + shape[-1] // 4)), dtype)
        setattr(_LOCAL, name, held)
    return held
