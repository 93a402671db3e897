"""JSON, YAML and Python, read whole: a key that is given twice would be dropped in silence."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import yaml

from afspec.verify.check import Check, Finding
from afspec.verify.tools import Own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# No configuration is nested as deeply; what is would end the parsers with all of afspec, not with an error.
_DEEPEST = 200
_TOO_DEEP = "is nested too deeply"


class Data(Check):
    """JSON and YAML files are read by a parser, and no key is given twice."""

    name = "data"
    code = "AF5103"
    tool = Own()

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.json", "*.yaml", "*.yml")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del bench
        for path in files:
            yield from _json(path, site.text(path)) if path.endswith(".json") else _yaml(path, site.text(path))


class Python(Check):
    """Python compiles the scripts and configurations; nothing is executed."""

    name = "python"
    code = "AF5117"
    tool = Own()

    def files(self, site: Compiled) -> list[str]:
        return site.like("*.py")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        del bench
        for path in files:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    compile(site.text(path), path, "exec", dont_inherit=True)
                except SyntaxError as error:
                    yield Finding(path, error.lineno or 0, error.msg, error.offset or 1)
                except (RecursionError, MemoryError):
                    yield Finding(path, 0, _TOO_DEEP)


def _json(path: str, text: str) -> Iterator[Finding]:
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        twice.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(items)

    try:
        json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        yield Finding(path, error.lineno, error.msg, error.colno)
    except RecursionError:
        yield Finding(path, 0, _TOO_DEEP)
    for name in twice:
        at = text.rfind(json.dumps(name))
        yield Finding(path, text.count("\n", 0, at) + 1, f"key {name!r} is given twice")


def _yaml(path: str, text: str) -> Iterator[Finding]:
    try:
        if line := _too_deep(text):
            yield Finding(path, line, _TOO_DEEP)
            return
        for root in yaml.compose_all(text, Loader=_LOADER):
            yield from _twice(path, root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        yield Finding(path, mark.line + 1 if mark else 0, said, mark.column + 1 if mark else 1)
    except yaml.YAMLError as error:
        yield Finding(path, 0, " ".join(str(error).split()))


def _too_deep(text: str) -> int:
    """The line from which on YAML is nested too deeply; 0 where it is not."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _twice(path: str, root: yaml.Node | None) -> Iterator[Finding]:
    left, visited = [root], set()
    while left:
        node = left.pop()
        # An alias is the node that it names, which may be around it, too.
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                name = (key.tag, str(key.value))
                if name in seen:
                    yield Finding(path, key.start_mark.line + 1, f"key {key.value!r} is given twice")
                seen.add(name)
                left.append(value)
        elif isinstance(node, yaml.SequenceNode):
            left += node.value
