"""Small reports for the tests: one requirement of batch and what may have come of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from afspec.report.conclude import checked, conclude
from afspec.report.model import (
    Attempt,
    Budget,
    CheckResult,
    Counts,
    Digested,
    EvidenceRef,
    Report,
    RequirementRow,
    Result,
    Run,
    Summary,
    Tool,
    WaiverRecord,
)
from afspec.verdict import Level, SiteWord

if TYPE_CHECKING:
    from collections.abc import Sequence

SHA = "0" * 64
NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
DAY = 86400.0
ITEM = "slurm/roma"
SHOWN = (EvidenceRef(file="evidence/a.json", sha256=SHA, bytes=10),)
PROFILES = {"agc-ready": {"AF-BATCH-001", "AF-DASK-001"}, "nothing": set[str]()}


def attempt(outcome: str = "pass", age: float = 3600, **more: Any) -> Attempt:
    """An attempt that ended `age` seconds before the report, by default one that shows what it claims."""
    seconds = 60.0
    at = NOW - dt.timedelta(seconds=age + seconds)
    return Attempt(**{"at": at, "seconds": seconds, "outcome": outcome, "assertions": 1, "evidence": SHOWN} | more)


def check(*attempts: Attempt, name: str = "runs", **more: Any) -> CheckResult:
    return checked(name, f"test_batch.py::test_{name}", attempts, **more)


def result(*checks: CheckResult, requirement: str = "AF-BATCH-001", **more: Any) -> Result:
    """An instance with a verdict that nobody concluded."""
    facts = {"item": ITEM, "pointer": "/batch/0", "promise": "promised", "verdict": "verified", "decides": True} | more
    return Result(requirement=requirement, checks=checks, **facts)


def row(requirement: str = "AF-BATCH-001", level: str = "MUST", checks: Sequence[str] = ("runs",)) -> RequirementRow:
    return RequirementRow(
        id=requirement,
        title="A job runs",
        level=Level(level),
        capability="batch",
        statement="A job of an ordinary user runs.",
        source="https://example.org/batch",
        vantage="session",
        actor="user",
        safety="touch",
        max_age=7 * DAY,
        budget=Budget(wall=60),
        checks=tuple(checks),
    )


def run(*partial: str) -> Run:
    tool = Tool(version="1", python="3.11", pytest="9")
    start = NOW - dt.timedelta(hours=2)
    return Run(
        id="r1", started=start, finished=NOW, vantages=("session",), max_safety="touch", partial=partial, tool=tool
    )


def waiver(**more: Any) -> WaiverRecord:
    facts = {
        "id": "W1",
        "requirement": "AF-BATCH-001",
        "owner": "batch team",
        "reason": "The controller is replaced.",
        "issue": "https://tickets.example.org/17",
        "granted": dt.date(2026, 6, 1),
        "expires": dt.date(2026, 6, 30),
        "valid": False,
    }
    return WaiverRecord(**facts | more)


def report(*results: Result, **more: Any) -> Report:
    """A report that nobody concluded; it says what a liar would."""
    facts = {
        "site": "toy",
        "title": "A toy facility",
        "label": "toy",
        "environment": "site",
        "spec": Digested(name="toy", sha256=SHA),
        "catalogue": Digested(name="catalogue", sha256=SHA),
        "generated": NOW,
        "runs": (run(),),
        "summary": Summary(name="", word=SiteWord.CONFORMANT, counts=Counts()),
        "exit_code": 0,
        "requirements": (row(), row("AF-DASK-001"), row("AF-GPU-001", "MAY")),
        "results": results,
    }
    return Report(**facts | more)


def only(*checks: CheckResult, **more: Any) -> Result:
    """What follows for the one result of a report."""
    concluded = conclude(report(result(*checks), **more), PROFILES)
    assert len(concluded.results) == 1
    return concluded.results[0]
