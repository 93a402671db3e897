"""Single values as people read them, and which of two is more."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afspec.facility.common import Model
from afspec.facility.kinds import Kind, kinds_of, write
from afspec.facility.quantities import PortRange

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = re.compile(r"([0-9]+)")
_PLAIN = re.compile(r"[^\s,;]+\Z")


def shown(value: Any, kind: Kind = Kind.WORD) -> str:
    """A single value in words: units, digits in groups, quotation marks around text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and kind is Kind.NUMBER:
        return f"{value:,}"
    text = str(write(value, kind))
    if "\n" in text:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"text of {text.count(chr(10)):,} lines, sha256 {digest[:16]}"
    return text if kind is not Kind.WORD or _PLAIN.match(text) else f'"{text}"'


def listed(values: Any) -> str:
    """Several values in a row."""
    return ", ".join(shown(value) for value in values)


def _version(text: str) -> list[tuple[int, int, str]]:
    """A version by its parts: numbers by size and after words, so that 1.0 comes after 1.0rc1."""
    parts = [part for part in _DIGITS.split(text) if part.strip(".+-")]
    key = [(1, int(part), "") if part.isdecimal() else (-1, 0, part) for part in parts]
    return [*key, (0, 0, "")]


class Move(StrEnum):
    """How one value lies to another."""

    UP = "up"
    DOWN = "down"
    OTHER = "other"


def move(old: Any, new: Any, kind: Kind) -> Move:
    """Whether `new` is more or less than `old`, where that can be said; neither is None."""
    if isinstance(old, PortRange) and isinstance(new, PortRange):
        if new.low <= old.low and old.high <= new.high:
            return Move.UP
        return Move.DOWN if old.low <= new.low and new.high <= old.high else Move.OTHER
    numbers = isinstance(old, (int, float)) and isinstance(new, (int, float))
    if kind is Kind.VERSION:
        before, after = _version(str(old)), _version(str(new))
        return Move.OTHER if before == after else Move.UP if after > before else Move.DOWN
    if kind.ordered and numbers and not isinstance(old, bool) and not isinstance(new, bool):
        return Move.UP if new > old else Move.DOWN
    return Move.OTHER


def details(value: Any) -> Iterator[str]:
    """What a spec says of a thing, a few words each: "nodes 131", "memory 480 GiB", "partitions roma, ampere"."""
    if not isinstance(value, Model):
        return
    kinds = kinds_of(type(value))
    for name in type(value).model_fields:
        held = getattr(value, name)
        if name in {"name", "stance", "note"} or name not in value.model_fields_set or held is None or held == ():
            continue
        key = name.replace("_", " ")
        if isinstance(held, Model):
            yield from (f"{key} {below}" for below in details(held))
        elif isinstance(held, dict):
            yield from (f"{key} {word} {shown(item)}" for word, item in held.items())
        elif isinstance(held, tuple) and not hasattr(held, "_fields"):  # not a NamedTuple, which is one value
            models = [item for item in held if isinstance(item, Model)]
            names = [str(getattr(item, "name", "")) for item in models]
            yield f"{key} {listed(held)}" if not models else f"{key} {', '.join(filter(None, names)) or len(models)}"
        else:
            yield f"{key} {shown(held, kinds[name])}"
