"""From what was promised and what came of each check to what is known of an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from afspec.verdict.case import Judgement
from afspec.verdict.rollup import worst
from afspec.verdict.table import table
from afspec.verdict.words import Outcome, Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verdict.case import Case, Tried

UNDECLARED_FOUND: Final = "undeclared_found"
WAIVER_UNNEEDED: Final = "waiver_unneeded"
STALE: Final = "stale"
NO_EVIDENCE: Final = "no_evidence"
CONFIGURED: Final = "configured"


def judge(case: Case) -> Judgement:
    """What is known of an instance: the worst of its checks.

    An offered promise that nothing checks is the kit's error: silence is not a pass. What does not apply, or is not
    offered, decides nothing, whatever came of it.
    """
    if not case.applicable:
        return Judgement(Verdict.NOT_APPLICABLE, decides=False)
    nothing = Verdict.ERROR if case.promise.offered else Verdict.NOT_PROMISED
    verdict = worst([_verdict(case, tried) for tried in case.tried] or [nothing])
    decides = table().decides(case.promise, case.level)
    return Judgement(verdict, decides, tuple(_flags(case, verdict)))


def _verdict(case: Case, tried: Tried) -> Verdict:
    verdict = table().row(case.promise, case.level, tried.outcome).verdict
    if verdict is Verdict.VERIFIED:
        return _of_pass(tried)
    if verdict is Verdict.BROKEN and case.waived:
        return Verdict.WAIVED
    return verdict


def _of_pass(tried: Tried) -> Verdict:
    """What a pass is worth; the first thing that is wrong with it is the worst."""
    if not _shown(tried):
        return Verdict.ERROR
    if not tried.fresh:
        return Verdict.UNVERIFIED
    return Verdict.DEGRADED if tried.degraded else Verdict.VERIFIED


def _shown(tried: Tried) -> bool:
    return tried.assertions > 0 and tried.evidence > 0


def _flags(case: Case, verdict: Verdict) -> Iterator[str]:
    passes = [tried for tried in case.tried if tried.outcome is Outcome.PASS]
    works = [tried for tried in passes if _shown(tried) and tried.fresh]
    if not case.promise.offered and case.tried and len(works) == len(case.tried):
        yield UNDECLARED_FOUND
    if case.waived and verdict is Verdict.VERIFIED:
        yield WAIVER_UNNEEDED
    if any(_shown(tried) and not tried.fresh for tried in passes):
        yield STALE
    if not all(_shown(tried) for tried in passes):
        yield NO_EVIDENCE
    if any(tried.proof is Proof.CONFIGURED for tried in passes):
        yield CONFIGURED
