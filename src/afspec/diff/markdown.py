"""Changes and plans in Markdown, for a comment in a pull request: nothing of a spec becomes markup there."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from afspec.diagnostics import printable
from afspec.diff.text import REORDERED, diff_lines, tally
from afspec.diff.words import about, before, counted, folders, now, sections, shortened
from afspec.generators.quoting import markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from afspec.diagnostics import Diagnostic
    from afspec.diff.asked import Asked
    from afspec.diff.change import Change
    from afspec.diff.comparison import Comparison
    from afspec.diff.files import Effects
    from afspec.diff.plan import Plan
    from afspec.diff.whatif import WhatIf

_TICKS = re.compile(r"`+")


def span(text: str) -> str:
    """Text as code: links, mentions and markup in it mean nothing (GitHub Flavored Markdown, 6.3)."""
    plain = " ".join(printable(text).split())
    if not plain:
        return ""
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(plain)), default=0))
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"


def cell(text: str) -> str:
    """Text as code in a cell of a table, which a pipe would end even inside of code (4.10 there)."""
    if "|" not in text:
        return span(text)
    plain = " ".join(printable(text).split())
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in plain)}</code>"


def words(text: str) -> str:
    """A sentence of ours in which names stand between back-ticks."""
    parts = text.split("`")
    return "".join(cell(part) if index % 2 else markdown(part) for index, part in enumerate(parts))


def block(lines: Sequence[str], language: str = "") -> list[str]:
    """Lines as a block of code that none of them can end."""
    shown = [printable(line, keep="\t") for line in lines]
    longest = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *shown, fence]


def change_lines(changes: Sequence[Change], effects: Effects | None, *, full: bool = False) -> Iterator[str]:
    """A table for every group of changes."""
    for section in sections(changes, full=full):
        yield from ("", f"### {section.group.heading}", "")
        if section.counts:
            yield from (f"{markdown(section.counts)}.", "")
        if section.changes:
            yield "| What | Before | Now | Files |"
            yield "| :-- | :-- | :-- | :-- |"
        for change in section.changes:
            cells = (cell(shortened(text, full=full)) for text in (before(change), now(change)))
            yield f"| {words(about(change))} | {' | '.join(cells)} | {_touched(change, effects)} |"
            for part in change.parts:
                cells = (cell(shortened(text, full=full)) for text in (before(part), now(part)))
                yield f"| - {words(about(part))} | {' | '.join(cells)} | |"


def _touched(change: Change, effects: Effects | None) -> str:
    paths = effects.touched.get(change.pointer) if effects else None
    return cell(folders(paths)) if paths else ""


def warning_lines(appearing: Iterable[Diagnostic], vanishing: Iterable[Diagnostic]) -> Iterator[str]:
    """Diagnostics that only one of the two states has."""
    for title, found in (("Warnings that appear", appearing), ("Warnings that vanish", vanishing)):
        lines = [f"- {each.code}: {span(f'{each.message} ({each.pointer})')}" for each in found]
        if lines:
            yield from ("", f"### {title}", "", *lines)


def file_lines(effects: Effects) -> Iterator[str]:
    """The files of both states, folded away."""
    counts = ((len(effects.added), "new"), (len(effects.removed), "gone"), (len(effects.changed), "changed"))
    said = ", ".join(f"{number} {word}" for number, word in counts if number) or "none change"
    rows = [
        *(f"new      {path}" for path in effects.added),
        *(f"gone     {path}" for path in effects.removed),
        *(f"changed  {path}  +{lines.added} -{lines.removed}" for path, lines in effects.changed.items()),
    ]
    yield from ("", f"### Files: {said}", "")
    if rows:
        yield from ("<details><summary>All of them</summary>", "", *block(rows), "", "</details>")


def body(found: Comparison, *, full: bool = False) -> Iterator[str]:
    """Changes, then what the rules say otherwise."""
    yield from ("", f"{tally(found.changes)}.")
    yield from change_lines(found.changes, found.effects, full=full)
    yield from warning_lines(found.appearing, found.vanishing)


def diff_markdown(found: Comparison, *, full: bool = False) -> str:
    """What changes from one state to another."""
    lines = [f"## From {span(found.old.name)} to {span(found.new.name)}"]
    if not found.differs:
        return "\n".join([*lines, "", "Nothing changes."]) + "\n"
    told = body(found, full=full) if found.changes else ["", REORDERED]
    return "\n".join([*lines, *told, *file_lines(found.effects)]) + "\n"


def plan_markdown(plan: Plan, *, full: bool = False) -> str:
    """A plan for a pull request."""
    outcome = plan.outcome
    lines = [f"## {span(outcome.name)}: {plan.counts}", ""]
    lines += [f"{span(plan.title)}, {counted(outcome.outputs, 'file')} in {span(outcome.folder)}"]
    if plan.comparison is None:
        lines += ["", f"What it means to users cannot be told: {span(plan.unknown)}."]
    elif not plan.comparison.changes:
        lines += ["", "Nothing changes for users: the facility is the one that is on disk."]
    else:
        lines += body(plan.comparison, full=full)
    if plan.generators:
        lines += ["", f"Generators that changed since: {', '.join(map(span, plan.generators))}"]
    for title, paths in plan.obstacles:
        lines += ["", title, "", *(f"- {span(path)}" for path in paths)]
    if plan.diffs:
        lines += ["", "### Files", ""]
    for path, shown, more in diff_lines(plan.diffs, full=full):
        lines += _folded(path, shown, more)
    return "\n".join(lines) + "\n"


def _folded(path: str, shown: list[str], more: int) -> list[str]:
    """A file's diff, folded away."""
    signs = [line[0] for line in shown[2:] if line.startswith(("+", "-"))]
    rest = f", and {counted(more, 'line')} not shown" if more else ""
    summary = f"<code>{html.escape(printable(path))}</code> +{signs.count('+')} -{signs.count('-')}{rest}"
    inside = ["", *block(shown, "diff"), ""] if shown else [""]
    return [f"<details><summary>{summary}</summary>", *inside, "</details>"]


def what_if_markdown(answer: WhatIf, asked: Sequence[Asked], *, full: bool = False) -> str:
    """What a site would have to decide, deploy and prove."""
    found = answer.comparison
    lines = [f"## {span(found.old.name)}, if {' and '.join(span(each.text) for each in answer.assumptions)}"]
    if not found.changes:
        lines += ["", "Nothing changes: the spec says so already."]
    lines += change_lines(found.changes, found.effects, full=full)
    for title, told in (
        ("Still to be decided", [f"{each.code}: {span(f'{each.message}. {each.hint}')}" for each in found.appearing]),
        ("No longer a problem", [f"{each.code}: {span(each.message)}" for each in found.vanishing]),
        ("Not declared yet", [f"{span(fact.pointer)}: {markdown(fact.description)}" for fact in answer.undeclared]),
        ("What conformance would ask", [f"{span(each.id)} {each.level}: {markdown(each.title)}" for each in asked]),
    ):
        if told:
            lines += ["", f"### {title}", "", *(f"- {each}" for each in told)]
    return "\n".join([*lines, *file_lines(found.effects)]) + "\n"
