"""Bundles as tests want them: of a small catalogue, with evidence that shows what their reports claim."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from afspec.report import bundle
from afspec.report.attempts import checked
from afspec.report.conclude import conclude
from afspec.report.model import (
    Attempt,
    Budget,
    Cause,
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
from afspec.report.plain import digest, render, sha256
from afspec.report.verify import Due, Required
from afspec.verdict import Level, Outcome, Promise, Reason, SiteWord, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afspec.report.bundle import Bundle
    from afspec.report.model import CheckResult, Environment

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SPEC: dict[str, Any] = {"name": "toy", "title": "A toy facility", "batch": [{"name": "slurm", "hosts": ["n1"]}]}
CATALOGUE = "c" * 64
PROFILES = {"agc-ready": ("AF-BATCH-001", "AF-DASK-001")}
RUNS, COMES_BACK, DASK, NICE = (
    ("AF-BATCH-001", "slurm/roma", "runs"),
    ("AF-BATCH-001", "slurm/roma", "comes_back"),
    ("AF-DASK-001", "", "scales"),
    ("AF-GPU-001", "slurm/ampere", "computes"),
)
KEYS = (RUNS, COMES_BACK, DASK, NICE)
Told = dict[tuple[str, str, str], Outcome]
WORKS: Told = dict.fromkeys(KEYS, Outcome.PASS)


def row(name: str, level: Level, *checks: str) -> RequirementRow:
    """A requirement of the catalogue; a proof of it is fresh for a week."""
    return RequirementRow(
        id=name,
        title=f"What {name} asks",
        level=level,
        capability=name.split("-")[1].lower(),
        statement="It works.",
        source="the tests",
        vantage="session",
        actor="user",
        safety="touch",
        max_age=7 * 86400,
        budget=Budget(wall=60),
        checks=checks,
        each="queue" if name != "AF-DASK-001" else "",
    )


ROWS = (
    row("AF-BATCH-001", Level.MUST, "runs", "comes_back"),
    row("AF-DASK-001", Level.MUST, "scales"),
    row("AF-GPU-001", Level.SHOULD, "computes"),
)
ITEMS = {"AF-BATCH-001": "slurm/roma", "AF-DASK-001": "", "AF-GPU-001": "slurm/ampere"}


def required(_: Bundle) -> Required:
    """What spec and catalogue make of a report."""
    due = (
        Due(
            each.id,
            ITEMS[each.id],
            f"/{each.capability}",
            Promise.PROMISED,
            "yes",
            applicable=True,
            context="",
            checks=tuple((name, f"test_{each.capability}.py::test_{name}") for name in each.checks),
        )
        for each in ROWS
    )
    return Required("toy", "A toy facility", "TOY", CATALOGUE, ROWS, tuple(due), PROFILES)


class Maker:
    """Makes the results of one run, and collects their evidence."""

    def __init__(self, run: str, when: dt.datetime, cause: str | None, text: str) -> None:
        self.run = run
        self.when = when
        self.cause = cause
        self.text = text
        self.evidence: dict[str, bytes] = {}

    def attempt(self, key: tuple[str, str, str], outcome: Outcome, number: int = 1) -> Attempt:
        """One that ran: it shows two things, of which one does not hold where it fails."""
        requirement, item, check = key
        assertions = [{"what": "it starts", "passed": True}, {"what": "it ends", "passed": outcome is not Outcome.FAIL}]
        said = {
            "requirement": requirement,
            "check": check,
            "item": item,
            "attempt": number,
            "run": self.run,
            "outcome": outcome.value,
            "text": self.text,
            "assertions": assertions,
            "steps": [{"command": ["echo", "a b"]}],
        }
        file = f"evidence/{requirement}/{item.replace('/', '-') or 'site'}.{check}.{number}.json"
        data = render(said)
        self.evidence[file] = data
        ref = EvidenceRef(file=file, sha256=sha256(data), bytes=len(data))
        reason = Reason.QUEUE_WAIT_EXCEEDED if outcome is Outcome.UNVERIFIED else None
        at = self.when - dt.timedelta(seconds=100 - number)
        return Attempt(at=at, seconds=1, outcome=outcome, reason=reason, text=self.text, assertions=2, evidence=(ref,))

    def check(self, key: tuple[str, str, str], outcome: Outcome) -> CheckResult:
        """A check that was asked once, or not at all; unverified because of the cause, where there is one."""
        test = f"test_{key[0].split('-')[1].lower()}.py::test_{key[2]}"
        if outcome is Outcome.NOT_RUN:
            return checked(key[2], test)
        if outcome is Outcome.UNVERIFIED and self.cause:
            blocked = Attempt(at=self.when, seconds=0, outcome=outcome, reason=Reason.BLOCKED_BY, text=self.cause)
            return checked(key[2], test, [blocked], cause=self.cause)
        return checked(key[2], test, [self.attempt(key, outcome)])


def made(
    told: Mapping[tuple[str, str, str], Outcome],
    run: str = "r1",
    when: dt.datetime = NOW,
    *,
    partial: Sequence[str] = (),
    environment: Environment = "site",
    spec: Mapping[str, Any] = SPEC,
    catalogue: str = CATALOGUE,
    cause: str | None = None,
    text: str = "seen",
    waivers: Sequence[WaiverRecord] = (),
    problems: Sequence[Problem] = (),
) -> tuple[Report, dict[str, bytes]]:
    """The report of a run that ended at `when`, and its evidence; what is not told was not run."""
    maker = Maker(run, when, cause, text)
    results = tuple(
        Result(
            requirement=each.id,
            item=ITEMS[each.id],
            pointer=f"/{each.capability}",
            promise=Promise.PROMISED,
            declared="yes",
            checks=tuple(maker.check(key, told.get(key, Outcome.NOT_RUN)) for key in KEYS if key[0] == each.id),
            verdict=Verdict.UNVERIFIED,
            decides=False,
            run=run,
        )
        for each in ROWS
    )
    causes = [Cause(id=cause, target="batch", reason=Reason.UNREACHABLE, text="no route", at=when)] if cause else []
    draft = Report(
        site="toy",
        title="A toy facility",
        label="TOY",
        environment=environment,
        spec=Digested(name="toy", sha256=digest(spec)),
        catalogue=Digested(name="afspec", sha256=catalogue),
        generated=when,
        runs=(
            Run(
                id=run,
                started=when - dt.timedelta(seconds=200),
                finished=when,
                vantages=("session",),
                max_safety="touch",
                partial=tuple(partial),
                tool=Tool(version="1", python="3.11", pytest="9"),
            ),
        ),
        summary=Summary(name="", word=SiteWord.NOT_DEMONSTRATED, counts=Counts()),
        exit_code=0,
        requirements=ROWS,
        results=results,
        causes=tuple(causes),
        waivers=tuple(waivers),
        problems=tuple(problems),
    )
    return conclude(draft, PROFILES), maker.evidence


def put(folder: Path, told: Mapping[tuple[str, str, str], Outcome], run: str = "r1", **more: Any) -> Bundle:
    """The bundle of such a run, written and read."""
    report, evidence = made(told, run, **more)
    bundle.write(folder, report, more.get("spec", SPEC), evidence)
    return bundle.read(folder)


def waiver(requirement: str = "AF-BATCH-001", expires: dt.date = dt.date(2027, 1, 31)) -> WaiverRecord:
    """One that is granted in the month of the tests."""
    return WaiverRecord(
        id="W-1",
        requirement=requirement,
        owner="A. Operator",
        reason="the partition is drained",
        issue="https://example.org/7",
        granted=dt.date(2026, 11, 1),
        expires=expires,
        valid=True,
    )
