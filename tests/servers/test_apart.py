"""The servers are the tests' own: nothing that runs over a facility can reach them."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
KIT = sorted(path for room in ("src", "conformance", "generators") for path in (ROOT / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions, and every text that could name one."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names if not node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(part.value) for part in node.args if isinstance(part, ast.Constant))


def reaches_tests(name: str) -> bool:
    return name.partition(".")[0] in {"tests", "servers"}


def test_there_is_a_kit_to_look_at() -> None:
    assert {"src", "conformance"} <= {path.relative_to(ROOT).parts[0] for path in KIT}


@pytest.mark.parametrize("path", KIT, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_the_kit_imports_a_server_of_the_tests(path: Path) -> None:
    assert not [name for name in imported(path) if reaches_tests(name)]


@pytest.mark.parametrize(
    "line",
    [
        "import servers.reana",
        "from tests.servers import s3",
        "def f():\n    from servers.s3 import ObjectStore",
        "import importlib\nimportlib.import_module('servers.kubernetes')",
    ],
)
def test_import_of_a_server_would_be_seen(tmp_path: Path, line: str) -> None:
    path = tmp_path / "probe.py"
    path.write_text(line)
    assert any(reaches_tests(name) for name in imported(path))


def test_servers_are_in_no_package_that_is_installed() -> None:
    build: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    wheel = build["wheel"]
    packed = [*wheel["packages"], *wheel["force-include"], *build["sdist"]["include"]]
    assert not [name for name in packed if name.partition("/")[0] == "tests"]
