"""The laws of the house: arrows between the rooms point one way, and every module reads in one sitting."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import afspec

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(afspec.__file__).parents[2]
CORE = ROOT / "src/afspec"
GENERATORS = ROOT / "generators"

# What a room may import besides itself, in the order of the arrows.
ALLOWED: dict[str, set[str]] = {
    "diagnostics": set(),
    "source": {"diagnostics"},
    "facility": {"diagnostics", "source"},
    "rules": {"diagnostics", "source", "facility"},
    "generators": {"facility"},
    "schema": {"facility", "report"},
    "catalogue": {"diagnostics", "rules"},
    "compiler": {"diagnostics", "source", "facility", "rules", "generators"},
    "diff": {"diagnostics", "source", "facility", "rules", "generators", "compiler"},
    "pinning": {"diagnostics", "source", "facility"},
    "explain": {"diagnostics", "source", "facility", "generators", "compiler"},
    "matrix": {"facility"},
    "facts": {"facility"},
    "init": {"diagnostics", "source", "facility"},
    "verdict": set(),
    "report": {"verdict"},
    "agc": set(),
    "twin": {"diagnostics", "source", "facility"},
    "verify": {"diagnostics", "source", "generators", "compiler", "twin"},
}
# The command line may use every room.
TOP = {"__main__", "cli", "fleet", "reports", "twins"}
# Rooms that stand on others of the house, and are no part of the core.
ABOVE = {"conformance"}


def module_name(path: Path, root: Path, package: str) -> str:
    parts = [package, *path.relative_to(root).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, module: str) -> Iterator[tuple[str, bool]]:
    """Every module of afspec that a file imports, and whether only for its type hints or inside a function."""
    is_package = path.name == "__init__.py"

    def visit(node: ast.AST, *, lazy: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            above = base[: len(base) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source, lazy
            yield from ((f"{source}.{alias.name}", lazy) for alias in node.names)
        hints = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        inside = lazy or hints or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, lazy=inside)

    for name, lazy in visit(ast.parse(path.read_text()), lazy=False):
        if name == "afspec" or name.startswith("afspec."):
            yield name, lazy


FILES = {module_name(path, CORE, "afspec"): path for path in sorted(CORE.rglob("*.py"))}
PLUGINS = {
    module_name(path, GENERATORS, "afspec.generators"): path
    for path in sorted(GENERATORS.rglob("*.py"))
    if "templates" not in path.parts
}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("module", [name for name in FILES if room(name) not in TOP | ABOVE])
def test_arrows_point_one_way(module: str) -> None:
    here = room(module)
    used = {room(name) for name, _ in imports(FILES[module], module) if name in FILES} - {"", here}
    assert used <= ALLOWED.get(here, set())


def test_every_room_has_its_place() -> None:
    assert {room(name) for name in FILES} <= {"", *ALLOWED, *TOP, *ABOVE}


def test_arrows_make_no_circle() -> None:
    assert list(TopologicalSorter(ALLOWED).static_order())


@pytest.mark.parametrize("module", PLUGINS)
def test_generator_knows_the_facility_and_the_interface_only(module: str) -> None:
    own = ".".join(module.split(".")[:3])
    for name, _ in imports(PLUGINS[module], module):
        known = name.startswith(("afspec.facility", "afspec.diagnostics"))
        interface = name.startswith("afspec.generators") and name not in PLUGINS
        assert known or interface or name == own or name.startswith(f"{own}."), name


@pytest.mark.parametrize(("module", "path"), PLUGINS.items(), ids=PLUGINS)
def test_generator_has_no_clock_no_network_no_randomness(module: str, path: Path) -> None:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    # Taking a URL apart asks nobody.
    found = {name for name in found if not f"{name}.".startswith("urllib.parse.")}
    banned = {"time", "random", "secrets", "uuid", "socket", "urllib", "http", "requests", "subprocess", "os"}
    assert not {name.split(".")[0] for name in found} & banned, module


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_a_detour() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    modules = FILES | PLUGINS
    for module, path in modules.items():
        for name, lazy in imports(path, module):
            # A package offers what its modules hold: `from package import name` is an import of the package.
            packages = module.startswith(f"{name}.")
            if name in modules and name != module and not lazy and not packages:
                graph[module].add(name)
    assert circle(graph) == []


def test_circle_would_be_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})


@pytest.mark.parametrize(("module", "path"), (FILES | PLUGINS).items(), ids=FILES | PLUGINS)
def test_module_reads_in_one_sitting(module: str, path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, module


@pytest.mark.parametrize("folder", sorted({path.parent for path in (FILES | PLUGINS).values()}), ids=lambda p: p.name)
def test_folder_says_what_lives_there(folder: Path) -> None:
    path = folder / "__init__.py"
    assert ast.get_docstring(ast.parse(path.read_text()))
