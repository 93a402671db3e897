"""Markdown: tables that read well raw, links, lists of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.quoting import Raw, code, markdown, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def cell(value: Any) -> Raw:
    """A value in a table: text is escaped, what is Markdown already stays, None is an empty cell."""
    return Raw("" if value is None else markdown(value).strip())


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Raw:
    """A table with its columns aligned; columns that are empty in every row are left out, and so is an empty table."""
    cells = [[cell(value) for value in row] for row in rows]
    kept = [index for index in range(len(header)) if any(row[index] for row in cells)]
    if not kept:
        return Raw("")
    lines = [[header[index] for index in kept], *([str(row[index]) for index in kept] for row in cells)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(kept))]
    lines.insert(1, ["-" * width for width in widths])
    return Raw("\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines))


def link(url: str | None) -> Raw | None:
    """A URL that can be clicked; one with placeholders in it is shown as code."""
    if url is None:
        return None
    return code(url) if "<" in url else Raw(f"<{one_line(url)}>")  # also right for an e-mail address


def codes(values: Iterable[Any]) -> Raw:
    """Values as code, with commas."""
    return Raw(", ".join(code(value) for value in values))


def joined(*parts: Any, by: str = "; ") -> Raw:
    """The parts that say something, each escaped."""
    return Raw(by.join(text for text in map(cell, parts) if text))


def notes(named: Iterable[tuple[str, Any]]) -> Raw:
    """A list of remarks by name, of those that have one; a table would grow too wide for them."""
    return Raw("\n".join(f"- {cell(name)}: {cell(text)}" for name, text in named if text))


def blocks(*parts: Raw) -> Raw:
    """Blocks of Markdown with blank lines between them."""
    return Raw("\n\n".join(part for part in parts if part))
