"""Rules of the suite: nothing in it can pass in silence, and every edge between catalogue and tests has two ends."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from unit.conformance import golden

import afspec.conformance.plan  # noqa: F401 - selectors are registered with it
from afspec.conformance.catalogue import catalogue
from afspec.conformance.checks import CheckName, function_of, names_of
from afspec.conformance.contexts import CONTEXTS
from afspec.conformance.subjects import SELECTORS
from afspec.conformance.suite_folder import suite_folder

if TYPE_CHECKING:
    from afspec.conformance.catalogue import Check, Requirement

ROOT = Path(__file__).parents[3]
TWINS = ROOT / "specs/twin"
FILES = sorted(suite_folder().glob("test_*.py"))
CHECKS = [(item, check) for item in catalogue().requirements for check in item.checks]
EACH_FILE = pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
EACH_CHECK = pytest.mark.parametrize(
    ("item", "check"), CHECKS, ids=[f"{item.id}.{check.name}" for item, check in CHECKS]
)
# What would end a test without a word on the facility.
SILENT = {"skip", "skipif", "xfail", "importorskip", "exit"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def dotted(node: ast.AST) -> str:
    """pytest.mark.skip; "" for what is no dotted name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def broken(module: ast.Module) -> list[str]:
    """What a file of the suite must not have."""
    found = []
    for node in ast.walk(module):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Assert):
            found.append(f"{line}: assert: claim it with probe.expect, which is evidence")
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            if any(name.partition(".")[0] in {"pytest", "unittest", "_pytest"} for name in names):
                found.append(f"{line}: pytest: a check knows its probe alone")
        name = dotted(node)
        last = name.rpartition(".")[2]
        if last in SILENT and name.startswith(("pytest.", "_pytest.", "unittest.")):
            found.append(f"{line}: {name}: say why with probe.unverified")
        if name == "time.sleep":
            found.append(f"{line}: time.sleep: wait with probe.poll, which is bounded")
        if isinstance(node, ast.ImportFrom) and node.module == "time" and "sleep" in {each.name for each in node.names}:
            found.append(f"{line}: time.sleep: wait with probe.poll, which is bounded")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"{line}: except: a fault of the kit must be seen")
    return found


def functions_of(module: ast.Module) -> dict[str, ast.FunctionDef]:
    """The test functions of a file."""
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"}


def is_there(node_id: str) -> bool:
    """Whether a test's node id leads to a function; the id of a parameter is left to pytest."""
    file, _, name = node_id.partition("[")[0].partition("::")
    return (ROOT / file).is_file() and name in functions_of(tree(ROOT / file))


@EACH_FILE
def test_a_check_ends_with_the_probes_words_alone(file: Path) -> None:
    assert broken(tree(file)) == []


@EACH_FILE
def test_every_test_of_the_suite_is_a_check(file: Path) -> None:
    bare = [
        name
        for name, function in functions_of(tree(file)).items()
        if not any(isinstance(mark, ast.Call) and dotted(mark.func) == "check" for mark in function.decorator_list)
    ]
    assert not bare


@pytest.mark.parametrize(
    "text",
    [
        "assert 1",
        "import pytest",
        "from pytest import skip",
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "pytest.skip('flaky')",
        "@pytest.mark.skipif(True)\ndef test_a(): pass",
        "@pytest.mark.xfail\ndef test_a(): pass",
        "pytest.importorskip('x')",
        "try:\n    pass\nexcept:\n    pass",
        "from unittest import skip",
    ],
)
def test_the_rules_see_what_breaks_them(text: str) -> None:
    assert broken(ast.parse(text))


@EACH_CHECK
def test_a_check_leads_to_its_function_and_back(item: Requirement, check: Check) -> None:
    name = CheckName(item.id, check.name)
    assert name in names_of(function_of(check))


def test_every_function_of_the_suite_is_in_the_catalogue() -> None:
    known = {(CheckName(item.id, check.name), check.test) for item, check in CHECKS}
    marked = set()
    for file in FILES:
        for function in functions_of(tree(file)).values():
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and dotted(mark.func) == "check":
                    requirement, name = (part.value for part in mark.args if isinstance(part, ast.Constant))
                    marked.add((CheckName(str(requirement), str(name)), f"{file.name}::{function.name}"))
    assert marked == known


@EACH_CHECK
def test_where_a_check_was_seen_to_pass_and_to_fail_is_there(item: Requirement, check: Check) -> None:
    del item
    passes, fails, unseen = check.passes, check.fails, check.unseen
    lost = [place for place in (*passes, *fails) if not place.startswith("twin/") and not is_there(place)]
    lost += [
        place
        for place in passes
        if place.startswith("twin/") and not (TWINS / f"{place.removeprefix('twin/')}.yaml").exists()
    ]
    assert not lost, f"there is no {', '.join(lost)}"
    assert fails, "no test saw it fail: a check that cannot fail shows nothing"
    assert bool(passes) != bool(unseen), "say where it was seen to pass, or why nothing here can show it"


@pytest.mark.parametrize("item", catalogue().requirements, ids=lambda item: item.id)
def test_a_requirement_names_what_is_there(item: Requirement) -> None:
    each, applies = item.each, item.applies_when
    assert each in SELECTORS
    assert applies is None or applies in CONTEXTS


def test_the_catalogue_is_the_golden_one() -> None:
    found = golden.differences()
    assert not found, "\n".join([*found, f"If that is meant: {golden.COMMAND}"])


def test_any_change_of_the_catalogue_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(golden, "FILE", tmp_path / "golden.txt")
    golden.FILE.write_text("\n".join(golden.lines()) + "\n")
    assert golden.differences() == []
    first, *rest = golden.lines()
    identity, _, name = first.split(" ")
    for text in (rest, [*rest, f"{identity} MAY {name}"], [first, *rest, "AF-GONE-001 MUST asks"]):
        golden.FILE.write_text("\n".join(text) + "\n")
        assert golden.differences()
