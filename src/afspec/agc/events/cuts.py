"""How a range of entries is cut into chunks, and which baskets each chunk needs: arithmetic on entry numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Events of a chunk: enough that work for each basket is small against decompression, few enough that columns of a chunk
# stay in a core's cache (26 words an event are 3 MB).
TARGET: Final = 32_768
# Baskets that hold more events than these are cut into pieces.
MOST: Final = 8 * TARGET


def common(edges: Iterable[Sequence[int]], entries: int) -> list[int]:
    """Entry numbers where every branch begins a basket, and 0 and `entries`."""
    shared: set[int] | None = None
    for each in edges:
        shared = set(each) if shared is None else shared & set(each)
    return sorted({edge for edge in shared or () if 0 < edge < entries} | {0, entries})


def cuts(
    boundaries: Sequence[int], start: int, stop: int, target: int = TARGET, most: int = MOST
) -> list[tuple[int, int]]:
    """Chunks of the entries start to stop, in order, cut at boundaries wherever that keeps them below `most`."""
    found = []
    while start < stop:
        # The last boundary within the target, else the first beyond it.
        place = bisect_right(boundaries, start + target)
        if place and boundaries[place - 1] > start:
            end = boundaries[place - 1]
        elif place < len(boundaries) and boundaries[place] <= start + most:
            end = boundaries[place]
        else:
            end = start + target
        end = min(end, stop)
        found.append((start, end))
        start = end
    return found


def span(edges: Sequence[int], start: int, stop: int) -> tuple[int, int]:
    """The baskets, first and after the last, that hold the entries start to stop; there is one entry at least."""
    return bisect_right(edges, start) - 1, bisect_left(edges, stop)
