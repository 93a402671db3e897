"""What a command imports: it must start in a fraction of a second on a login node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import HEAD

if TYPE_CHECKING:
    from pathlib import Path

# Runs the command line as the console script does, then tells what it loaded.
RUN = """
import json, sys
import afspec.cli
sys.argv = ["afspec", *sys.argv[1:]]
try:
    afspec.cli.main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
HEAVY = {"jsonschema", "jupyterhub", "dask", "distributed", "numpy", "numba", "pytest", "hypothesis", "kubernetes"}


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The top-level modules, and afspec's own, that a command loads."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    modules = json.loads(done.stderr.splitlines()[-1])
    return {name for name in modules if "." not in name or name.startswith("afspec.")}


def test_help_loads_next_to_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, "--help")
    assert not found & (HEAVY | {"pydantic", "yaml", "jinja2", "importlib_metadata"})
    # The commands themselves: a module each.
    own = {name for name in found if name.startswith("afspec.")}
    assert {name for name in own if not name.startswith("afspec.cli.")} == {"afspec.cli"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", "toy.yaml", "--as-of", "2026-11-22"),
        ("validate", "toy.yaml", "--as-of", "2026-11-22"),
        ("matrix", "toy.yaml", "--as-of", "2026-11-22"),
        ("targets",),
        ("rules",),
        ("schema",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_command_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    assert not loaded(tmp_path, *arguments) & HEAVY


def test_validating_loads_no_templates(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    assert "jinja2" not in loaded(tmp_path, "validate", "toy.yaml", "--as-of", "2026-11-22")


def test_nothing_is_cached_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    loaded(tmp_path, "validate", "toy.yaml", "--as-of", "2026-11-22")
    assert os.listdir(tmp_path) == ["toy.yaml"]  # noqa: PTH208
