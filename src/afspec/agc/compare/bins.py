"""Two rows of bins: where they are close, and whether what is not could be events that moved to a neighbouring bin.

The tolerance is that of upstream's validation (iris-hep/analysis-grand-challenge c37bf595,
analyses/cms-open-data-ttbar/validate_histograms.py): bins that are not close form groups of neighbours; a group passes
as migration where no bin is off by more than a few events' weight and the group's sum is the reference's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from afspec.agc.histogram import Histogram


class Kind(StrEnum):
    """What a difference is."""

    MIGRATION = "migration"
    CONTENTS = "contents"
    VARIANCES = "variances"
    EDGES = "edges"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be from the reference's: atol + rtol * |reference|.

    Attributes:
        rtol, atol: of a bin, and of a group's sum; upstream's are NumPy's.
        migration: by how many weighted events a bin of a group may be off besides; None where none may move.
    """

    rtol: float = 1e-5
    atol: float = 1e-8
    migration: float | None = 2.0

    def close(self, got: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which are; NaN never is, infinity only to itself."""
        # Differences of infinities and of NaN are no news: they are not close.
        with np.errstate(invalid="ignore", over="ignore"):
            return np.isclose(got, expected, rtol=self.rtol, atol=self.atol)

    def moved(self, got: NDArray[np.float64], expected: NDArray[np.float64]) -> bool:
        """Whether a group of bins has only exchanged events: no bin is far off, and the sum is the same."""
        if self.migration is None:
            return False
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.allclose(got, expected, rtol=self.rtol, atol=self.migration)
        return near and self.same_sum(got, expected)

    def same_sum(self, got: NDArray[np.float64], expected: NDArray[np.float64]) -> bool:
        """Whether groups add up to the same."""
        return bool(self.close(np.atleast_1d(got.sum()), np.atleast_1d(expected.sum())).all())


def exactly(rtol: float) -> Tolerance:
    """No migration, and nothing absolute: an empty bin is empty in both."""
    return Tolerance(rtol, 0.0, None)


@dataclass(frozen=True, slots=True)
class Difference:
    """Neighbouring bins that are not as the reference's.

    Attributes:
        first, last: the bins; 0 is underflow, the last of all overflow.
        low, high: GeV; infinite where flow is among them.
        got, expected: of each of these bins (of edges: all that there are).
    """

    kind: Kind
    first: int
    last: int
    low: float
    high: float
    got: tuple[float, ...]
    expected: tuple[float, ...]

    @property
    def place(self) -> str:
        """Where, in words."""
        low = "underflow" if math.isinf(self.low) else f"{self.low:g}"
        high = "overflow" if math.isinf(self.high) else f"{self.high:g} GeV"
        if self.first == self.last and math.isinf(self.low):
            return f"underflow (below {self.high:g} GeV)"
        if self.first == self.last and math.isinf(self.high):
            return f"overflow (above {self.low:g} GeV)"
        bins = f", {len(self.got)} bins" if len(self.got) > 1 else ""
        return f"{low} to {high}{bins}"

    @property
    def worst(self) -> int:
        """Which of the bins is farthest off, relative to the reference."""
        each = [relative(one, other) for one, other in zip(self.got, self.expected, strict=False)]
        return max(range(len(each)), key=lambda index: abs(each[index])) if each else 0

    @property
    def size(self) -> float:
        """How far that one is: infinite where the reference has nothing, or a number is none."""
        if not self.got or not self.expected:
            return math.inf
        return abs(relative(self.got[self.worst], self.expected[self.worst]))


# What counts as off at all, for the relative difference to an empty bin.
_NOTHING: Final = 0.0


def relative(got: float, expected: float) -> float:
    """(got - expected) / |expected|; infinite for what is not a number, or where nothing is expected."""
    if got == expected:
        return _NOTHING
    if not (math.isfinite(got) and math.isfinite(expected)) or expected == _NOTHING:
        return math.copysign(math.inf, got - expected) if not math.isnan(got - expected) else math.inf
    return (got - expected) / abs(expected)


def differences(
    got: Histogram, expected: Histogram, tolerance: Tolerance, *, contents: bool = True
) -> tuple[Difference, ...]:
    """All that is not alike, migration included; without `contents` only edges are looked at."""
    if got.edges.shape != expected.edges.shape or not tolerance.close(got.edges, expected.edges).all():
        edges = tuple(got.edges.tolist()), tuple(expected.edges.tolist())
        return (Difference(Kind.EDGES, 0, len(edges[1]), -math.inf, math.inf, *edges),)
    return tuple(_contents(got, expected, tolerance)) if contents else ()


def _contents(got: Histogram, expected: Histogram, tolerance: Tolerance) -> Iterator[Difference]:
    close = tolerance.close(got.contents, expected.contents)
    both = None
    if got.variances is not None and expected.variances is not None:
        both = (got.variances, expected.variances)
    settled = np.zeros(len(close), np.bool_)
    for first, last in _groups(~close):
        part = slice(first, last + 1)
        moved = tolerance.moved(got.contents[part], expected.contents[part])
        # Events that move take their squared weights with them.
        moved = moved and (both is None or tolerance.same_sum(both[0][part], both[1][part]))
        settled[part] = True
        kind = Kind.MIGRATION if moved else Kind.CONTENTS
        yield _difference(kind, first, last, got.edges, (got.contents, expected.contents))
    if both is not None:
        # Where contents differ, that is the difference.
        for first, last in _groups(~tolerance.close(*both) & ~settled):
            yield _difference(Kind.VARIANCES, first, last, got.edges, both)


def _groups(off: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last of each row of neighbours that are true."""
    where = np.flatnonzero(off)
    if where.size:
        for group in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1):
            yield int(group[0]), int(group[-1])


def _difference(
    kind: Kind,
    first: int,
    last: int,
    edges: NDArray[np.float64],
    rows: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Difference:
    low = -math.inf if first == 0 else float(edges[first - 1])
    high = math.inf if last == len(edges) else float(edges[last])
    got, expected = (tuple(row[first : last + 1].tolist()) for row in rows)
    return Difference(kind, first, last, low, high, got, expected)
