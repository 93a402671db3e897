"""Changes, files and plans for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from afspec.diff.change import Group
from afspec.diff.words import counted, folders, sections, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from afspec.diagnostics import Diagnostic
    from afspec.diff.asked import Asked
    from afspec.diff.change import Change
    from afspec.diff.comparison import Comparison
    from afspec.diff.files import Effects
    from afspec.diff.plan import Plan
    from afspec.diff.whatif import WhatIf

_WIDTH = 110
_PARTS, _MANY = 6, 10
LONG_DIFF, LONG_PLAN = 60, 600
REORDERED = "Nothing changes for users: both say the same, in another order or with defaults written out."


def _wrapped(text: str, lead: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def change_lines(changes: Sequence[Change], effects: Effects | None, *, full: bool = False) -> Iterator[str]:
    """Every change under its heading, with the files that it touches."""
    for section in sections(changes, full=full):
        yield from ("", section.group.heading)
        if section.counts:
            yield f"  - {section.counts}"
        for change in section.changes:
            yield from _wrapped(sentence(change, full=full), "  - ")
            shown = change.parts if full else change.parts[:_PARTS]
            for part in shown:
                yield from _wrapped(sentence(part, full=full), "      - ")
            if len(change.parts) > len(shown):
                yield f"      - and {counted(len(change.parts) - len(shown), 'more change')} below it"
            if effects is not None:
                yield from _wrapped(_touched(change, effects, full=full), "      ")


def _touched(change: Change, effects: Effects, *, full: bool) -> str:
    paths = effects.touched.get(change.pointer)
    if paths is None:
        return "files: part of a larger change" if effects.any else "files: none"
    return f"files: {(', '.join(paths) if full else folders(paths)) or 'none'}"


def warning_lines(appearing: Iterable[Diagnostic], vanishing: Iterable[Diagnostic]) -> Iterator[str]:
    """Diagnostics that only one of the two states has."""
    for title, found in (("Warnings that appear", appearing), ("Warnings that vanish", vanishing)):
        lines = [line for each in found for line in _wrapped(f"{each.code} {each.message} ({each.pointer})", "  - ")]
        if lines:
            yield from ("", title, *lines)


def file_lines(effects: Effects, *, full: bool = False) -> Iterator[str]:
    """The files of both states: what is new, gone and changed."""
    counts = ((len(effects.added), "new"), (len(effects.removed), "gone"), (len(effects.changed), "changed"))
    yield from ("", f"Files: {', '.join(f'{number} {word}' for number, word in counts if number) or 'none change'}")
    yield from _paths("new", effects.added, full=full)
    yield from _paths("gone", effects.removed, full=full)
    for path, lines in effects.changed.items():
        yield f"  changed  {path}  +{lines.added} -{lines.removed}"
    if several := effects.of_several:
        them = ", ".join(several) if full else folders(several)
        yield from _wrapped(f"Of these, no change alone makes {them}: several of them together do.", "  ")


def _paths(word: str, paths: Sequence[str], *, full: bool) -> Iterator[str]:
    """Files one by one, or by folder where they are many."""
    if full or len(paths) <= _MANY:
        yield from (f"  {word:<7}  {path}" for path in paths)
    elif paths:
        yield from _wrapped(folders(paths), f"  {word:<7}  ")


def tally(changes: Sequence[Change]) -> str:
    """How many changes of each group there are; "" where there is none."""
    # A source that changes in two fields is one.
    things = {
        (change.group, change.steps[:2] if change.steps[:1] == ("sources",) else change.steps) for change in changes
    }
    numbers = {group: sum(each is group for each, _ in things) for group in Group}
    return ", ".join(f"{number:,} {group.heading.lower()}" for group, number in numbers.items() if number)


def body(found: Comparison, *, full: bool = False) -> Iterator[str]:
    """Changes, then what the rules say otherwise."""
    yield tally(found.changes)
    yield from change_lines(found.changes, found.effects, full=full)
    yield from warning_lines(found.appearing, found.vanishing)


def diff_text(found: Comparison, *, full: bool = False) -> str:
    """What changes from one state to another."""
    old, new = found.old, found.new
    lines = [f"From {old.name} to {new.name}"]
    if not found.differs:
        return "\n".join([*lines, "", "Nothing changes."]) + "\n"
    told = body(found, full=full) if found.changes else ["", REORDERED]
    return "\n".join([*lines, *told, *file_lines(found.effects, full=full)]) + "\n"


def diff_lines(diffs: Mapping[str, str], *, full: bool) -> Iterator[tuple[str, list[str], int]]:
    """Path, lines and how many more there are, of every unified diff; long ones, and long plans, are cut."""
    left = LONG_PLAN
    for path, text in diffs.items():
        lines = text.splitlines()
        shown = lines if full else lines[: max(0, min(LONG_DIFF, left))]
        left -= len(shown)
        yield path, shown, len(lines) - len(shown)


def plan_text(plan: Plan, *, full: bool = False) -> str:
    """A plan for a terminal."""
    outcome = plan.outcome
    lines = [f"{outcome.folder}: {counted(outcome.outputs, 'file')}: {plan.counts}", plan.title]
    if plan.comparison is None:
        lines += ["", f"What it means to users cannot be told: {plan.unknown}."]
    elif not plan.comparison.changes:
        lines += ["", "Nothing changes for users: the facility is the one that is on disk."]
    else:
        lines += body(plan.comparison, full=full)
    if plan.generators:
        lines += ["", *_wrapped(f"Generators that changed since: {', '.join(plan.generators)}", "")]
    for title, paths in plan.obstacles:
        lines += ["", title, *(f"  {path}" for path in paths)]
    for path, shown, more in diff_lines(plan.diffs, full=full):
        if shown:
            lines += ["", *shown]
        if more:
            lines.append(f"... {path}: {counted(more, 'more line')}; --full shows them")
    return "\n".join(lines) + "\n"


def what_if_text(answer: WhatIf, asked: Sequence[Asked], *, full: bool = False) -> str:
    """What a site would have to decide, deploy and prove."""
    found = answer.comparison
    given = " and ".join(assumption.text for assumption in answer.assumptions)
    lines = [*_wrapped(f"{found.old.name}, if {given} (nothing is written)", "")]
    if not found.changes:
        lines += ["", "Nothing changes: the spec says so already."]
    lines += change_lines(found.changes, found.effects, full=full)
    for title, told in (
        ("Still to be decided", [f"{each.severity.value} {each.code} {each.message}. {each.hint}" for each in
                                 found.appearing]),
        ("No longer a problem", [f"{each.code} {each.message}" for each in found.vanishing]),
        ("Not declared yet", [f"{fact.pointer}: {fact.description}" for fact in answer.undeclared]),
        ("What conformance would ask", [f"{each.id} {each.level}: {each.title}" for each in asked]),
    ):  # fmt: skip
        if told:
            lines += ["", title, *(line for each in told for line in _wrapped(each, "  - "))]
    return "\n".join([*lines, *file_lines(found.effects, full=full)]) + "\n"
