"""From attempts to what came of a check."""

from __future__ import annotations

import pytest
from report_support import attempt, check, only

from afspec.report.attempts import RETRIED
from afspec.report.conclude import outcome_of
from afspec.verdict import Outcome, Reason, Verdict


def test_never_tried_is_not_run() -> None:
    assert outcome_of(()) == (Outcome.NOT_RUN, None)
    found = check()
    assert (found.outcome, found.reason, found.assertions, found.text) == (Outcome.NOT_RUN, None, 0, "")


def test_last_attempt_tells() -> None:
    attempts = (attempt(text="up"), attempt("unverified", reason="unreachable", text="no route", assertions=3))
    assert outcome_of(attempts) == (Outcome.UNVERIFIED, Reason.UNREACHABLE)
    found = check(*attempts)
    assert (found.outcome, found.reason) == (Outcome.UNVERIFIED, Reason.UNREACHABLE)
    assert (found.text, found.assertions) == ("no route", 3)


@pytest.mark.parametrize("first", ["fail", "error", "unverified"])
def test_retries_do_not_flatten_the_report(first: str) -> None:
    """ReFrame #1963, #1812."""
    found = check(attempt(first), attempt(), degraded=["slow"])
    assert found.outcome is Outcome.PASS
    assert found.degraded == ("slow", RETRIED)
    assert [one.outcome for one in found.attempts] == [first, "pass"]
    assert only(found).verdict is Verdict.DEGRADED


def test_pass_after_a_pass_is_full() -> None:
    assert check(attempt(), attempt()).degraded == ()


def test_what_does_not_pass_is_not_degraded() -> None:
    assert check(attempt(), attempt("fail"), degraded=["slow"]).degraded == ()


def test_cause_says_why_it_could_not_tell() -> None:
    blocked = check(cause="c1")
    assert (blocked.outcome, blocked.reason, blocked.cause) == (Outcome.UNVERIFIED, Reason.BLOCKED_BY, "c1")
    assert check(attempt("fail"), cause="c1", reason=Reason.DOWNTIME).reason is Reason.DOWNTIME
    assert check(attempt("unverified", reason="unreachable"), cause="c1").reason is Reason.UNREACHABLE


def test_reason_without_a_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="runs: budget_exhausted needs the cause"):
        check(reason=Reason.BUDGET_EXHAUSTED)
