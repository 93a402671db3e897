"""A profile in the 2023 talk's words, as its report shows it, and beside it what had been reported of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from afspec.verdict import readiness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.report.model import Report, Summary
    from afspec.verdict import Readiness

# What a site's spec says of the last time that somebody tried (its field agc.outcome).
_OUTCOMES: Final = {
    "ran": "it ran",
    "ran_with_workarounds": "it ran, with workarounds",
    "did_not_run": "it did not run",
}


def ready(report: Report, summary: Summary) -> Readiness:
    """The word of a profile of a report, on the day of that report."""
    return readiness(summary.counts, partial=not report.runs or any(run.partial for run in report.runs))


def reported(spec: Mapping[str, Any]) -> str:
    """What a spec, as plain data, says was reported of the AGC at the site, with its date; "" where it says nothing."""
    agc = spec.get("agc")
    outcome = _OUTCOMES.get(str(agc.get("outcome"))) if isinstance(agc, dict) else None
    if outcome is None:
        return ""
    sources: dict[str, Any] = spec.get("sources") or {}
    source: dict[str, Any] = sources.get("/agc/outcome") or sources.get("/agc") or {}
    day, doc = source.get("as_of", ""), source.get("doc", "")
    where = f" ({doc})" if doc else ""
    return f"reported{f' in {day}' if day else ''}: {outcome}{where}"
