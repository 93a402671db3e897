"""The graph of some units: Dask's own synchronous scheduler computes it here."""

from __future__ import annotations

import pickle
import pickletools
from dataclasses import replace

import pytest
from dask.local import get_sync
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.run.dask.tree import Errand, Graph, Key, tree
from afspec.agc.run.work import Unit


def _do(_: str, analysis: bytes, unit: bytes, tries: int) -> list[tuple[int, bytes, int]]:
    return [(pickle.loads(unit).number, analysis, tries)]  # noqa: S301 - made above


def _add(_: str, *parts: list[tuple[int, bytes, int]]) -> list[tuple[int, bytes, int]]:
    assert len(parts) > 1
    return [each for part in parts for each in part]


ERRAND = Errand("run", pickle.dumps(_do), pickle.dumps(_add), "outfit", b"analysis", 5)
FEW = st.integers(1, 90)
FANS = st.integers(2, 9)


def _units(count: int, first: int = 0) -> list[Unit]:
    return [Unit(number, ("ttbar", "nominal"), "file", number, None) for number in range(first, first + count)]


def _leaves(graph: Graph) -> list[Key]:
    return [key for key in graph if key[0].startswith("afspec-unit-")]


@given(FEW, FANS)
def test_every_unit_is_in_it_once_and_in_order(count: int, fan_in: int) -> None:
    graph, root = tree(ERRAND, _units(count), fan_in)
    assert get_sync(graph, root) == [(number, b"analysis", 5) for number in range(count)]
    assert len(_leaves(graph)) == count


@given(FEW, FANS)
def test_no_task_adds_up_more_than_it_may(count: int, fan_in: int) -> None:
    graph, _ = tree(ERRAND, _units(count), fan_in)
    for key, task in graph.items():
        if key not in _leaves(graph):
            assert 2 <= sum(isinstance(part, tuple) and part in graph for part in task[3:]) <= fan_in


def test_runs_batches_and_attempts_have_keys_of_their_own() -> None:
    graphs = [
        tree(ERRAND, _units(20), 4)[0],
        tree(ERRAND, _units(20), 4, attempt=1)[0],
        tree(ERRAND, _units(20, first=20), 4)[0],
        tree(replace(ERRAND, run="other"), _units(20), 4)[0],
    ]
    assert len({key for graph in graphs for key in graph}) == sum(map(len, graphs))


def test_a_scheduler_needs_nothing_but_python_to_read_it() -> None:
    """What the graph names by import is Python's own; the rest are bytes."""
    graph, _ = tree(ERRAND, _units(9), 3)
    strings: list[str] = []
    modules: set[str] = set()
    for code, argument, _ in pickletools.genops(pickle.dumps(graph)):
        if code.name == "STACK_GLOBAL":
            modules.add(strings[-2])
        if isinstance(argument, str):
            strings.append(argument)
    assert modules == {"_operator", "_pickle"}


@pytest.mark.parametrize(("count", "fan_in"), [(0, 8), (3, 1)])
def test_what_is_no_tree_is_refused(count: int, fan_in: int) -> None:
    with pytest.raises(ValueError, match="a tree has"):
        tree(ERRAND, _units(count), fan_in)
