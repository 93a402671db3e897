"""Chunks cover what was asked for, once, and stay small; every entry is in the baskets that are told for it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.events.cuts import common, cuts, span

EDGES = st.lists(st.integers(0, 500), max_size=20).map(lambda edges: sorted({0, *edges}))


@given(EDGES, st.integers(0, 600), st.integers(0, 600), st.integers(1, 100), st.integers(0, 100))
def test_chunks_cover_a_range_once_and_stay_small(
    edges: list[int], start: int, stop: int, target: int, more: int
) -> None:
    found = cuts(edges, start, stop, target, target + more)
    assert [entry for first, last in found for entry in range(first, last)] == list(range(start, stop))
    assert all(last - first <= target + more for first, last in found)


def test_chunks_end_where_baskets_do_where_these_are_small_enough() -> None:
    assert cuts([0, 20, 40, 60], 0, 60, 30, 100) == [(0, 20), (20, 40), (40, 60)]
    assert cuts([0, 10, 20, 30, 40], 0, 40, 25, 100) == [(0, 20), (20, 40)]
    assert cuts([0, 90, 100], 0, 100, 30, 100) == [(0, 90), (90, 100)]
    assert cuts([0, 90, 100], 50, 100, 30, 100) == [(50, 90), (90, 100)]


def test_larger_baskets_are_cut() -> None:
    assert cuts([0, 90, 100], 0, 100, 30, 80) == [(0, 30), (30, 90), (90, 100)]


def test_an_empty_range_has_no_chunk() -> None:
    assert cuts([0], 0, 0) == []
    assert cuts([0, 10], 7, 3) == []


@given(EDGES, st.data())
def test_a_span_is_the_baskets_that_hold_a_range_and_no_more(edges: list[int], data: st.DataObject) -> None:
    edges = [*edges, edges[-1] + 7]
    start = data.draw(st.integers(0, edges[-1] - 1))
    stop = data.draw(st.integers(start + 1, edges[-1]))
    first, last = span(edges, start, stop)
    holding = {number for number, (low, high) in enumerate(pairwise(edges)) if low < stop and high > start}
    assert set(range(first, last)) == holding


@given(st.lists(EDGES, max_size=5), st.integers(0, 600))
def test_common_boundaries_are_every_branchs(edges: list[list[int]], entries: int) -> None:
    found = common(edges, entries)
    assert found == sorted(set(found))
    assert {0, entries} <= set(found)
    inner = set(found) - {0, entries}
    assert all(inner <= set(each) for each in edges)
    assert all(0 < edge < entries for edge in inner)
    if edges:
        assert inner == {edge for edge in set.intersection(*map(set, edges)) if 0 < edge < entries}
