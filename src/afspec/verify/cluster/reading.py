"""YAML as Helm and kubectl read it, with the place of every node.

Both read what the Go package sigs.k8s.io/yaml takes: `y` is true, 1e3 and 08 are numbers, dates and times of day are
text. PyYAML reads some of these otherwise, and writes them without quotes.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# No object is as large; aliases may stand for far more than a file's size.
_MOST_NODES = 500_000
_DEEPEST = 200
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_BOOL = re.compile(rf"^(?:{'|'.join(_TRUE + _FALSE)})$")
_INT = re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
)


class UnreadableError(Exception):
    """A file is not YAML, or too much of it; `line` is where, 0 where that is nowhere in particular."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class _Loader(_LOADER):  # type: ignore[misc,valid-type]
    """Resolves plain scalars as sigs.k8s.io/yaml does."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


for _name, _pattern, _first in (
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+0123456789."),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("merge", re.compile(r"^<<$"), "<"),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list(_first))


def _boolean(loader: Any, node: yaml.ScalarNode) -> bool:
    del loader
    return node.value in _TRUE


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    del loader
    text = node.value.replace("_", "").lower()
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = int(digits, 8) if octal else int(digits, 0)
    return -number if text.startswith("-") else number


def _number(loader: Any, node: yaml.ScalarNode) -> float:
    del loader
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    del loader
    return str(node.value)


_Loader.add_constructor(f"{_TAG}bool", _boolean)
_Loader.add_constructor(f"{_TAG}int", _integer)
_Loader.add_constructor(f"{_TAG}float", _number)
_Loader.add_constructor(f"{_TAG}timestamp", _text)

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Line and column of a node, from 1."""

    line: int
    column: int


class Document(NamedTuple):
    """One document of a file: its data, and the nodes that say where each value is."""

    path: str
    data: Any
    node: yaml.Node

    def place(self, at: Path = ()) -> Place:
        """Where the value at a path is, by its key; where there is none, the nearest one around it."""
        node, mark = self.node, self.node.start_mark
        for step in at:
            found = _child(node, step)
            if found is None:
                break
            node, mark = found
        return Place(mark.line + 1, mark.column + 1)

    def twice(self) -> list[tuple[Place, str]]:
        """The keys that a map has a second time: kubectl refuses them, Helm takes the last."""
        found: dict[Place, str] = {}
        left, known = [self.node], {id(self.node)}
        while left:
            node = left.pop()
            inside = [*node.value] if isinstance(node, yaml.SequenceNode) else []
            if isinstance(node, yaml.MappingNode):
                seen: set[str] = set()
                for key, value in node.value:
                    inside.append(value)
                    name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
                    if name and name in seen and key.tag != f"{_TAG}merge":
                        found[Place(key.start_mark.line + 1, key.start_mark.column + 1)] = name
                    seen.add(name)
            # What an alias stands for is looked at once.
            left += [part for part in inside if id(part) not in known]
            known |= {id(part) for part in inside}
        return sorted(found.items())


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, Any] | None:
    if isinstance(node, yaml.MappingNode):
        # The last one counts where a key is given twice; other kinds of keys are written as they read.
        for key, value in reversed(node.value):
            if str(getattr(key, "value", "")) == str(step):
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark
    return None


def documents(path: str, text: str) -> list[Document]:
    """The documents of a file that are not empty.

    Raises:
        UnreadableError: it is not YAML; or it is nested, or repeats itself, without measure.
    """
    found = []
    loader: _Loader | None = None
    try:
        _not_too_deep(text)
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            _measured(node)
            data = loader.construct_document(node)
            if data is not None:
                found.append(Document(path, data, node))
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or error)
        raise UnreadableError(" ".join(said.split()), mark.line + 1 if mark else 0) from None
    finally:
        if loader is not None:
            loader.dispose()
    return found


def _not_too_deep(text: str) -> None:
    # The parser itself goes down by recursion: depth is counted from its events, before nodes are made.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise UnreadableError("is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _measured(root: yaml.Node) -> None:
    """Refuse what is endless once aliases are written out."""
    left: list[tuple[yaml.Node, int]] = [(root, 0)]
    count = 0
    while left:
        node, depth = left.pop()
        count += 1
        if count > _MOST_NODES or depth > _DEEPEST:
            raise UnreadableError("its aliases stand for too much")
        if isinstance(node, yaml.MappingNode):
            left += [(part, depth + 1) for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            left += [(part, depth + 1) for part in node.value]
