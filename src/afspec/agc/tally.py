"""What a kernel adds up, chunk by chunk: sums of weights and of their squares, and how many events pass each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tally:
    """Unnormalised histograms of one sample, or of a part of it.

    Weights are 1 but for their variations, so that most sums are whole numbers, exact in any order.

    Attributes:
        sums: float64[histograms, bins], sums of weights, under- and overflow first and last.
        squares: float64[histograms, bins], sums of squared weights.
        flow: int64[steps], events that pass the first, the first two, ... steps of the selection; flow[0] is all.
    """

    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    flow: NDArray[np.int64]

    @classmethod
    def empty(cls, histograms: int, bins: int, steps: int) -> Tally:
        """Nothing yet."""
        return cls(np.zeros((histograms, bins)), np.zeros((histograms, bins)), np.zeros(steps, np.int64))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.sums + other.sums, self.squares + other.squares, self.flow + other.flow)

    @property
    def events(self) -> int:
        """Events that were looked at."""
        return int(self.flow[0])
