"""The tree of a YAML file: scalars, maps and lists, each with the place that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afspec.diagnostics import Span


class Scalar(NamedTuple):
    """A word, number or text. `plain` is true when it was written without quotes."""

    text: str
    plain: bool
    span: Span
    size: int = 1

    @property
    def kind(self) -> str:
        """What people call it."""
        return "value"

    @property
    def is_null(self) -> bool:
        """Whether it says "nothing here" (YAML 1.2 core schema)."""
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


class Entry(NamedTuple):
    """A key of a map with its own place, and what it holds."""

    key_span: Span
    value: Node


class Mapping(NamedTuple):
    """A map; `size` counts its nodes as if aliases were written out."""

    entries: dict[str, Entry]
    span: Span
    size: int
    replaces: bool = False

    @property
    def kind(self) -> str:
        """What people call it."""
        return "map"


class Sequence(NamedTuple):
    """A list; `size` counts its nodes as if aliases were written out."""

    items: tuple[Node, ...]
    span: Span
    size: int
    replaces: bool = False

    @property
    def kind(self) -> str:
        """What people call it."""
        return "list"


type_names = {"value": "a single value", "map": "a map", "list": "a list"}
Node = Scalar | Mapping | Sequence


def item_name(node: Node) -> str | None:
    """The `name` of a list item, if it is a map that has one."""
    if isinstance(node, Mapping):
        entry = node.entries.get("name")
        if entry is not None and isinstance(entry.value, Scalar):
            return entry.value.text
    return None
