"""How fast one core reads memory: what any pass over uncompressed numbers is bound by."""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import numpy as np

# Far more than any cache holds.
_BYTES: Final = 256 << 20


def bandwidth(repeats: int = 5, size: int = _BYTES) -> float:
    """Bytes a second of one thread's CPU that adds up an array: the median of some passes."""
    numbers = np.ones(size // 8, np.int64)
    rates = []
    for _ in range(repeats):
        begun = time.thread_time()
        numbers.sum()
        rates.append(numbers.nbytes / max(time.thread_time() - begun, 1e-9))
    return median(rates)
