"""Every diagnostic with its meaning: those of the passes, and those of the rules, which document themselves."""

from __future__ import annotations

import json
from typing import NamedTuple

from afspec.diagnostics import CODES
from afspec.rules.registry import every_rule


class Meaning(NamedTuple):
    """A diagnostic's documentation."""

    code: str
    severity: str
    title: str
    advice: str


def meanings() -> list[Meaning]:
    """All diagnostics in order of code."""
    passes = [Meaning(code, "error", known.title, known.advice) for code, known in CODES.items()]
    rules = [Meaning(rule.code, rule.severity.value, rule.title, rule.advice) for rule in every_rule()]
    return sorted([*passes, *rules])


def _markdown(rows: list[Meaning]) -> str:
    lines = ["| Code | Severity | Meaning | What to do |", "| :-- | :-- | :-- | :-- |"]
    lines += [f"| {row.code} | {row.severity} | {row.title} | {row.advice} |".replace("<", "&lt;") for row in rows]
    return "\n".join(lines) + "\n"


def describe(code: str | None, form: str) -> str | None:
    """The diagnostics as text, Markdown or JSON; None where no diagnostic has the code."""
    rows = [row for row in meanings() if code in {None, row.code}]
    if not rows:
        return None
    if form == "json":
        return json.dumps([row._asdict() for row in rows], indent=2) + "\n"
    if form == "markdown":
        return _markdown(rows)
    if code:
        return f"{rows[0].code} ({rows[0].severity}): {rows[0].title}\n{rows[0].advice}\n"
    return "".join(f"{row.code}  {row.severity:<7}  {row.title}\n" for row in rows)
