"""Every diagnostic with its meaning: those of the passes, and those of the rules, which document themselves."""

from __future__ import annotations

import json
import textwrap

from afspec.diagnostics import CODES, Meaning, Severity
from afspec.rules.registry import every_rule

_WIDTH = 100


def meanings() -> list[Meaning]:
    """All diagnostics in order of code."""
    passes = [Meaning(code, "error", known.title, known.advice) for code, known in CODES.items()]
    rules = [Meaning(rule.code, rule.severity.value, rule.title, rule.advice, rule.why) for rule in every_rule()]
    return sorted([*passes, *rules])


def markdown(rows: list[Meaning], page: str = "") -> str:
    """The diagnostics as a table; `page` is the path of a rule's page, with a place for its code."""
    rules = {rule.code for rule in every_rule()} if page else set()
    lines = ["| Code | Severity | Meaning | What to do |", "| :-- | :-- | :-- | :-- |"]
    for row in rows:
        code = f"[{row.code}]({page.format(row.code)})" if row.code in rules else row.code
        lines.append(f"| {code} | {row.severity} | {in_markdown(row.title)} | {in_markdown(row.advice)} |")
    return "\n".join(lines) + "\n"


def in_markdown(text: str) -> str:
    """A sentence as Markdown, in a table too: nothing in it is HTML, and what stands between backticks stays."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))


def ignoring(code: str, at: str = "/pointer/into/the/spec") -> str:
    """How a spec lives with what a rule finds, or why it cannot; empty for what no rule finds."""
    rule = next((rule for rule in every_rule() if rule.code == code), None)
    if rule is None:
        return ""
    if rule.severity is Severity.ERROR:
        return "An error cannot be ignored: no right files can be made before it is corrected.\n"
    if rule.after_others:
        return "A spec cannot ignore it: what it points to is quickly corrected.\n"
    return (
        f"For one run, `--ignore {code}` leaves it out. A spec that lives with it says why; without `at:` it is meant\n"
        "wherever it is found:\n\n"
        f"    ignored:\n      - {{rule: {code}, at: {at}, reason: Why it is right as it is.}}\n"
    )


def _page(meaning: Meaning) -> str:
    head = f"{meaning.code} ({meaning.severity}): {meaning.title}\n"
    said = [textwrap.fill(part, _WIDTH) + "\n" for part in (meaning.why, meaning.advice) if part]
    return head + "\n".join(part for part in (*said, ignoring(meaning.code)) if part)


def describe(code: str | None, form: str) -> str | None:
    """The diagnostics as text, Markdown or JSON; None where no diagnostic has the code."""
    rows = [row for row in meanings() if code in {None, row.code}]
    if not rows:
        return None
    if form == "json":
        return json.dumps([row._asdict() for row in rows], indent=2) + "\n"
    if form == "markdown":
        return markdown(rows)
    if code:
        return _page(rows[0])
    return "".join(f"{row.code}  {row.severity:<7}  {row.title}\n" for row in rows)
