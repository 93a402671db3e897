"""What reading took."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ReadStats:
    """Figures of one file or of many; seconds are those of the threads that worked, added up.

    Attributes:
        open, read, decompress, kernel: seconds of wall time in each part.
        compressed, uncompressed: bytes of baskets.
        baskets: how many were read by afspec's own reader.
        fallbacks: branch -> why it was read by uproot; branches that were not have no entry.
    """

    open: float = 0.0
    read: float = 0.0
    decompress: float = 0.0
    kernel: float = 0.0
    compressed: int = 0
    uncompressed: int = 0
    baskets: int = 0
    fallbacks: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: ReadStats) -> ReadStats:
        return ReadStats(
            self.open + other.open,
            self.read + other.read,
            self.decompress + other.decompress,
            self.kernel + other.kernel,
            self.compressed + other.compressed,
            self.uncompressed + other.uncompressed,
            self.baskets + other.baskets,
            {**self.fallbacks, **other.fallbacks},
        )
