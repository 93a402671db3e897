"""Loops over counters, compiled."""

from __future__ import annotations

import numpy as np

from afspec.agc.kept import kept


@kept
def accumulate(counts, offsets):
    """Where each event's objects begin: sums of big-endian counts.

    Arguments:
        counts: uint32[events], words as files hold them.
        offsets: int64[events + 1], filled; the first becomes 0.

    Returns:
        The first event whose count is negative, -1 where all are fine.
    """
    total = np.int64(0)
    offsets[0] = 0
    for event in range(len(counts)):
        raw = counts[event]
        swapped = np.uint32(
            (raw >> np.uint32(24))
            | ((raw >> np.uint32(8)) & np.uint32(0xFF00))
            | ((raw << np.uint32(8)) & np.uint32(0xFF0000))
            | (raw << np.uint32(24))
        )
        if swapped > np.uint32(0x7FFFFFFF):
            return event
        total += np.int64(swapped)
        offsets[event + 1] = total
    return -1
