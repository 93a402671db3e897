"""One unit: it is done, or tried again, or told as a failure; and never half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError, InputError
from afspec.agc.events.stats import ReadStats
from afspec.agc.run.work import Failure, Partial, Unit, merge, process_unit
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = ("ttbar", "nominal")
BROKEN = InputError("the connection broke", "a", transient=True)


def test_a_part_of_a_file(world: Any, numbers: Any) -> None:
    world.add("a", 20)
    done = process_unit(numbers, Unit(3, SAMPLE, "a", 5, 12))
    assert done.done == {3: 7}
    assert done.tallies[SAMPLE].sums[0].sum() == 7
    assert done.failures == ()
    assert done.stats.read == 0.5
    assert process_unit(numbers, Unit(3, SAMPLE, "a", 5, None)).done == {3: 15}


def test_ends_move_to_where_a_split_costs_nothing(world: Any, numbers: Any) -> None:
    world.add("a", 20, (8,))
    parts = [process_unit(numbers, Unit(n, SAMPLE, "a", n * 10, n * 10 + 10, 20, 2)) for n in range(2)]
    assert merge(parts).done == {0: 8, 1: 12}
    assert np.array_equal(merge(parts).tallies[SAMPLE].sums[0], world.truth())


@pytest.mark.parametrize("entries", [19, 21])
def test_another_number_of_entries_is_a_failure(entries: int, world: Any, numbers: Any) -> None:
    world.add("a", entries)
    (failure,) = process_unit(numbers, Unit(0, SAMPLE, "a", 0, 10, 20)).failures
    assert f"a: it has {entries} entries, the file list says 20" in failure.error


def test_a_file_without_events(world: Any, numbers: Any) -> None:
    world.add("a", 0)
    assert process_unit(numbers, Unit(0, SAMPLE, "a", 0, 0, 0)).done == {0: 0}
    (failure,) = process_unit(numbers, Unit(0, SAMPLE, "a", 0, 10)).failures
    assert "entries up to 10 are wanted, it has 0" in failure.error


def test_what_may_pass_is_tried_again(world: Any, numbers: Any) -> None:
    world.add("a", 20)
    world.troubles["a"] = [BROKEN, BROKEN]
    assert process_unit(numbers, Unit(0, SAMPLE, "a", 0, 20), tries=3).done == {0: 20}
    assert world.opened["a"] == 3


@pytest.mark.parametrize(
    ("error", "tries"),
    [(BROKEN, 3), (InputError("no branch", "a"), 1), (AgcError("no device"), 1)],
    ids=["transient", "lasting", "other"],
)
def test_what_does_not_pass_is_told(error: AgcError, tries: int, world: Any, numbers: Any) -> None:
    world.add("a", 20)
    world.troubles["a"] = [error] * 5
    done = process_unit(numbers, Unit(7, SAMPLE, "a", 0, 20), tries=3)
    assert done == Partial(failures=(Failure(7, "a", str(error), tries),))
    assert world.opened["a"] == tries


def test_a_reader_that_loses_events_is_found_out(world: Any, numbers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("a", 20)
    with world.open("a", numbers.layout) as opened:
        whole: Callable[..., Any] = type(opened).chunks
    monkeypatch.setattr(type(opened), "chunks", lambda self, start, stop: list(whole(self, start, stop))[1:])
    (failure,) = process_unit(numbers, Unit(0, SAMPLE, "a", 0, 20)).failures
    assert "entries 0 to 20 gave 13 events" in failure.error


def partial(number: int, events: int, process: str) -> Partial:
    flow = np.array([events])
    tally = Tally(np.full((1, 2), float(events)), np.full((1, 2), float(events)), flow)
    return Partial({number: events}, {(process, "nominal"): tally}, stats=ReadStats(read=float(events)))


@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["a", "b"])), max_size=8), st.randoms())
def test_merging_knows_no_order(rows: list[tuple[int, str]], random: Any) -> None:
    parts = [partial(number, events, process) for number, (events, process) in enumerate(rows)]
    mixed = random.sample(parts, len(parts))
    cut = random.randint(0, len(parts))
    one, two = merge(parts), merge([merge(mixed[:cut]), merge(mixed[cut:])])
    assert one.done == two.done
    assert one.stats == two.stats
    assert {sample: tally.events for sample, tally in one.tallies.items()} == {
        sample: tally.events for sample, tally in two.tallies.items()
    }
    assert sum(tally.events for tally in one.tallies.values()) == sum(events for events, _ in rows)


def test_nothing_is_merged_twice() -> None:
    with pytest.raises(AssertionError, match="counted twice"):
        merge([partial(1, 5, "a"), partial(1, 5, "a")])
