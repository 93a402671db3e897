"""What a person sees at the end of a run: the word with its counts, every cause once, what is broken, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.plan import cost
from afspec.facility.quantities import format_bytes, format_duration
from afspec.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from afspec.conformance.run import Run
    from afspec.report.model import Counts, Report

_SHOWN = (Verdict.ERROR, Verdict.BROKEN, Verdict.DEGRADED)


def counts_line(counts: Counts) -> str:
    """The counts that are not zero, worst first: `1 broken, 3 unverified, 12 verified (2 of them configured)`."""
    names = ("error", "broken", "unverified", "degraded", "waived", "verified")
    parts = [f"{getattr(counts, name)} {name}" for name in names if getattr(counts, name)]
    text = ", ".join(parts) or "nothing counted"
    if counts.configured:
        text += f" ({counts.configured} of them configured, not tried)"
    return f"{text}; {counts.not_counted} not counted" if counts.not_counted else text


def show_report(terminal: pytest.TerminalReporter, report: Report, folder: Path | None) -> None:
    """The end of a run."""
    what = "twin of " if report.environment == "twin" else ""
    terminal.section(f"{what}{report.label}: {report.summary.word.value}", bold=True)
    terminal.write_line(f"{counts_line(report.summary.counts)}")
    for profile in report.profiles:
        terminal.write_line(f"profile {profile.name}: {profile.word.value}: {counts_line(profile.counts)}")
    for run in report.runs:
        for why in run.partial:
            terminal.write_line(f"partial, not for publication: {why}", yellow=True)
    _causes(terminal, report)
    _results(terminal, report)
    for problem in report.problems:
        terminal.write_line(f"kit: {problem.kind}: {problem.text}", red=True)
        if problem.next:
            terminal.write_line(f"    by hand: {problem.next}")
    if folder is not None:
        terminal.write_line(f"report: {folder}/report.json (unsigned; `afspec report show` and `sign` read it)")


def _causes(terminal: pytest.TerminalReporter, report: Report) -> None:
    for cause in report.causes:
        terminal.write_line(f"{cause.reason.value}: {cause.id}: {cause.text}", yellow=True)
        terminal.write_line(f"    it stopped {cause.blocked} checks. {cause.next}".rstrip())


def _results(terminal: pytest.TerminalReporter, report: Report) -> None:
    for result in report.results:
        if result.verdict not in _SHOWN:
            continue
        item = f"[{result.item}]" if result.item else ""
        counted = "" if result.decides else f" ({result.promise.value}, not counted)"
        terminal.write_line(f"{result.verdict.value}: {result.requirement}{item}{counted}", red=result.decides)
        for check in result.checks:
            if check.outcome in {Outcome.FAIL, Outcome.ERROR} or check.degraded:
                terminal.write_line(f"    {check.name}: {check.text or '; '.join(check.degraded)}")


def show_plan(terminal: pytest.TerminalReporter, run: Run) -> None:
    """What a run would ask, and the most that it may use; nothing was asked, and nothing is proved."""
    request = run.request
    asked = [
        instance
        for instance in run.plan.instances
        if instance.asked
        and instance.requirement.vantage in request.vantages
        and run.allows(instance.requirement.safety)
    ]
    terminal.section(f"plan for {run.facility.label or run.facility.name}: nothing was asked", bold=True)
    for instance in asked:
        requirement = instance.requirement
        names = ", ".join(check.name for check in requirement.checks)
        terminal.write_line(
            f"{requirement.id:16} {requirement.level.value:6} {instance.subject.promise.value:12} "
            f"{requirement.vantage:8} {instance.subject.item or run.facility.name}: {names}"
        )
    total = cost(asked)
    terminal.write_line(
        f"{len(asked)} of {len(run.plan.instances)} instances would be asked, using at most "
        f"{format_duration(int(total['wall']))} one after the other, {int(total['jobs'])} jobs, "
        f"{format_duration(int(total['cpu']))} of CPU, {format_duration(int(total['gpu']))} of GPU, "
        f"{format_bytes(int(total['bytes']))}."
    )
