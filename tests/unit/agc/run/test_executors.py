"""Threads and none: every unit comes back once, and errors do not vanish in a thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from afspec.agc.errors import AgcError, InputError
from afspec.agc.run.executors.threads import Inline, Threads, in_process
from afspec.agc.run.plan import plan
from afspec.agc.run.work import merge

EXECUTORS = [Inline(), Threads(1), Threads(4)]


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_every_unit_comes_once(executor: Any, world: Any, numbers: Any) -> None:
    for name in "abc":
        world.add(name, 100)
    units = plan(world.listed(), 9)
    with executor as entered:
        total = merge(entered.run(numbers, units))
    assert sorted(total.done) == [unit.number for unit in units]
    assert np.array_equal(sum(tally.sums[0] for tally in total.tallies.values()), world.truth())


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_a_failure_is_one_units(executor: Any, world: Any, numbers: Any) -> None:
    for name in "abc":
        world.add(name, 100)
    world.troubles["b"] = [InputError("no branch", "b")]
    units = plan(world.listed(), 50)
    total = merge(executor.run(numbers, units))
    assert len(total.failures) == 1
    assert {*total.done, total.failures[0].unit} == set(range(6))


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_a_defect_is_raised_and_ends_the_work(executor: Any, world: Any, numbers: Any) -> None:
    for name in "abcdefgh":
        world.add(name, 100)
        world.troubles[name] = [ZeroDivisionError("a defect")]
    with pytest.raises(ZeroDivisionError, match="a defect"):
        list(executor.run(numbers, plan(world.listed(), 1000)))
    assert sum(world.opened.values()) <= 4


def test_what_is_abandoned_ends(world: Any, numbers: Any) -> None:
    world.add("a", 1000)
    running = Threads(2).run(numbers, plan(world.listed(), 1))
    next(running)
    running.close()  # type: ignore[attr-defined]
    opened = world.opened["a"]
    assert opened < 1000


def test_no_units(numbers: Any) -> None:
    assert list(Threads(3).run(numbers, ())) == []


def test_which_executor() -> None:
    assert isinstance(in_process(1), Inline)
    assert in_process(3, tries=2) == Threads(3, 2)
    assert in_process(3).describe()["workers"] == 3
    with pytest.raises(AgcError, match="--threads 1"):
        in_process(0)
