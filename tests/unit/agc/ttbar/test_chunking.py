"""The same events give the same histograms, in however many pieces, on however many threads, however they lie."""

from __future__ import annotations

import functools
import itertools
import operator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.ttbar.made import Made, at_random

from afspec.agc.columns import Chunk, Objects
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.cpu import compiled

if TYPE_CHECKING:
    import random

    from afspec.agc.tally import Tally

_EVENTS = 3_000
_MADE = at_random(11, _EVENTS)


def of_chunk(chunk: Chunk, version: int = 2) -> Tally:
    analysis = Ttbar(version)
    tally = analysis.tally()
    analysis.process(chunk, tally, "nominal")
    return tally


def same(one: Tally, other: Tally) -> None:
    assert one.flow.tolist() == other.flow.tolist()
    np.testing.assert_allclose(one.sums, other.sums, rtol=1e-12, atol=0)
    np.testing.assert_allclose(one.squares, other.squares, rtol=1e-12, atol=0)


@settings(max_examples=40)
@given(
    version=st.sampled_from([1, 2]),
    cuts=st.lists(st.integers(0, _EVENTS), max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_any_split_merged_in_any_order(version: int, cuts: list[int], order: random.Random) -> None:
    edges = [0, *sorted(cuts), _EVENTS]
    parts = [of_chunk(_MADE.chunk(a, b), version) for a, b in itertools.pairwise(edges)]
    order.shuffle(parts)
    same(functools.reduce(operator.add, parts), of_chunk(_MADE.chunk(), version))


def test_one_tally_takes_chunk_after_chunk() -> None:
    analysis = Ttbar()
    tally = analysis.tally()
    for start in range(0, _EVENTS, 7):
        analysis.process(_MADE.chunk(start, min(start + 7, _EVENTS)), tally, "nominal")
    same(tally, of_chunk(_MADE.chunk()))


def test_threads_do_not_get_in_each_other_s_way() -> None:
    """Long chunks, so that kernels run at the same time wherever there are two cores."""
    one, other = at_random(14, 20_000).chunk(), at_random(15, 20_000).chunk()
    alone = {id(chunk): of_chunk(chunk, 1) for chunk in (one, other)}
    with ThreadPoolExecutor(4) as pool:
        for chunk, tally in zip((one, other) * 20, pool.map(of_chunk, (one, other) * 20, (1,) * 40), strict=True):
            same(tally, alone[id(chunk)])


def test_a_larger_chunk_after_a_smaller_one_finds_room() -> None:
    large = at_random(12, 30_000, jets=12.0)
    first = of_chunk(large.chunk(0, 10))
    same(first + of_chunk(large.chunk(10)), of_chunk(large.chunk()))


def _shifted(chunk: Chunk, *, writeable: bool, misaligned: bool) -> Chunk:
    """The same numbers elsewhere in memory."""
    objects = {}
    for name, group in chunk.objects.items():
        columns = {}
        for key, values in group.columns.items():
            room = np.zeros(values.nbytes + 1, np.uint8)
            raw = room[1:] if misaligned else room[:-1]
            raw[:] = values.view(np.uint8)
            columns[key] = raw.view(values.dtype)
            columns[key].flags.writeable = writeable
        objects[name] = Objects(group.offsets, columns)
    return replace(chunk, objects=objects)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("misaligned", [True, False])
def test_columns_may_lie_anywhere_and_nothing_is_compiled_twice(*, writeable: bool, misaligned: bool) -> None:
    chunk = _MADE.chunk()
    same(of_chunk(_shifted(chunk, writeable=writeable, misaligned=misaligned)), of_chunk(chunk))
    assert len(compiled().signatures) == 1


def test_columns_of_another_kind_are_refused() -> None:
    chunk = _MADE.chunk()
    jets = chunk.objects["Jet"]
    wrong = Objects(jets.offsets, {**jets.columns, "pt": jets.columns["pt"].view(np.float32)})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="No matching definition"):
        of_chunk(replace(chunk, objects={**chunk.objects, "Jet": wrong}))


def test_events_of_two_sources_add_up() -> None:
    other = at_random(13, 500, odd=0.05)
    both: Made = _MADE + other
    same(of_chunk(_MADE.chunk()) + of_chunk(other.chunk()), of_chunk(both.chunk()))
