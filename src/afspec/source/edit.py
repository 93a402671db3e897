"""Another state of a spec: a tree with one thing put elsewhere, without touching the tree that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.source.nodes import Entry, Mapping, Scalar, Sequence, item_name

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from afspec.source.nodes import Node


def _index(items: tuple[Node, ...], part: str) -> int | None:
    for index, item in enumerate(items):
        if item_name(item) == part:
            return index
    return int(part) if part.isdecimal() and int(part) < len(items) else None


def _in_map(root: Mapping, part: str, rest: Items[str], node: Node | None) -> Mapping:
    entries = dict(root.entries)
    old = entries.get(part)
    if not rest and node is None:
        entries.pop(part, None)
    elif not rest and node is not None:
        entries[part] = Entry(old.key_span if old else root.span, node)
    elif old is not None:
        entries[part] = Entry(old.key_span, put(old.value, rest, node))
    elif node is not None:
        entries[part] = Entry(root.span, put(Mapping({}, root.span, 1), rest, node))
    return Mapping(entries, root.span, 1 + sum(entry.value.size for entry in entries.values()))


def _in_list(root: Sequence, part: str, rest: Items[str], node: Node | None) -> Sequence:
    items = list(root.items)
    index = _index(root.items, part)
    if index is None:
        if node is not None:
            named = Mapping({"name": Entry(root.span, Scalar(part, plain=False, span=root.span))}, root.span, 2)
            items.append(put(named, rest, node))
    elif not rest and node is None:
        del items[index]
    else:
        items[index] = put(items[index], rest, node)
    return Sequence(tuple(items), root.span, 1 + sum(item.size for item in items))


def put(root: Node, parts: Items[str], node: Node | None) -> Node:
    """`root` with `node` where `parts` lead, or without what is there where `node` is None.

    Maps that are absent on the way are made; of a list, an item that is absent is added under its name.

    Raises:
        ValueError: `parts` lead through a single value, or the whole document is to be removed.
    """
    if not parts:
        if node is None:
            raise ValueError("the whole document cannot be removed")
        return node
    part, rest = parts[0], parts[1:]
    if isinstance(root, Mapping):
        return _in_map(root, part, rest, node)
    if isinstance(root, Sequence):
        return _in_list(root, part, rest, node)
    raise ValueError(f"`{root.text}` is a single value: nothing is below it")
