"""Running the rules: from findings, which are pointers, to diagnostics, which are places in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.diagnostics import Diagnostic
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.ignoring import reason_for
from afspec.rules.registry import every_rule
from afspec.source import find, parse_pointer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.source import Document


def diagnose(rule: Rule, finding: Finding, document: Document, ignored: str | None = None) -> Diagnostic:
    """What a finding says to a person; an absent field is shown at the deepest part of its pointer that exists."""
    _, span, _ = find(document.root, parse_pointer(finding.pointer))
    return Diagnostic(
        rule.code,
        rule.severity,
        f"{rule.title}: {finding.detail}" if finding.detail else rule.title,
        span=span,
        hint=f"Did you mean `{finding.nearest}`? {rule.advice}" if finding.nearest else rule.advice,
        pointer=finding.pointer,
        ignored=ignored,
    )


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return (span.file, span.line, span.column, diagnostic.code) if span else ("", 0, 0, diagnostic.code)


def check(facility: Facility, document: Document, as_of: dt.date) -> list[Diagnostic]:
    """Everything that the rules find in a facility, in the order of the files; what the spec ignores has a reason.

    Args:
        facility: what is checked.
        document: what it was made from, for the places.
        as_of: the day on which facts are judged stale or not.
    """
    found = list(_findings(facility, as_of))
    reasons = [reason_for(facility, *pair) for pair in found] if facility.ignored else [None] * len(found)
    return sorted((diagnose(*pair, document, why) for pair, why in zip(found, reasons, strict=True)), key=_order)


def _findings(facility: Facility, as_of: dt.date) -> Iterator[tuple[Rule, Finding]]:
    """What each rule finds; rules that come after the others are told what those found."""
    rules = every_rule()
    context = Context(as_of)
    found = [(rule, finding) for rule in rules if not rule.after_others for finding in rule.check(facility, context)]
    yield from found
    context = Context(
        as_of,
        {rule.code: rule.severity for rule in rules},
        tuple((rule.code, finding.pointer) for rule, finding in found),
    )
    yield from ((rule, finding) for rule in rules if rule.after_others for finding in rule.check(facility, context))
