"""What an analysis is to those who read for it, spread its work and measure it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from afspec.agc.columns import Chunk, Layout
    from afspec.agc.tally import Tally


class Analysis(Protocol):
    """One analysis, with its options settled. It is sent to workers: small, and the same after pickling."""

    @property
    def name(self) -> str:
        """A word that tells it from others, options included: partial results of two names never mix."""

    @property
    def layout(self) -> Layout:
        """What it reads."""

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps of the selection, in the order of Tally.flow."""

    def tally(self) -> Tally:
        """Nothing, in the analysis's shapes."""

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        """Add a chunk of a sample of that variation ("nominal", "ME_var", ...) to a tally, without the GIL."""
