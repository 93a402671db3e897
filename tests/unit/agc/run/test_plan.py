"""Units cover every entry once, wherever their ends are moved to."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import Addresses
from afspec.agc.run.filelist import File, FileList
from afspec.agc.run.plan import fitting, keys, plan
from afspec.agc.run.work import snapped

if TYPE_CHECKING:
    from afspec.agc.analysis import Analysis

SAMPLE = ("ttbar", "nominal")
SIZES = st.lists(st.integers(0, 500), min_size=1, max_size=4)


def listed(sizes: list[int]) -> FileList:
    return FileList({SAMPLE: tuple(File(f"{number}.root", size) for number, size in enumerate(sizes))})


@given(SIZES, st.integers(1, 600))
def test_every_entry_is_in_one_unit(sizes: list[int], chunk: int) -> None:
    units = plan(listed(sizes), chunk)
    assert [unit.number for unit in units] == list(range(len(units)))
    for number, size in enumerate(sizes):
        own = [unit for unit in units if unit.file == f"{number}.root"]
        assert (own[0].start, own[-1].stop) == (0, size)
        assert all(one.stop == two.start for one, two in pairwise(own))
        lengths = [(unit.stop or 0) - unit.start for unit in own]
        assert max(lengths) <= chunk
        assert max(lengths) - min(lengths) <= 1
        assert {unit.expected for unit in own} == {size}


@given(st.integers(1, 500), st.integers(1, 600), st.sets(st.integers(0, 500)))
def test_every_entry_stays_in_one_unit_when_ends_move(size: int, chunk: int, inner: set[int]) -> None:
    boundaries = sorted({0, size, *(entry for entry in inner if entry < size)})
    moved = [
        (snapped(unit.start, boundaries, unit.slack), snapped(unit.stop or 0, boundaries, unit.slack))
        for unit in plan(listed([size]), chunk)
    ]
    assert moved[0][0] == 0
    assert moved[-1][1] == size
    assert all(0 <= stop - start <= 2 * chunk for start, stop in moved)
    assert all(one[1] == two[0] for one, two in pairwise(moved))


@given(st.integers(0, 200), st.integers(0, 200), st.lists(st.integers(0, 200)), st.integers(0, 200))
def test_order_is_kept(one: int, two: int, boundaries: list[int], slack: int) -> None:
    low, high = sorted((one, two))
    assert snapped(low, sorted(boundaries), slack) <= snapped(high, sorted(boundaries), slack)


@pytest.mark.parametrize(
    ("entry", "slack", "moved"), [(9, 0, 9), (9, 1, 10), (12, 2, 10), (12, 1, 12), (15, 5, 10), (0, 9, 0), (21, 9, 20)]
)
def test_the_nearest_boundary_within_the_slack(entry: int, slack: int, moved: int) -> None:
    assert snapped(entry, [0, 10, 20], slack) == moved


def test_without_boundaries_nothing_moves() -> None:
    assert snapped(5, [], 9) == 5


@pytest.mark.parametrize(("events", "size"), [(0, 50_000), (1_000_000, 50_000), (10**7, 156_250), (10**9, 500_000)])
def test_what_fits_a_list(events: int, size: int) -> None:
    assert fitting(listed([events // 2, events - events // 2])) == size


def test_chunks_of_nothing() -> None:
    with pytest.raises(AgcError, match="--chunk-events 1"):
        plan(listed([1]), 0)


def test_what_tells_a_unit_from_other_work(numbers: Any) -> None:
    analysis: Analysis = numbers
    files = listed([10, 20])
    known = keys(analysis, files, plan(files, 5))
    assert len(set(known)) == 6
    assert known == keys(analysis, files, plan(files, 5))
    # Work on one file stays good when the other is another, or when it is found elsewhere.
    other = listed([10, 21])
    assert set(known) & set(keys(analysis, other, plan(other, 5))) == set(known[:2])
    moved = files.rewritten(Addresses((("0", "root://door//0"),)))
    assert keys(analysis, moved, plan(moved, 5)) == known
    assert not set(known) & set(keys(analysis, files, plan(files, 3)))
    assert not set(known) & set(keys(replace(numbers, name="ttbar-other"), files, plan(files, 5)))
    units = plan(files, 5)
    for others in ([replace(unit, expected=99) for unit in units], [replace(unit, slack=1) for unit in units]):
        assert not set(known) & set(keys(analysis, files, others))
    renamed = FileList({("ttbar", "ME_var"): files.samples[SAMPLE]})
    assert not set(known) & set(keys(analysis, renamed, plan(renamed, 5)))
