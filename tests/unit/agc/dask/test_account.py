"""What comes back is held against what was sent, and units that kill workers are not tried without an end."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, cast

import pytest

from afspec.agc.errors import ClusterError
from afspec.agc.run.dask.executor import _arrived, _one_by_one
from afspec.agc.run.dask.flights import Flights, Landed
from afspec.agc.run.dask.tree import Errand
from afspec.agc.run.work import Failure, Partial, Unit, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = [Unit(number, ("ttbar", "nominal"), f"{number}.root", 0, None) for number in range(9)]
ERRAND = Errand("run", b"", b"", "outfit", b"")


def _landed(asked: Sequence[int], partial: Partial) -> Landed:
    return Landed(tuple(UNITS[number] for number in asked), (True, pickle.dumps(partial)))


def test_every_unit_that_was_sent_came_back() -> None:
    partial = Partial({0: 10, 2: 10}, failures=(Failure(1, "1.root", "lost", 3),))
    assert _arrived(_landed([0, 1, 2], partial)) == partial


@pytest.mark.parametrize(
    ("asked", "done", "failed"),
    [([0, 1], [0], []), ([0], [0, 1], []), ([0, 1], [0, 2], []), ([0, 1], [0, 1], [1])],
    ids=["missing", "too-many", "another", "done-and-failed"],
)
def test_a_result_that_is_not_of_the_units_sent_is_not_counted(
    asked: list[int], done: list[int], failed: list[int]
) -> None:
    partial = Partial(dict.fromkeys(done, 10), failures=tuple(Failure(unit, "", "", 1) for unit in failed))
    with pytest.raises(ClusterError, match="came back where"):
        _arrived(_landed(asked, partial))


def test_a_worker_that_cannot_work_is_named() -> None:
    with pytest.raises(ClusterError, match=r"tcp://w7:1 has numba is missing"):
        _arrived(Landed((UNITS[0],), (False, "tcp://w7:1: numba is missing")))


class _Cluster:
    """Has workers that die of some units."""

    def __init__(self, deadly: set[int]) -> None:
        self.deadly = deadly
        self.tried: list[int] = []

    def start(self, graph: object, root: object, units: Sequence[Unit]) -> None:
        assert graph
        assert root
        self.tried.append(units[0].number)

    def next(self) -> Landed:
        number = self.tried[-1]
        if number in self.deadly:
            return Landed((UNITS[number],), None, "workers died")
        return _landed([number], Partial({number: 10}))


def test_units_alone_are_done_or_told() -> None:
    cluster = _Cluster({1, 2, 4, 6})
    total = merge(_one_by_one(cast("Flights", cluster), ERRAND, UNITS))
    assert cluster.tried == list(range(9))
    assert sorted(total.done) == [0, 3, 5, 7, 8]
    assert [failure.unit for failure in total.failures] == [1, 2, 4, 6]


def test_where_every_unit_kills_workers_it_is_not_the_units() -> None:
    cluster = _Cluster(set(range(9)))
    total = merge(_one_by_one(cast("Flights", cluster), ERRAND, UNITS))
    assert cluster.tried == [0, 1, 2]
    assert [failure.unit for failure in total.failures] == list(range(9))
    assert "not tried alone" in total.failures[-1].error
