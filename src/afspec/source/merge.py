"""How a file overrides its base: maps merge, lists of named items merge by name, everything else replaces.

`null` takes away what the base said; `!replace` on a map or list takes the whole of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.diagnostics import CODES, Diagnostic, Severity
from afspec.source.nodes import Entry, Mapping, Node, Scalar, Sequence, item_name, type_names

if TYPE_CHECKING:
    from collections.abc import Callable


def _error(code: str, message: str, node: Node) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, span=node.span, hint=CODES[code].advice)


def names_of(node: Sequence) -> list[str] | None:
    """The names of a list's items, or None if any item has none (an empty list has no names)."""
    names = [item_name(item) for item in node.items]
    if not names or any(name is None for name in names):
        return None
    return [name for name in names if name is not None]


def _merge_maps(base: Mapping, over: Mapping, report: Callable[[Diagnostic], None]) -> Mapping:
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        old = entries.get(key)
        if isinstance(entry.value, Scalar) and entry.value.is_null:
            entries.pop(key, None)
        elif old is None:
            entries[key] = Entry(entry.key_span, strip(entry.value))
        else:
            entries[key] = Entry(entry.key_span, merge(old.value, entry.value, report))
    return Mapping(entries, over.span, 1 + sum(e.value.size for e in entries.values()))


def _merge_named(base: Sequence, over: Sequence, report: Callable[[Diagnostic], None]) -> Sequence:
    merged = {name: item for item in base.items if (name := item_name(item)) is not None}
    for item in over.items:
        name = item_name(item)
        if name is not None:
            merged[name] = merge(merged[name], item, report) if name in merged else strip(item)
    items = tuple(merged.values())
    return Sequence(items, over.span, 1 + sum(item.size for item in items))


def merge(base: Node, over: Node, report: Callable[[Diagnostic], None]) -> Node:
    """`over` on top of `base`; the empty map changes nothing.

    Args:
        base: what the base says.
        over: what the file that extends it says.
        report: is called with AF1004 where the two do not fit (the override is then taken).
    """
    if isinstance(over, Scalar):
        if not isinstance(base, Scalar):
            report(_error("AF1004", f"a single value overrides {type_names[base.kind]} of the base", over))
        return over
    if over.replaces:
        return strip(over)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _merge_maps(base, over, report)
    if isinstance(base, Sequence) and isinstance(over, Sequence):
        if names_of(base) is not None and names_of(over) is not None:
            return _merge_named(base, over, report)
        return strip(over)
    message = f"{type_names[over.kind]} overrides {type_names[base.kind]} of the base"
    report(_error("AF1004", message, over))
    return strip(over)


def strip(node: Node) -> Node:
    """`node` without nulls in maps and without merge marks: what remains when there is nothing below it."""
    if isinstance(node, Mapping):
        entries = {
            key: Entry(entry.key_span, strip(entry.value))
            for key, entry in node.entries.items()
            if not (isinstance(entry.value, Scalar) and entry.value.is_null)
        }
        return Mapping(entries, node.span, 1 + sum(e.value.size for e in entries.values()))
    if isinstance(node, Sequence):
        return Sequence(tuple(strip(item) for item in node.items), node.span, node.size)
    return node


def duplicate_names(node: Node, report: Callable[[Diagnostic], None]) -> None:
    """Report AF1003 for every list, however deep, that names two items alike."""
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            duplicate_names(entry.value, report)
    elif isinstance(node, Sequence):
        seen: dict[str, Node] = {}
        for item in node.items:
            name = item_name(item)
            if name is not None and isinstance(item, Mapping):
                if name in seen:
                    at = item.entries["name"].value
                    line = seen[name].span.line
                    report(_error("AF1003", f"two items are named `{name}`, the first at line {line}", at))
                seen[name] = item
            duplicate_names(item, report)
