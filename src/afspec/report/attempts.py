"""From the attempts of a check to what came of it: the last attempt tells, and none is dropped."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from afspec.report.model import CheckResult
from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.report.model import Attempt

RETRIED: Final = "passed when tried again"


def outcome_of(attempts: Sequence[Attempt]) -> tuple[Outcome, Reason | None]:
    """What came of a check, and why it could not tell: as in its last attempt; not run, where there was none."""
    return (attempts[-1].outcome, attempts[-1].reason) if attempts else (Outcome.NOT_RUN, None)


def checked(
    name: str,
    test: str,
    attempts: Sequence[Attempt] = (),
    *,
    proof: Proof = Proof.DEMONSTRATED,
    degraded: Sequence[str] = (),
    cause: str | None = None,
    reason: Reason | None = None,
) -> CheckResult:
    """What came of a check.

    `degraded` says why a pass is not a full one; a pass after anything else gets RETRIED besides. `cause` is the id of
    what stood in the way: whatever the attempts say, the check then could not tell, for `reason`, else for that of the
    last attempt, else because it was blocked.

    Raises:
        ValueError: a reason without a cause; without one, attempts alone tell.
    """
    if reason is not None and cause is None:
        raise ValueError(f"{name}: {reason} needs the cause that it comes from")
    outcome, found = outcome_of(attempts)
    if cause is not None:
        outcome, found = Outcome.UNVERIFIED, reason or found or Reason.BLOCKED_BY
    retried = [RETRIED] if _retried(attempts) and RETRIED not in degraded else []
    return CheckResult(
        name=name,
        test=test,
        outcome=outcome,
        reason=found,
        text=attempts[-1].text if attempts else "",
        cause=cause,
        proof=proof,
        assertions=assertions_of(attempts),
        degraded=(*degraded, *retried) if outcome is Outcome.PASS else (),
        attempts=tuple(attempts),
    )


def assertions_of(attempts: Sequence[Attempt]) -> int:
    """How many things a check claims: those of its last attempt."""
    return attempts[-1].assertions if attempts else 0


def flaws(check: CheckResult) -> Iterator[str]:
    """Where a check does not follow from its attempts."""
    said = _said(check.outcome, check.reason)
    blamed = check.outcome is Outcome.UNVERIFIED and check.cause is not None
    if not check.attempts:
        if check.outcome is not Outcome.NOT_RUN and not blamed:
            yield f"says {said}, but was never tried; what follows is not_run, or unverified with a cause"
        return
    follows = outcome_of(check.attempts)
    if (check.outcome, check.reason) != follows and not blamed:
        yield f"says {said}; its last attempt says {_said(*follows)}"
    if check.outcome is Outcome.PASS and _retried(check.attempts) and RETRIED not in check.degraded:
        yield f"says a full pass; it {RETRIED}"


def ended(attempt: Attempt) -> dt.datetime:
    """When an attempt was over."""
    return after(attempt.at, attempt.seconds)


def after(moment: dt.datetime, seconds: float) -> dt.datetime:
    """Some seconds after a moment, in UTC; the last moment that there is, where a report names one beyond it."""
    try:
        return utc(moment) + dt.timedelta(seconds=seconds)
    except OverflowError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def utc(moment: dt.datetime) -> dt.datetime:
    """A moment in UTC, which it is in if it does not say."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.UTC)
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        return moment.replace(tzinfo=dt.UTC)


def _retried(attempts: Sequence[Attempt]) -> bool:
    return (
        bool(attempts) and attempts[-1].outcome is Outcome.PASS and any(a.outcome is not Outcome.PASS for a in attempts)
    )


def _said(outcome: Outcome, reason: Reason | None) -> str:
    return f"{outcome} ({reason})" if reason else outcome.value
