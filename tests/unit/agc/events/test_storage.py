"""Bytes by their place: ranges are merged, and a file that ends too early is told."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.events.storage import Local, ShortError, merged, storage

if TYPE_CHECKING:
    from pathlib import Path


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 60)), min_size=1), st.integers(0, 50), st.integers(60, 400)
)
def test_ranges_cover_all_places_and_waste_little(places: list[tuple[int, int]], gap: int, longest: int) -> None:
    found = merged(places, gap, longest)
    assert found == sorted(found)
    for seek, size in places:
        assert any(first <= seek and seek + size <= last for first, last in found)
    assert all(last - first <= longest for first, last in found)
    wanted = {byte for seek, size in places for byte in range(seek, seek + size)}
    for first, last in found:
        missing = [byte for byte in range(first, last) if byte not in wanted]
        assert len(missing) <= gap * len(places)
        assert {first, last - 1} <= wanted
    if longest >= 2000:
        assert all(after[0] - before[1] > gap for before, after in pairwise(found))


def test_neighbours_become_one_range() -> None:
    assert merged([(200, 50), (0, 100), (100, 80)], gap=20, longest=1000) == [(0, 250)]
    assert merged([(200, 50), (0, 100), (100, 80)], gap=19, longest=1000) == [(0, 180), (200, 250)]
    assert merged([(0, 100), (100, 80)], gap=20, longest=150) == [(0, 100), (100, 180)]


def test_a_local_file_gives_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "a").write_bytes(data)
    place = storage(f"file://{tmp_path}/a")
    assert isinstance(place, Local)
    assert bytes(place.get(1000, 9)) == data[1000:1009]
    assert bytes(place.get(5, len(data) - 5)) == data[5:]
    with pytest.raises(ShortError, match="3 bytes before"):
        place.get(len(data) - 4, 7)
    place.close()
    place.close()
