"""A waiver holds through the day of its expiry, for half a year at most, and for what it names."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.verdict import Waiver, find

DAY = dt.timedelta(days=1)
GRANTED = dt.date(2026, 1, 10)
EXPIRES = dt.date(2026, 6, 30)
WAIVER = Waiver(
    id="W1",
    requirement="AF-BATCH-003",
    owner="batch team",
    reason="The controller is replaced in May.",
    issue="https://tickets.example.org/17",
    granted=GRANTED,
    expires=EXPIRES,
)
DAYS = st.dates(dt.date(2025, 6, 1), dt.date(2027, 6, 1))


def test_holds_from_the_day_of_its_grant_through_the_day_of_its_expiry() -> None:
    assert WAIVER.problem(GRANTED) == ""
    assert WAIVER.problem(EXPIRES) == ""
    assert WAIVER.problem(GRANTED - DAY) == "it is granted from 2026-01-10 on, which is after 2026-01-09"
    assert WAIVER.problem(EXPIRES + DAY) == "it expired on 2026-06-30"


def test_lasts_180_days_at_most() -> None:
    latest = replace(WAIVER, expires=GRANTED + 180 * DAY)
    assert latest.problem(GRANTED) == ""
    longer = replace(WAIVER, expires=GRANTED + 181 * DAY)
    assert "over 180 days after it was granted: after 2026-07-09" in longer.problem(GRANTED)
    assert replace(WAIVER, expires=dt.date.max).problem(GRANTED)


@pytest.mark.parametrize("expires", [GRANTED, GRANTED - DAY, dt.date.min])
def test_expires_after_its_grant(expires: dt.date) -> None:
    assert "not after 2026-01-10" in replace(WAIVER, expires=expires).problem(GRANTED)


@pytest.mark.parametrize("name", ["owner", "reason", "issue"])
@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_names_owner_reason_and_issue(name: str, text: str) -> None:
    changed: dict[str, Any] = {name: text}
    assert replace(WAIVER, **changed).problem(GRANTED) == f"it has no {name}"


def test_all_that_is_blank_is_named() -> None:
    assert replace(WAIVER, owner="", issue=" ").problem(GRANTED) == "it has no owner and no issue"


@given(DAYS, DAYS, DAYS)
def test_holds_on_the_days_of_its_term_alone(granted: dt.date, expires: dt.date, day: dt.date) -> None:
    holds = granted <= day <= expires and granted < expires <= granted + 180 * DAY
    assert (replace(WAIVER, granted=granted, expires=expires).problem(day) == "") is holds


def test_covers_what_it_names() -> None:
    assert WAIVER.covers("AF-BATCH-003", "slurm/roma")
    assert WAIVER.covers("AF-BATCH-003", "")
    assert not WAIVER.covers("AF-BATCH-004", "slurm/roma")
    one = replace(WAIVER, item="slurm/roma")
    assert one.covers("AF-BATCH-003", "slurm/roma")
    for other in ("slurm/milano", "slurm/rom", "slurm/roma2", "slurm", "*", ""):
        assert not one.covers("AF-BATCH-003", other)


@pytest.mark.parametrize("item", ["", "slurm/*", "**"])
def test_no_pattern_but_the_star(item: str) -> None:
    assert not replace(WAIVER, item=item).covers("AF-BATCH-003", "slurm/roma")


def test_waiver_for_one_is_found_before_one_for_all() -> None:
    one = replace(WAIVER, id="W2", item="slurm/roma", expires=EXPIRES - DAY)
    for waivers in ([WAIVER, one], [one, WAIVER]):
        assert find(waivers, "AF-BATCH-003", "slurm/roma", GRANTED) is one
        assert find(waivers, "AF-BATCH-003", "slurm/milano", GRANTED) is WAIVER
        # The one has expired; the other still holds.
        assert find(waivers, "AF-BATCH-003", "slurm/roma", EXPIRES) is WAIVER
        assert find(waivers, "AF-BATCH-003", "slurm/roma", EXPIRES + DAY) is None


@given(st.permutations([replace(WAIVER, id=f"W{n}", expires=EXPIRES - n // 2 * DAY) for n in range(4)]))
def test_which_is_found_does_not_depend_on_their_order(waivers: list[Waiver]) -> None:
    found = find(waivers, "AF-BATCH-003", "", GRANTED)
    assert found is not None
    assert found.id == "W0"


@pytest.mark.parametrize("wrong", ["2026-06-30", "2026/06/30", dt.datetime(2026, 6, 30, tzinfo=dt.UTC), 2026, None])
@pytest.mark.parametrize("name", ["granted", "expires"])
def test_what_is_no_day_is_refused_and_never_guessed(name: str, wrong: Any) -> None:
    changed: dict[str, Any] = {name: wrong}
    assert f"`{name}` is no day" in replace(WAIVER, **changed).problem(GRANTED)
