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
    for name in twice:
        at = text.rfind(json.dumps(name))
        yield Finding(path, text.count("\n", 0, at) + 1, f"key {name!r} is given twice")


def _yaml(path: str, text: str) -> Iterator[Finding]:
    try:
        for root in yaml.compose_all(text, Loader=_LOADER):
            yield from _twice(path, root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        yield Finding(path, mark.line + 1 if mark else 0, said, mark.column + 1 if mark else 1)
    except yaml.YAMLError as error:
        yield Finding(path, 0, " ".join(str(error).split()))


def _twice(path: str, node: yaml.Node | None) -> Iterator[Finding]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = (key.tag, str(key.value))
            if name in seen:
                yield Finding(path, key.start_mark.line + 1, f"key {key.value!r} is given twice")
            seen.add(name)
            yield from _twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(path, item)
