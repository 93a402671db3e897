"""Pointers such as /batch/slurm/partitions/milano: JSON Pointer (RFC 6901), list items by name or index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.source.nodes import Mapping, Node, Scalar, Sequence, item_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.diagnostics import Span


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """The parts of a pointer; "" is the whole document.

    Raises:
        ValueError: it is not empty and does not start with a slash.
    """
    if pointer in {"", "/"}:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a pointer starts with a slash: {pointer!r}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def format_pointer(parts: Iterable[str | int]) -> str:
    """The pointer of some parts; the inverse of parse_pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def step(node: Node, part: str) -> tuple[Node, Span] | None:
    """The child that `part` names, with the place of its key (or its own); None where there is none."""
    if isinstance(node, Mapping):
        entry = node.entries.get(part)
        return (entry.value, entry.key_span) if entry else None
    if isinstance(node, Sequence):
        for item in node.items:
            if item_name(item) == part:
                return item, item.span
        if part.isdecimal() and len(part) < 7 and int(part) < len(node.items):  # noqa: PLR2004 - an index
            item = node.items[int(part)]
            return item, item.span
    return None


def places(node: Node, key_span: Span) -> tuple[Span, Span]:
    """Where a node's key and its value are shown.

    A whole block underlined helps nobody: of a map or list it is the key, or the name of a list's item.
    """
    if isinstance(node, Scalar):
        return key_span, node.span
    if isinstance(node, Mapping) and "name" in node.entries and key_span == node.span:
        name = node.entries["name"].value.span
        return name, name
    return key_span, key_span


def find(root: Node, parts: Iterable[str]) -> tuple[Span, Span, bool]:
    """Where a pointer leads: the place of its key, of its value, and whether it was found whole.

    Where it was not, the places are those of the deepest part that exists: what a diagnostic about an absent
    value can point to.
    """
    node, key_span = root, root.span
    for part in parts:
        found = step(node, part)
        if found is None:
            return key_span, key_span, False
        node, key_span = found
    return *places(node, key_span), True
