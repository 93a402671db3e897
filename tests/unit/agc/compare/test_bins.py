"""Two rows of bins: events that moved to a neighbouring bin are tolerated, and nothing else is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.compare import Difference, Kind, Tolerance, exactly
from afspec.agc.compare.bins import differences, relative
from afspec.agc.histogram import Histogram

EDGES = np.linspace(50.0, 550.0, 26)
BINS = 27
CONTENTS = st.lists(st.floats(10.0, 1e4), min_size=BINS, max_size=BINS).map(np.array)
# More than what counts as close in any of these bins, and at most what one may lose.
FEW = st.floats(0.5, 2.0)
MANY = st.floats(2.5, 1e3)


def made(contents: np.ndarray, variances: np.ndarray | None = None) -> Histogram:
    return Histogram(EDGES, np.asarray(contents, np.float64), variances)


def found(got: Histogram, expected: Histogram, tolerance: Tolerance | None = None) -> tuple[Difference, ...]:
    return differences(got, expected, tolerance or Tolerance())


def kinds(got: Histogram, expected: Histogram, tolerance: Tolerance | None = None) -> set[Kind]:
    return {each.kind for each in found(got, expected, tolerance)}


def moved(contents: np.ndarray, start: int, stop: int, amount: float) -> np.ndarray:
    after = contents.copy()
    after[start] -= amount
    after[stop] += amount
    return after


@given(CONTENTS)
def test_a_histogram_is_like_itself(contents: np.ndarray) -> None:
    one = made(contents, contents * 2.0)
    assert not found(one, one)
    assert not found(one, one, exactly(0.0))


@given(CONTENTS, st.integers(0, BINS - 2), FEW)
def test_events_in_the_next_bin_are_migration_both_ways_round(contents: np.ndarray, start: int, amount: float) -> None:
    one, other = made(contents), made(moved(contents, start, start + 1, amount))
    for got, expected in ((one, other), (other, one)):
        (difference,) = found(got, expected)
        assert difference.kind is Kind.MIGRATION
        assert (difference.first, difference.last) == (start, start + 1)


@given(CONTENTS, st.integers(0, BINS - 2), FEW)
def test_exactly_tolerates_no_migration(contents: np.ndarray, start: int, amount: float) -> None:
    other = made(moved(contents, start, start + 1, amount))
    assert kinds(other, made(contents), exactly(1e-6)) == {Kind.CONTENTS}


@given(CONTENTS, st.integers(0, BINS - 2), MANY)
def test_too_many_events_in_the_next_bin_are_none(contents: np.ndarray, start: int, amount: float) -> None:
    other = made(moved(contents, start, start + 1, amount))
    assert kinds(other, made(contents)) == kinds(made(contents), other) == {Kind.CONTENTS}


@given(CONTENTS, st.data(), FEW)
def test_events_in_a_bin_that_is_no_neighbour_are_none(
    contents: np.ndarray, data: st.DataObject, amount: float
) -> None:
    start = data.draw(st.integers(0, BINS - 3))
    stop = data.draw(st.integers(start + 2, BINS - 1))
    differences = found(made(moved(contents, start, stop, amount)), made(contents))
    assert [(each.kind, each.first, each.last) for each in differences] == [
        (Kind.CONTENTS, start, start),
        (Kind.CONTENTS, stop, stop),
    ]


@given(CONTENTS, st.integers(0, BINS - 1), st.floats(0.5, 2.0), st.sampled_from([-1.0, 1.0]))
def test_events_that_come_or_go_are_none(contents: np.ndarray, at: int, amount: float, sign: float) -> None:
    other = contents.copy()
    other[at] += sign * amount
    assert kinds(made(other), made(contents)) == {Kind.CONTENTS}


ROWS = st.lists(st.integers(0, 6).map(float), min_size=BINS, max_size=BINS).map(np.array)


@given(ROWS, ROWS)
def test_it_is_as_a_slow_reading_of_the_rule(got: np.ndarray, expected: np.ndarray) -> None:
    """In plain Python: a run of bins that are off is migration if each is off by 2 at most and nothing is lost."""
    rule, run = [], []
    for index in range(BINS + 1):
        off = index < BINS and abs(got[index] - expected[index]) > 1e-8 + 1e-5 * abs(expected[index])
        if off:
            run.append(index)
        elif run:
            near = all(abs(got[each] - expected[each]) <= 2.0 + 1e-5 * expected[each] for each in run)
            sums = math.isclose(sum(got[run]), sum(expected[run]), rel_tol=1e-5, abs_tol=1e-8)
            rule.append((Kind.MIGRATION if near and sums else Kind.CONTENTS, run[0], run[-1]))
            run = []
    assert [(each.kind, each.first, each.last) for each in found(made(got), made(expected))] == rule


@given(CONTENTS, st.integers(0, BINS - 1), st.floats(-12.0, -2.0))
def test_exactly_is_relative_in_every_bin(contents: np.ndarray, at: int, exponent: float) -> None:
    size = 10.0**exponent
    other = contents.copy()
    other[at] *= 1.0 + size
    assert not found(made(other), made(contents), exactly(size * 1.01 + 1e-15))
    if size > 1e-11:
        assert kinds(made(other), made(contents), exactly(size * 0.99)) == {Kind.CONTENTS}


def test_exactly_an_empty_bin_is_empty_in_both() -> None:
    tiny = np.zeros(BINS)
    tiny[3] = 1e-30
    assert kinds(made(tiny), made(np.zeros(BINS)), exactly(0.5)) == {Kind.CONTENTS}
    assert not found(made(tiny), made(np.zeros(BINS)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_alike(value: float) -> None:
    odd = np.full(BINS, 5.0)
    odd[4] = value
    (difference,) = found(made(odd), made(np.full(BINS, 5.0)))
    assert (difference.kind, difference.first, difference.last) == (Kind.CONTENTS, 4, 4)
    assert difference.size == math.inf
    if math.isnan(value):
        assert kinds(made(odd), made(odd)) == {Kind.CONTENTS}


def test_variances_are_compared_where_both_have_them() -> None:
    contents = np.full(BINS, 5.0)
    off = contents.copy()
    off[7] = 6.0
    (difference,) = found(made(contents, off), made(contents, contents))
    assert (difference.kind, difference.first, difference.got, difference.expected) == (
        Kind.VARIANCES,
        7,
        (6.0,),
        (5.0,),
    )
    assert not found(made(contents, off), made(contents))
    assert not found(made(contents), made(contents, off))


def test_events_that_move_take_their_variance_with_them() -> None:
    contents, other = np.full(BINS, 50.0), moved(np.full(BINS, 50.0), 7, 8, 1.5)
    squares = np.full(BINS, 75.0)
    assert kinds(made(other, moved(squares, 7, 8, 2.25)), made(contents, squares)) == {Kind.MIGRATION}
    lost = squares.copy()
    lost[7] -= 2.25
    assert kinds(made(other, lost), made(contents, squares)) == {Kind.CONTENTS}


def test_edges_that_differ_are_told_before_contents() -> None:
    shifted = EDGES.copy()
    shifted[4] += 0.5
    contents = np.full(BINS, 5.0)
    for edges, row in ((shifted, contents), (EDGES[:-1], contents[:-1])):
        assert kinds(Histogram(edges, row * 2.0, None), made(contents)) == {Kind.EDGES}


@pytest.mark.parametrize(
    ("bins", "place"),
    [
        ([0], "underflow (below 50 GeV)"),
        ([26], "overflow (above 550 GeV)"),
        ([1], "50 to 70 GeV"),
        ([5, 6], "130 to 170 GeV, 2 bins"),
        ([0, 1], "underflow to 70 GeV, 2 bins"),
        ([25, 26], "530 to overflow, 2 bins"),
    ],
)
def test_places_are_told_in_gev(bins: list[int], place: str) -> None:
    other = np.full(BINS, 5.0)
    other[bins] = 50.0
    (difference,) = found(made(other), made(np.full(BINS, 5.0)))
    assert difference.place == place
    assert difference.size == 9.0


@pytest.mark.parametrize(
    ("got", "expected", "size"),
    [(3.0, 2.0, 0.5), (1.0, -2.0, 1.5), (0.0, 0.0, 0.0), (1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf)],
)
def test_relative(got: float, expected: float, size: float) -> None:
    assert relative(got, expected) == size
