"""The four-lepton analysis as those see it who read for it and spread its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.agc.hzz import task
from afspec.agc.hzz.cpu import compiled
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from afspec.agc.columns import Chunk, Layout


@dataclass(frozen=True, slots=True)
class Hzz:
    """The ATLAS open data analysis of H -> ZZ* -> four leptons.

    Attributes:
        systematics: whether variations are filled besides the nominal histograms.
    """

    systematics: bool = True

    @property
    def name(self) -> str:
        """A word that tells it from others, options included."""
        return f"hzz{'' if self.systematics else '-nominal'}"

    @property
    def layout(self) -> Layout:
        """What it reads."""
        return task.LAYOUT

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps of the selection."""
        return task.STEPS

    def tally(self) -> Tally:
        """Nothing yet: a row for each variation, and one that counts events."""
        return Tally.empty(task.ROWS, task.FLOW_BINS, len(task.STEPS))

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:  # noqa: ARG002 - samples have none here
        """Add a chunk to a tally."""
        leptons, weights = (
            (chunk.objects[group.name].offsets, *(chunk.objects[group.name].columns[name] for name, _ in group.columns))
            for group in task.LAYOUT.collections
        )
        compiled()(leptons, weights, self.systematics, tally.sums, tally.squares, tally.flow)
