"""Diagnostics as text with a caret, as JSON for scripts, and as GitHub workflow commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afspec.diagnostics.diagnostic import Diagnostic, Span

_COLOUR = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[1;34m", "\x1b[0m"
_WIDEST_LINE = 160


def printable(text: str, keep: str = "") -> str:
    """`text` with control characters shown as escapes, but those to `keep`: no spec may drive a terminal."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text)


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around `column` (from 1), and the column inside that part."""
    if len(line) <= _WIDEST_LINE:
        return line, column
    start = max(0, column - 1 - _WIDEST_LINE // 2)
    return line[start : start + _WIDEST_LINE], column - start


def excerpt(span: Span, lines: Mapping[str, list[str]], *, colour: bool = False) -> list[str]:
    """The line that a span is on, with a caret under it; nothing where the line is not known."""
    blue, reset = (_BLUE, _RESET) if colour else ("", "")
    text = lines.get(span.file, [])
    if not 0 < span.line <= len(text):
        return []
    line, column = _window(text[span.line - 1], span.column)
    width = span.end_column - span.column if span.end_line == span.line else len(line) - column + 1
    width = max(1, min(width, len(line) - column + 1))
    number = str(span.line)
    gutter = " " * len(number)
    lead = "".join("\t" if c == "\t" else " " for c in line[: column - 1])
    # A tab is kept so that the caret lines up under it; everything else unprintable becomes one dot.
    shown = "".join(c if c.isprintable() or c == "\t" else "." for c in line)
    return [
        f"{gutter} {blue}|{reset}",
        f"{number} {blue}|{reset} {shown}",
        f"{gutter} {blue}|{reset} {lead}{'^' * width}",
    ]


def render_text(diagnostic: Diagnostic, sources: Mapping[str, list[str]], *, colour: bool = False) -> str:
    """One diagnostic as a compiler prints it.

    Args:
        diagnostic: what to print.
        sources: the lines of every file that was read, by the name used in spans.
        colour: whether to use ANSI colours (only on a terminal).
    """
    tint = _COLOUR[diagnostic.severity] if colour else ""
    bold, blue, reset = (_BOLD, _BLUE, _RESET) if colour else ("", "", "")
    severity = diagnostic.severity.value
    out = [f"{tint}{severity}[{diagnostic.code}]{reset}{bold}: {printable(diagnostic.message)}{reset}"]
    where = str(diagnostic.span) if diagnostic.span else diagnostic.place
    if where:
        out.append(f"  {blue}-->{reset} {printable(where)}")
    out.extend(excerpt(diagnostic.span, sources, colour=colour) if diagnostic.span else [])
    if diagnostic.hint:
        out.append(f"   {blue}={reset} {printable(diagnostic.hint)}")
    return "\n".join(out)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics as one JSON array; lines and columns count from 1, `ignored` is the spec's reason or null."""
    rows = [
        {
            "code": d.code,
            "severity": d.severity.value,
            "message": d.message,
            "hint": d.hint,
            "pointer": d.pointer,
            "place": str(d.span) if d.span else d.place,
            "span": d.span._asdict() if d.span else None,
            "ignored": d.ignored,
        }
        for d in diagnostics
    ]
    return json.dumps(rows, indent=2)


def _escape(text: str, *, in_property: bool) -> str:
    """Escapes of GitHub's workflow commands (docs.github.com, Workflow commands); no control character is left."""
    lines = text.replace("%", "%25").split("\n")
    text = "%0A".join(printable(line.replace("\r", "%0D")) for line in lines)
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


def render_github(diagnostic: Diagnostic) -> str:
    """One diagnostic as a GitHub workflow command, which marks the line in a pull request."""
    keys = [f"title={_escape(diagnostic.code, in_property=True)}"]
    if span := diagnostic.span:
        keys += [
            f"file={_escape(span.file, in_property=True)}",
            f"line={span.line}",
            f"col={span.column}",
            f"endLine={span.end_line}",
            f"endColumn={span.end_column}",
        ]
    message = f"{diagnostic.message}. {diagnostic.hint}".rstrip(". ") if diagnostic.hint else diagnostic.message
    return f"::{diagnostic.severity.value} {','.join(keys)}::{_escape(message, in_property=False)}"
