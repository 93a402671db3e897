"""The plan: every instance has its row, what others rest on comes first, a profile brings what its own rest on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import facility
from unit.conformance.toy import LEAF, ROOT, TOP, catalogue, requirement

from afspec.conformance.plan import Instance, cost, make_plan
from afspec.conformance.subjects import Subject
from afspec.verdict import Promise

POOLS = facility(
    "batch:\n"
    "  - {name: a, scheduler: slurm, stance: promised, partitions: [{name: x, stance: promised},"
    " {name: y, stance: planned}]}\n"
    "  - {name: b, scheduler: slurm, stance: promised, partitions: [{name: x, stance: promised}]}\n"
)
KEYS = st.dictionaries(st.sampled_from(["pool", "slots", "image"]), st.sampled_from(["a", "b"]), max_size=3)
NAMES = [f"AF-TOY-{number:03}" for number in range(1, 8)]


def instance(keys: dict[str, str]) -> Instance:
    (only,) = catalogue(requirement()).requirements
    return Instance(only, Subject("", "", Promise.PROMISED, keys=keys))


@given(mine=KEYS, theirs=KEYS)
def test_instances_are_about_the_same_where_the_kinds_that_both_name_agree(
    mine: dict[str, str], theirs: dict[str, str]
) -> None:
    both = set(mine) & set(theirs)
    assert instance(mine).rests_on(instance(theirs)) is all(mine[kind] == theirs[kind] for kind in both)


def test_a_partition_rests_on_its_own_pool_alone() -> None:
    plan = make_plan(POOLS, catalogue(requirement(each="pools"), requirement(LEAF, ROOT, each="slots")))
    below = {item: [other.id for other in plan.below(plan.by_id[f"{LEAF}[{item}]"])] for item in ("a/x", "b/x")}
    assert below == {"a/x": [f"{ROOT}[a]"], "b/x": [f"{ROOT}[b]"]}


def test_what_is_not_offered_is_in_the_plan_and_not_asked() -> None:
    plan = make_plan(POOLS, catalogue(requirement(each="slots")))
    assert {item.subject.item: item.asked for item in plan.instances} == {"a/x": True, "a/y": False, "b/x": True}


def test_what_is_not_asked_stands_in_nobodys_way() -> None:
    plan = make_plan(facility(), catalogue(requirement(each="pools"), requirement(LEAF, ROOT)))
    assert plan.below(plan.by_id[f"{LEAF}[]"]) == []


def test_silence_has_one_row() -> None:
    (row,) = make_plan(facility(), catalogue(requirement(each="pools"))).instances
    assert (row.id, row.subject.promise, row.asked) == (f"{ROOT}[]", Promise.UNDECLARED, False)


def test_a_selector_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="moons"):
        make_plan(facility(), catalogue(requirement(each="moons")))


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Requirements in any order, each resting on some that come before it in another."""
    found = []
    for number, name in enumerate(NAMES):
        below = draw(st.lists(st.sampled_from(NAMES[:number]), unique=True, max_size=3)) if number else []
        each = draw(st.sampled_from(["site", "pools", "slots"]))
        found.append(requirement(name, *below, each=each))
    return draw(st.permutations(found))


@given(graphs())
def test_the_order_is_topological_and_loses_nothing(requirements: list[dict[str, Any]]) -> None:
    plan = make_plan(POOLS, catalogue(*requirements))
    place = {each.id: number for number, each in enumerate(plan.ordered)}
    assert sorted(place) == sorted(plan.by_id)
    for each in plan.instances:
        for other in plan.below(each):
            assert place[other.id] < place[each.id]


@given(graphs(), st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_a_profile_is_closed_under_what_its_own_rest_on(requirements: list[dict[str, Any]], chosen: list[str]) -> None:
    whole = catalogue(*requirements, profiles={"mine": chosen})
    found = {each.requirement.id for each in make_plan(POOLS, whole, "mine").instances}
    assert set(chosen) <= found
    below = {name: set(whole.requirement(name).depends_on) for name in NAMES}
    for name in found:
        assert below[name] <= found
    # And nothing else comes with it.
    for name in found - set(chosen):
        assert any(name in below[other] for other in found)


def test_a_profile_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        make_plan(facility(), catalogue(requirement()), "mine")


def test_the_cost_is_the_sum_of_what_each_instance_may_use() -> None:
    plan = make_plan(
        POOLS,
        catalogue(
            requirement(each="pools", budget={"wall": "10 s", "jobs": 2, "cpu": "5 s", "bytes": "1 kB"}),
            requirement(TOP, budget={"wall": "1 s", "gpu": "3 s"}),
        ),
    )
    assert cost(plan.instances) == {"wall": 21, "jobs": 4, "cpu": 10, "gpu": 3, "bytes": 2000}
