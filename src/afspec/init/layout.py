"""YAML with comments: plain data laid out as specs are, with notes above values, and examples behind a mark.

A comment whose # is followed by one space is prose. The others are examples: without the # they are YAML, and hold.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from afspec.source import to_plain
from afspec.source.parser import parse
from afspec.source.text import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 120
_STEP = 2
# YAML 1.1, which the emitter knows, reads a date in these; the language reads a word.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?\Z")


class Row(dict[str, Any]):
    """A map that is written on one line where it fits."""


@dataclass(frozen=True)
class Noted:
    """A value with prose above it."""

    note: str
    value: Any


@dataclass(frozen=True)
class Marked:
    """An example: a value, or an item of a list, that is commented out."""

    value: Any


def section(note: str, value: Any, *, example: bool) -> Noted:
    """A section under its note; an example where nothing of it was answered."""
    return Noted(note, Marked(value) if example else value)


def known(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {key: value for key, value in fields.items() if value is not None}


@lru_cache(maxsize=1024)
def _plain(text: str) -> bool:
    """Whether a text needs no quotes in maps and lists: the language's reader finds it as it is, and YAML 1.1's too."""
    read = parse(SourceFile("", f"[{{k: {text}, {text}: v}}, {text}]\n", ""))
    if read.root is None or read.diagnostics or to_plain(read.root) != [{"k": text, text: "v"}, text]:
        return False
    try:
        return bool(_DATE.match(text)) or yaml.safe_load(text) == text
    except (ValueError, yaml.YAMLError):  # what looks like a time, and is none
        return False


def scalar(value: Any) -> str:
    """A single value, quoted where it must be, in a flow list too."""
    if isinstance(value, str) and _plain(value):
        return value
    style = '"' if isinstance(value, str) else None
    emitted: str = yaml.safe_dump(
        [value], default_flow_style=True, default_style=style, width=1 << 20, allow_unicode=True
    )
    return emitted.strip()[1:-1]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return scalar(value)


def _on_one_line(value: Any) -> bool:
    """Whether a value is written behind its key: single values, lists of them, rows."""
    if isinstance(value, list):
        return not any(isinstance(item, (dict, list, Marked, Noted)) for item in value)
    return isinstance(value, Row) or not isinstance(value, dict)


def _marked(lines: list[str], indent: int) -> list[str]:
    return [f"{line[:indent]}#{line[indent:]}" for line in lines]


def _prose(note: str, indent: int) -> list[str]:
    pad = " " * indent
    wrapped = textwrap.wrap(
        note, _WIDTH, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ", break_on_hyphens=False
    )
    return wrapped or [f"{pad}#"]


def _opened(lead: str, value: Any, indent: int) -> list[str]:
    """A value behind `key:` or `-`, on that line or below it; `indent` is that of what stands below."""
    line = f"{lead} {_flow(value)}" if _on_one_line(value) else ""
    if line and (len(line) < _WIDTH or not isinstance(value, (dict, list)) or not value):
        return [line]
    below = list(lines(value, indent))
    if lead.endswith("-"):  # an item begins behind its dash
        first = below[0]
        if not first.lstrip().startswith("#"):
            return [f"{lead} {first.lstrip()}", *below[1:]]
    return [lead, *below]


def _part(lead: str, value: Any, indent: int, deeper: int) -> Iterator[str]:
    if isinstance(value, Noted):
        yield from _prose(value.note, indent)
        value = value.value
    example = isinstance(value, Marked)
    made = _opened(" " * indent + lead, value.value if isinstance(value, Marked) else value, deeper)
    yield from _marked(made, indent) if example else made


def lines(value: Any, indent: int = 0) -> Iterator[str]:
    """The lines of a map or list in block style."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _part(f"{scalar(key)}:", item, indent, indent + _STEP)
    else:
        for item in value:
            yield from _part("-", item, indent, indent + _STEP)
