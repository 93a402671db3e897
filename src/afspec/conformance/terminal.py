"""What a person sees at the end of a run: the word with its counts, every cause once, what is broken, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.plan import cost
from afspec.facility.quantities import format_bytes, format_duration
from afspec.report.summary import lines

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from afspec.conformance.run import Run
    from afspec.report.model import Report

_COLOURS = {"error": "red", "broken": "red", "kit": "red", "cause": "yellow", "degraded": "yellow"}


def show_report(terminal: pytest.TerminalReporter, report: Report, folder: Path | None) -> None:
    """The end of a run, as `afspec report show` would say it."""
    head, *rest = lines(report, report.generated, "unsigned")
    terminal.section(head, bold=True)
    for line in rest:
        colour = next((name for word, name in _COLOURS.items() if line.startswith(word)), "")
        terminal.write_line(line, **({colour: True} if colour else {}))
    if folder is not None:
        terminal.write_line(f"report: {folder}/report.json (`afspec report --help`: show, sign, merge, export)")


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
