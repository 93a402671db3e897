"""What is promised of a thing: the weakest word on the way to it, and silence is never a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import facility

from afspec.conformance.subjects import SELECTORS, promise_at, selector
from afspec.facility.common import STRENGTH, Stance
from afspec.verdict import Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.subjects import Subject
    from afspec.facility import Facility

STANCES = st.none() | st.sampled_from(Stance)
SLOT = "/batch/slurm/partitions/roma"


def stance(value: Stance | None) -> str:
    return f", stance: {value.value}" if value else ""


@given(pool=STANCES, slot=STANCES)
def test_the_weakest_word_on_the_way_counts_and_silence_of_the_thing_itself_is_silence(
    pool: Stance | None, slot: Stance | None
) -> None:
    toy = facility(
        f"batch:\n  - {{name: slurm, scheduler: slurm{stance(pool)}, partitions: [{{name: roma{stance(slot)}}}]}}\n"
    )
    found = promise_at(toy, SLOT)
    if slot is None or pool is None:
        assert found is Promise.UNDECLARED
    else:
        assert found is Promise(max(pool, slot, key=STRENGTH.index).value)
    assert promise_at(toy, "/batch/slurm") is (Promise(pool.value) if pool else Promise.UNDECLARED)


@given(word=STANCES)
def test_a_part_without_a_stance_of_its_own_has_that_of_what_it_is_part_of(word: Stance | None) -> None:
    said = f"    stance: {word.value}\n" if word else ""
    toy = facility(f"services:\n  triton:\n{said}    http: http://127.0.0.1:8000\n")
    assert promise_at(toy, "/services/triton/http") is (Promise(word.value) if word else Promise.UNDECLARED)


@pytest.mark.parametrize("pointer", ["/batch/none", "/services/triton/http", "/nothing", "/batch/slurm/partitions/x"])
def test_what_is_not_there_is_undeclared(pointer: str) -> None:
    toy = facility("batch:\n  - {name: slurm, scheduler: slurm, stance: promised}\n")
    assert promise_at(toy, pointer) is Promise.UNDECLARED


@pytest.mark.parametrize("name", sorted(set(SELECTORS) - {"site"}))
def test_a_spec_that_says_nothing_has_no_subjects(name: str) -> None:
    assert list(SELECTORS[name](facility())) == []


def test_two_selectors_of_one_name_are_refused() -> None:
    def pools(toy: Facility) -> Iterator[Subject]:
        del toy
        yield from ()

    with pytest.raises(ValueError, match="two selectors are called 'pools'"):
        selector(pools)


DOORS = "services: {triton: {stance: promised, http: 'http://127.0.0.1:8000', grpc: '127.0.0.1:8001'}}\n"


@pytest.mark.parametrize(
    ("spec", "rows"),
    [
        (DOORS, [("http", Promise.PROMISED), ("grpc", Promise.PROMISED)]),
        ("services: {triton: {stance: promised}}\n", [("", Promise.PROMISED)]),
        ("services: {triton: {stance: not_promised}}\n", [("", Promise.NOT_PROMISED)]),
    ],
)
def test_triton_is_asked_by_every_protocol_that_is_declared(spec: str, rows: list[tuple[str, Promise]]) -> None:
    assert [(row.item, row.promise) for row in SELECTORS["triton_doors"](facility(spec))] == rows


def test_of_triton_what_is_not_said_is_undeclared_and_what_is_not_offered_is_not_promised() -> None:
    (silent,) = SELECTORS["triton_uploads"](facility(DOORS))
    assert silent.promise is Promise.UNDECLARED
    (refused,) = SELECTORS["triton_uploads"](facility("services: {triton: {stance: not_promised}}\n"))
    assert refused.promise is Promise.NOT_PROMISED
    (metrics,) = SELECTORS["triton_metrics"](facility(DOORS))
    assert metrics.promise is Promise.UNDECLARED
