"""A ledger as text for a terminal, Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.quantities import format_duration
from afspec.facts.age import format_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facts.fact import Fact, Ledger

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_TINTS = {"conflict": "\x1b[31m", "unverified": "\x1b[33m", "resolved": "\x1b[32m", "verified": "\x1b[32m"}
_STALE = "\x1b[33m"
_GAP = "  "
# A pointer that is longer than this does not move the documents of all others to the right.
_WIDEST_POINTER = 44


class Paper(NamedTuple):
    """What text is printed on: columns (0 for as many as needed), and whether it knows colours."""

    width: int = 0
    colour: bool = False

    def tint(self, text: str, code: str) -> str:
        """`text` in a colour, where there are any."""
        return f"{code}{text}{_RESET}" if self.colour and code else text


def _plural(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def summary(found: Ledger, of: Ledger) -> str:
    """One line: how many facts of how many, in which states, and how many promises have no source."""
    counts = ", ".join(f"{count} {word}" for word, count in found.counts.items())
    total = _plural(len(found.facts), "fact") + (f" of {len(of.facts)}" if len(found.facts) != len(of.facts) else "")
    promises = (
        f"{_plural(len(found.unsourced), 'promise')} without a source"
        if found.facility.declared_by == "public_documents"
        else "declared by the site itself"
    )
    return f"{total}{f' ({counts})' if counts else ''}; {promises}"


def disputed(fact: Fact) -> str:
    """What another document says, and who settled it; empty where nothing is disputed."""
    rival, settled = fact.source.conflict, fact.source.resolved
    if rival is None:
        return ""
    dated = f" ({rival.as_of})" if rival.as_of else ""
    if settled is None:
        return f"but {rival.doc}{dated} says `{rival.value}`"
    ruled_out = f"ruled out: `{rival.value}`, said by {rival.doc}{dated}"
    return f"settled {settled.as_of} by {settled.by}: {settled.how} ({ruled_out})"


def _wrapped(label: str, words: Sequence[str], width: int) -> list[str]:
    """Words after a label, broken at the width; they are never cut."""
    lines, line = [], label
    for word in words:
        if width and len(line) + 1 + len(word) > width and line.strip():
            lines.append(line)
            line = " " * len(label)
        line += f" {word}"
    return [*lines, line]


class _Layout(NamedTuple):
    """How wide the columns are; the document stands beside its fact where every line fits, else below it."""

    age: int
    date: int
    state: int
    pointer: int
    beside: bool

    @property
    def lead(self) -> int:
        """What comes before the pointer."""
        return self.age + self.date + self.state + 3 * len(_GAP)

    @classmethod
    def of(cls, facts: Sequence[Fact], width: int) -> _Layout:
        """The layout of some facts on paper of a width."""
        age = max(len("Age"), *(len(_age(fact)) for fact in facts))
        date = max(len("As of"), *(len(_date(fact)) for fact in facts))
        state = max(len("State"), *(len(fact.source.state) for fact in facts))
        pointer = max([len("Fact"), *(len(fact.pointer) for fact in facts if len(fact.pointer) <= _WIDEST_POINTER)])
        made = cls(age, date, state, pointer, beside=True)
        widest = max(max(len(fact.pointer), pointer) + len(_GAP) + len(fact.source.doc) for fact in facts)
        return made._replace(beside=not width or made.lead + widest <= width)


def _age(fact: Fact) -> str:
    return format_age(fact.age) + ("!" if fact.stale else "")


def _date(fact: Fact) -> str:
    return str(fact.source.confirmed or "-")


def _row(fact: Fact, layout: _Layout, paper: Paper) -> list[str]:
    """The line of a fact, and those below it: its document where that is not beside it, and what is disputed."""
    state = fact.source.state.value
    line = _GAP.join(
        (
            paper.tint(_age(fact).ljust(layout.age), _STALE if fact.stale else ""),
            _date(fact).ljust(layout.date),
            paper.tint(state.ljust(layout.state), _TINTS.get(state, "")),
            fact.pointer.ljust(layout.pointer) + _GAP + fact.source.doc if layout.beside else fact.pointer,
        )
    )
    margin = " " * (layout.lead - 1)
    document = [] if layout.beside else _wrapped(margin, fact.source.doc.split(), paper.width)
    rival = disputed(fact)
    more = _wrapped(margin, rival.split(), paper.width) if rival else []
    return [line, *(paper.tint(text, _DIM) for text in document), *more]


def _rows(facts: Sequence[Fact], paper: Paper) -> list[str]:
    layout = _Layout.of(facts, paper.width)
    last = "Fact".ljust(layout.pointer) + _GAP + "Document" if layout.beside else "Fact, and its document"
    header = ("Age".ljust(layout.age), "As of".ljust(layout.date), "State".ljust(layout.state), last)
    return [paper.tint(_GAP.join(header), _BOLD), *(line for fact in facts for line in _row(fact, layout, paper))]


def _text(found: Ledger, of: Ledger, paper: Paper) -> str:
    about = found.facility
    lines = [
        paper.tint(f"{about.name}: {about.title}", _BOLD),
        f"as of {found.as_of}; stale (!) after {format_duration(about.stale_after)}",
    ]
    if found.facts:
        lines += ["", *_rows(found.facts, paper)]
    lines += ["", summary(found, of)]
    # A site's own word needs no document.
    if about.declared_by == "public_documents":
        if found.unsourced:
            lines += _wrapped("promises without a source:", found.unsourced, paper.width)
        if found.uncovered:
            lines += _wrapped("covered by no source:", found.uncovered, paper.width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cell(text: Any) -> str:
    plain = "" if text is None else str(text)
    for mark in "\\`*_[]<>|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def _markdown(found: Ledger, of: Ledger, _: Paper) -> str:
    about = found.facility
    lines = [f"## {_cell(about.title)}", "", f"{summary(found, of)}. As of {found.as_of}.", ""]
    if found.facts:
        lines += ["| Age | As of | State | Fact | Document |", "| --: | :-- | :-- | :-- | :-- |"]
    for fact in found.facts:
        state = f"{fact.source.state}, stale" if fact.stale else fact.source.state.value
        document = "; ".join(_cell(text) for text in (fact.source.doc, fact.source.url, disputed(fact)) if text)
        date = fact.source.confirmed or ""
        lines.append(f"| {format_age(fact.age)} | {date} | {state} | {_cell(fact.pointer)} | {document} |")
    if about.declared_by == "public_documents" and found.uncovered:
        lines += ["", "Covered by no source: " + ", ".join(_cell(pointer) for pointer in found.uncovered) + "."]
    return "\n".join(lines) + "\n"


def _plain(fact: Fact) -> dict[str, Any]:
    """A fact as data; what is not known is null."""
    source = fact.source.model_dump(mode="json")
    source["as_of"] = str(fact.source.as_of) if fact.source.as_of else None
    return {"fact": fact.pointer, "age_days": fact.age, "stale": fact.stale, **source, "covers": list(fact.covers)}


def _json(pairs: Sequence[tuple[Ledger, Ledger]]) -> str:
    data = [
        {
            "site": found.facility.name,
            "title": found.facility.title,
            "declared_by": found.facility.declared_by,
            "as_of": str(found.as_of),
            "counts": found.counts,
            "facts": [_plain(fact) for fact in found.facts],
            "promises_without_a_source": list(found.unsourced),
            "uncovered": list(found.uncovered),
        }
        for found, _ in pairs
    ]
    return json.dumps(data, indent=2) + "\n"


_COLUMNS = ("site", "fact", "state", "stale", "age_days", "as_of", "doc", "url", "rival", "resolved_by", "note")


def _csv(pairs: Sequence[tuple[Ledger, Ledger]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for found, _ in pairs:
        for fact in found.facts:
            source = fact.source
            rival = source.conflict.value if source.conflict else None
            by = source.resolved.by if source.resolved else None
            row = (found.facility.name, fact.pointer, source.state.value, str(fact.stale).lower(), fact.age)
            writer.writerow((*row, source.confirmed, source.doc, source.url, rival, by, source.note))
    return out.getvalue()


_ONE_EACH = {"text": _text, "markdown": _markdown}
_TOGETHER = {"json": _json, "csv": _csv}
FORMATS: tuple[str, ...] = (*_ONE_EACH, *_TOGETHER)


def render_facts(pairs: Sequence[tuple[Ledger, Ledger]], form: str, paper: Paper | None = None) -> str:
    """Ledgers in one of FORMATS, each a pair: the facts that were chosen, and the whole that they were chosen from."""
    if form in _TOGETHER:
        return _TOGETHER[form](pairs)
    return "\n".join(_ONE_EACH[form](found, of, paper or Paper()) for found, of in pairs)
