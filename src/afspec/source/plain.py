"""From nodes to plain Python values, by the YAML 1.2 core schema: `no` is a word, `1:30` is not a number."""

from __future__ import annotations

import re
from typing import Any, Self

from afspec.source.nodes import Mapping, Node, Scalar, Sequence

_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z")
_SPECIAL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_MAYBE_NUMBER = frozenset("+-.0123456789")


class Number(float):
    """A float that remembers how it was written: version 1.30 is not 1.3."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Parse `text`; raises ValueError if it is not a number."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


def scalar_value(node: Scalar) -> Any:
    """A scalar's value: None, bool, int, Number or str."""
    text = node.text
    if not node.plain:
        return text
    if node.is_null:
        return None
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text[0] in _MAYBE_NUMBER:
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text):
            return Number(text)
    return text


def to_plain(node: Node) -> Any:
    """The node as dicts, lists and values; positions are left behind."""
    if isinstance(node, Mapping):
        return {key: to_plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [to_plain(item) for item in node.items]
    return scalar_value(node)
