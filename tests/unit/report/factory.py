"""Reports as tests want them: each part has a default, and a test says only what it is about.

Verdicts are what the test says; `afspec.report.conclude` derives them from outcomes where a test wants that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Literal

from afspec.report.model import (
    Attempt,
    Budget,
    Cause,
    CheckResult,
    Counts,
    Digested,
    EvidenceRef,
    Problem,
    Report,
    RequirementRow,
    Result,
    Run,
    Summary,
    Tool,
    WaiverRecord,
)
from afspec.verdict import Judgement, Level, Outcome, Promise, Proof, Reason, Verdict, count, site_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.report.model import Environment

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
DAY = 86400.0
RUN = "r-20261122"
BATCH = "AF-BATCH-001"

_OUTCOMES = {
    Verdict.ERROR: Outcome.ERROR,
    Verdict.BROKEN: Outcome.FAIL,
    Verdict.UNVERIFIED: Outcome.UNVERIFIED,
    Verdict.DEGRADED: Outcome.PASS,
    Verdict.WAIVED: Outcome.FAIL,
    Verdict.VERIFIED: Outcome.PASS,
}
_TEXTS = {
    Outcome.PASS: "job 4711 ran on n1 and printed the nonce",
    Outcome.FAIL: "sbatch: error: invalid partition specified: roma",
    Outcome.UNVERIFIED: "ssh: connect to host port 22: Connection timed out",
    Outcome.ERROR: "KeyError: 'job_id'",
    Outcome.NOT_RUN: "",
}


def sha256(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def evidence(file: str = "evidence/AF-BATCH-001/job.json") -> EvidenceRef:
    """A file of evidence; its digest is that of its name."""
    return EvidenceRef(file=file, sha256=sha256(file), bytes=1234)


def attempt(
    outcome: Outcome = Outcome.PASS,
    *,
    at: dt.datetime = NOW,
    reason: Reason | None = None,
    text: str | None = None,
    files: Sequence[str] | None = None,
) -> Attempt:
    """One try; a pass claims two things and shows them, unless `files` says what else there is."""
    if reason is None and outcome is Outcome.UNVERIFIED:
        reason = Reason.UNREACHABLE
    names = ["evidence/AF-BATCH-001/job.json"] if files is None else files
    return Attempt(
        at=at,
        seconds=1.5,
        outcome=outcome,
        reason=reason,
        text=_TEXTS[outcome] if text is None else text,
        assertions=2 if outcome in {Outcome.PASS, Outcome.FAIL} else 0,
        evidence=tuple(evidence(name) for name in names),
    )


def check(
    outcome: Outcome = Outcome.PASS,
    *,
    name: str = "runs",
    attempts: Sequence[Attempt] | None = None,
    reason: Reason | None = None,
    cause: str | None = None,
    proof: Proof = Proof.DEMONSTRATED,
    degraded: Sequence[str] = (),
    text: str | None = None,
    at: dt.datetime = NOW,
) -> CheckResult:
    """A check with one attempt of its outcome; with none where it was not run."""
    if attempts is None:
        attempts = () if outcome is Outcome.NOT_RUN else (attempt(outcome, at=at, reason=reason, text=text),)
    last = attempts[-1] if attempts else None
    return CheckResult(
        name=name,
        test="conformance/test_batch.py::test_job_runs",
        outcome=outcome,
        reason=reason or (last.reason if last else None),
        text=last.text if last else "",
        cause=cause,
        proof=proof,
        assertions=last.assertions if last else 0,
        degraded=tuple(degraded),
        attempts=tuple(attempts),
    )


def result(
    requirement: str = BATCH,
    item: str = "",
    verdict: Verdict = Verdict.VERIFIED,
    *,
    promise: Promise = Promise.PROMISED,
    declared: str = "",
    checks: Sequence[CheckResult] | None = None,
    decides: bool | None = None,
    flags: Sequence[str] = (),
    waiver: str | None = None,
    at: dt.datetime | None = NOW,
    fresh: float | None = 30 * DAY,
    applicable: bool = True,
    context: str = "",
    run: str = RUN,
) -> Result:
    """An instance with a verdict, and by default one check from which it follows; `fresh` is in seconds after `at`."""
    if checks is None:
        outcome = _OUTCOMES.get(verdict, Outcome.NOT_RUN)
        slow = ["took 95 s, wanted 60 s"] if verdict is Verdict.DEGRADED else []
        proof = Proof.CONFIGURED if "configured" in flags else Proof.DEMONSTRATED
        checks = (check(outcome, at=at or NOW, degraded=slow, proof=proof),)
    stands = at is not None and verdict in {Verdict.VERIFIED, Verdict.DEGRADED, Verdict.BROKEN, Verdict.WAIVED}
    return Result(
        requirement=requirement,
        item=item,
        pointer=f"/batch/{item}" if item else "/batch",
        promise=promise,
        declared=declared,
        applicable=applicable,
        context=context,
        checks=tuple(checks),
        verdict=verdict,
        decides=promise is Promise.PROMISED and applicable if decides is None else decides,
        flags=tuple(flags),
        waiver=waiver,
        at=at if stands else None,
        fresh_until=at + dt.timedelta(seconds=fresh) if stands and at and fresh is not None else None,
        run=run,
    )


def requirement(
    identity: str = BATCH,
    *,
    title: str = "A batch job runs",
    level: Level = Level.MUST,
    capability: str = "batch",
    statement: str = "A job that an ordinary user submits runs, and its output comes back.",
    source: str = "Analysis facilities forum, https://example.org/forum",
    each: str = "queue",
    checks: Sequence[str] = ("runs",),
) -> RequirementRow:
    """A requirement of a catalogue."""
    return RequirementRow(
        id=identity,
        title=title,
        level=level,
        capability=capability,
        statement=statement,
        source=source,
        vantage="session",
        actor="an ordinary user",
        safety="touch",
        max_age=30 * DAY,
        budget=Budget(wall=300, jobs=1, cpu=10, gpu=0, bytes=1_000_000),
        checks=tuple(checks),
        each=each,
    )


def waiver(
    identity: str = "W-1",
    *,
    requirement: str = BATCH,
    item: str = "*",
    granted: dt.date = dt.date(2026, 11, 1),
    expires: dt.date = dt.date(2027, 1, 31),
    valid: bool = True,
    problem: str = "",
    reason: str = "the partition is being drained",
    issue: str = "https://example.org/issues/7",
) -> WaiverRecord:
    """A waiver, valid by default."""
    return WaiverRecord(
        id=identity,
        requirement=requirement,
        item=item,
        owner="A. Operator",
        reason=reason,
        issue=issue,
        granted=granted,
        expires=expires,
        valid=valid,
        problem=problem,
    )


def cause(identity: str = "C-1", *, target: str = "login/ssh", blocked: int = 3, text: str | None = None) -> Cause:
    """Something that stood in the way."""
    return Cause(
        id=identity,
        target=target,
        requirement=None,
        reason=Reason.UNREACHABLE,
        text=_TEXTS[Outcome.UNVERIFIED] if text is None else text,
        next="Open an SSH connection that stays (ControlPersist), then name its ControlPath in the run profile.",
        at=NOW,
        blocked=blocked,
    )


def problem(
    text: str = "job 4711 is still in the queue",
    kind: Literal["cleanup", "crash", "internal", "leak"] = "cleanup",
    by_hand: str = "scancel 4711",
) -> Problem:
    """A fault of the kit."""
    return Problem(kind=kind, text=text, next=by_hand)


def run(identity: str = RUN, *, partial: Sequence[str] = (), finished: dt.datetime = NOW) -> Run:
    """A run that took ten minutes."""
    return Run(
        id=identity,
        started=finished - dt.timedelta(minutes=10),
        finished=finished,
        vantages=("session",),
        max_safety="touch",
        partial=tuple(partial),
        tool=Tool(version="0.4.0", python="3.11.2", pytest="9.0.0"),
    )


def summary(results: Sequence[Result], name: str = "", *, partial: bool = False) -> Summary:
    """The word that follows from the verdicts, with its counts."""
    judgements = [Judgement(result.verdict, result.decides, result.flags) for result in results]
    word = site_word(judgements, partial=partial)
    return Summary(name=name, word=word, counts=Counts(**dataclasses.asdict(count(judgements))))


def report(
    site: str = "slac",
    results: Sequence[Result] | None = None,
    *,
    environment: Environment = "site",
    title: str = "SLAC Shared Scientific Data Facility",
    requirements: Sequence[RequirementRow] | None = None,
    generated: dt.datetime = NOW,
    runs: Sequence[Run] | None = None,
    waivers: Sequence[WaiverRecord] = (),
    causes: Sequence[Cause] = (),
    problems: Sequence[Problem] = (),
    profile: str | None = None,
    profiles: Sequence[Summary] = (),
    exit_code: int = 0,
) -> Report:
    """A report; without more, of one requirement that was verified. Each requirement of a result is described."""
    results = [result()] if results is None else results
    if requirements is None:
        requirements = [requirement(name) for name in sorted({result.requirement for result in results})]
    runs = [run(finished=generated)] if runs is None else runs
    return Report(
        site=site,
        title=title,
        label=site.upper(),
        environment=environment,
        spec=Digested(name=f"specs/sites/{site}.yaml", sha256=sha256(site)),
        catalogue=Digested(name="conformance/catalogue", sha256=sha256("catalogue")),
        generated=generated,
        runs=tuple(runs),
        profile=profile,
        summary=summary(results, profile or "", partial=any(run.partial for run in runs)),
        profiles=tuple(profiles),
        exit_code=exit_code,
        requirements=tuple(requirements),
        results=tuple(results),
        causes=tuple(causes),
        waivers=tuple(waivers),
        problems=tuple(problems),
    )
