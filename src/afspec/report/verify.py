"""Whether a bundle is what it says: everything that can be computed again is, from what cannot be made to fit.

Nothing is fetched. What a spec and a catalogue require is handed in by whoever knows them, as is the moment.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from afspec.report.attempts import ended, utc
from afspec.report.bundle import EVIDENCE, REPORT, RUNS, SIGNATURE, SPEC, check_path
from afspec.report.conclude import differences
from afspec.report.errors import ReportError
from afspec.report.plain import digest
from afspec.report.shown import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from afspec.report.bundle import Bundle
    from afspec.report.model import Report, RequirementRow, Result
    from afspec.verdict import Promise

# How far the clocks of two machines may be apart, in seconds (as for verdicts).
SKEW: Final = 300


@dataclass(frozen=True)
class Due:
    """One instance that a report must have: what the spec says of it, and the checks that must be there."""

    requirement: str
    item: str
    pointer: str
    promise: Promise
    declared: str
    applicable: bool
    context: str
    checks: tuple[tuple[str, str], ...]
    """Name and test of each."""


@dataclass(frozen=True)
class Required:
    """What a spec and a catalogue make of a report; `catalogue` is the digest of that catalogue."""

    site: str
    title: str
    label: str
    catalogue: str
    rows: tuple[RequirementRow, ...]
    due: tuple[Due, ...]
    profiles: Mapping[str, Collection[str]]


def refusals(
    bundle: Bundle, required: Callable[[Bundle], Required], now: dt.datetime, spec: Mapping[str, object] | None = None
) -> list[str]:
    """Why a bundle is not to be believed, a line each; none, if it holds.

    Args:
        bundle: what was read.
        required: what must be in it; raises ReportError where its spec is none.
        now: when it is looked at.
        spec: the spec that it must be about, as plain data; left out, the bundle's own is believed.
    """
    report = bundle.report
    found = [*_files(bundle), *_times(report, now)]
    if digest(bundle.spec) != report.spec.sha256:
        found.append(f"{SPEC} is not the spec that the report was made from: its digest differs")
    if spec is not None and digest(spec) != digest(bundle.spec):
        found.append(f"it is about another spec of {report.site}: {_changed(spec, bundle.spec)}")
    for result in report.results:
        for check in result.checks:
            for number in range(1, len(check.attempts) + 1):
                place = f"{_called(result.requirement, result.item)}.{check.name}, attempt {number}"
                found += [f"{place}: {fault}" for fault in faults(bundle, result, check, number)]
    try:
        wanted = required(bundle)
    except ReportError as error:
        return [*found, str(error)]
    return [*found, *_against(report, wanted), *differences(report, wanted.profiles)]


def _files(bundle: Bundle) -> Iterator[str]:
    """Files that are there and not named, named and not as they were, or not where evidence lies."""
    report = bundle.report
    runs = {run.id for run in report.runs}
    named: dict[str, str] = {}
    for result in report.results:
        for ref in (ref for check in result.checks for attempt in check.attempts for ref in attempt.evidence):
            if ref.file in named:
                yield f"{ref.file} is shown twice, by {named[ref.file]} and by {result.requirement}"
            named[ref.file] = result.requirement
            try:
                check_path(ref.file)
            except ReportError as error:
                yield str(error)
                continue
            if not ref.file.startswith((EVIDENCE, *(f"{RUNS}{run}/{EVIDENCE}" for run in runs))):
                yield f"{ref.file} belongs to no run of the report"
    there = set(bundle.files()) - {REPORT, SPEC, SIGNATURE}
    yield from (f"{path} is not named by the report" for path in sorted(there - set(named)))
    yield from (f"{path} is missing" for path in sorted(set(named) - there))


def _times(report: Report, now: dt.datetime) -> Iterator[str]:
    skew = dt.timedelta(seconds=SKEW)
    if utc(report.generated) > utc(now) + skew:
        yield f"it was generated at {report.generated.isoformat()}, which is yet to come"
    if not report.runs:
        yield "it is of no run"
    spans = [(utc(run.started) - skew, utc(run.finished) + skew) for run in report.runs]
    for run in report.runs:
        if utc(run.finished) < utc(run.started) or utc(run.finished) > utc(report.generated) + skew:
            yield f"run {run.id} ended before it began, or after the report was generated"
    for result in report.results:
        for check in result.checks:
            for attempt in check.attempts:
                if not any(begin <= utc(attempt.at) and ended(attempt) <= end for begin, end in spans):
                    called = _called(result.requirement, result.item)
                    yield f"{called}.{check.name}: tried at {attempt.at.isoformat()}, which is in no run of the report"


def _against(report: Report, wanted: Required) -> Iterator[str]:
    """What the catalogue and the spec require, and the report has not, or has otherwise."""
    for name, said in (("site", report.site), ("title", report.title), ("label", report.label)):
        if said != getattr(wanted, name):
            yield f"its {name} says {said}; its spec says {getattr(wanted, name)}"
    if report.catalogue.sha256 != wanted.catalogue:
        ours, theirs = wanted.catalogue[:12], report.catalogue.sha256[:12]
        yield f"it was made with another catalogue ({theirs}; here: {ours}): ask anew, or verify with that version"
        return  # what it requires otherwise follows from that
    rows = {row.id: row for row in report.requirements}
    for row in wanted.rows:
        if row.id not in rows:
            yield f"{row.id} is missing from its requirements"
        elif rows[row.id] != row:
            names = [name for name in type(row).model_fields if getattr(row, name) != getattr(rows[row.id], name)]
            yield f"{row.id} is changed: {_both(rows[row.id], row, names)}"
    yield from (
        f"{name} is no requirement of the catalogue" for name in sorted(set(rows) - {r.id for r in wanted.rows})
    )
    results = {(result.requirement, result.item): result for result in report.results}
    due = {(each.requirement, each.item): each for each in wanted.due}
    for key, each in due.items():
        if key not in results:
            yield f"{_called(*key)} is required and missing"
        else:
            yield from _changes(results[key], each)
    yield from (f"{_called(*key)} is not required: it is no part of the report" for key in results if key not in due)


def _changes(result: Result, due: Due) -> Iterator[str]:
    names = [
        name
        for name in ("pointer", "promise", "declared", "applicable", "context")
        if getattr(result, name) != getattr(due, name)
    ]
    if names:
        yield f"{_called(due.requirement, due.item)} is changed: {_both(result, due, names)}"
    asked = tuple((check.name, check.test) for check in result.checks)
    if asked != due.checks:
        yield f"{_called(due.requirement, due.item)} has other checks than are required: {_listed(due.checks)}"


def _listed(checks: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} ({test})" for name, test in checks) or "none"


def _both(said: object, right: object, names: list[str]) -> str:
    return "; ".join(f"{name} says {getattr(said, name)!s}; it is {getattr(right, name)!s}" for name in names)


def _changed(ours: Mapping[str, object], theirs: Mapping[str, object]) -> str:
    """Which sections of two specs differ."""
    keys = sorted({*ours, *theirs})
    return f"{', '.join(key for key in keys if ours.get(key) != theirs.get(key))} differ"


def _called(requirement: str, item: str) -> str:
    return f"{requirement}[{item}]" if item else requirement
