"""Options of the command line: the budget of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.options import parse_budget
from afspec.conformance.run import Request


def test_a_budget_is_read_with_its_units() -> None:
    assert parse_budget("jobs=20, cpu=10min,bytes=1GB,wall=15min") == {
        "jobs": 20,
        "cpu": 600,
        "bytes": 1e9,
        "wall": 900,
    }
    assert parse_budget("") == parse_budget(" , ") == {}


@pytest.mark.parametrize(
    "text", ["jobs", "jobs=", "jobs=many", "jobs=1.5", "jobs=-1", "cpu=10", "cats=3", "bytes=-1", "wall=soon", "=3"]
)
def test_a_budget_that_is_none_is_refused_by_its_part(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--budget: "):
        parse_budget(f"gpu=1h,{text}")


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_budget_or_refused(text: str) -> None:
    try:
        found = parse_budget(text)
    except pytest.UsageError:
        return
    assert all(value >= 0 for value in found.values())


@given(
    st.builds(
        Request,
        site=st.text(max_size=9),
        run=st.just("0badcafe"),
        work=st.text(max_size=9),
        vantages=st.lists(st.sampled_from(["outside", "login", "session"]), unique=True).map(tuple),
        budget=st.dictionaries(st.sampled_from(["jobs", "wall"]), st.floats(0, 1e9), max_size=2),
    )
)
def test_workers_are_told_the_request_as_it_is(request_: Request) -> None:
    assert Request.read(request_.plain()) == request_
