"""Running the rules: from findings, which are pointers, to diagnostics, which are places in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.diagnostics import Diagnostic
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.registry import every_rule
from afspec.source import find, parse_pointer

if TYPE_CHECKING:
    import datetime as dt

    from afspec.facility import Facility
    from afspec.source import Document


def diagnose(rule: Rule, finding: Finding, document: Document) -> Diagnostic:
    """What a finding says to a person; an absent field is shown at the deepest part of its pointer that exists."""
    _, span, _ = find(document.root, parse_pointer(finding.pointer))
    return Diagnostic(
        rule.code,
        rule.severity,
        f"{rule.title}: {finding.detail}" if finding.detail else rule.title,
        span=span,
        hint=f"Did you mean `{finding.nearest}`? {rule.advice}" if finding.nearest else rule.advice,
        pointer=finding.pointer,
    )


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return (span.file, span.line, span.column, diagnostic.code) if span else ("", 0, 0, diagnostic.code)


def check(facility: Facility, document: Document, as_of: dt.date) -> list[Diagnostic]:
    """Everything that the rules find in a facility, in the order of the files.

    Args:
        facility: what is checked.
        document: what it was made from, for the places.
        as_of: the day on which facts are judged stale or not.
    """
    context = Context(as_of)
    found = [diagnose(rule, finding, document) for rule in every_rule() for finding in rule.check(facility, context)]
    return sorted(found, key=_order)
