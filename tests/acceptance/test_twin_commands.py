"""`afspec twin` without any engine: what it says of what is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AFSPEC = Path(sys.executable).with_name("afspec")


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """A user who never had a twin, nor installed anything for one."""
    return os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def twin(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(AFSPEC), "twin", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_doctor_names_what_is_missing_and_the_command(empty: dict[str, str]) -> None:
    done = twin(empty, "doctor", "local")
    assert done.returncode == 6
    assert "local: cannot start yet" in done.stdout
    assert "twin install local" in done.stdout
    rows = json.loads(twin(empty, "doctor", "--json").stdout)
    assert {row["site"] for row in rows} == {"local", "slac", "slac-2023", "bnl"}
    assert all(row["missing"] and row["command"] for row in rows if not row["present"])


def test_up_without_what_it_needs_says_so_and_leaves_nothing(empty: dict[str, str]) -> None:
    done = twin(empty, "up", "local")
    assert done.returncode == 6
    assert "missing: environment of JupyterHub" in done.stderr
    assert "doctor local" in done.stderr
    assert not Path(empty["XDG_STATE_HOME"]).exists()


def test_a_spec_with_errors_is_shown_as_by_validate(empty: dict[str, str], tmp_path: Path) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text("afspec: 1\nname: bad\ntitle: Bad\ndeclared_by: site\ngpu: {}\n")
    done = twin(empty, "up", str(spec))
    assert done.returncode == 1
    assert "bad.yaml:5" in done.stderr


def test_a_misspelt_twin_is_corrected(empty: dict[str, str]) -> None:
    done = twin(empty, "up", "slack")
    assert done.returncode == 1
    assert "slac" in done.stderr


def test_nothing_is_up(empty: dict[str, str]) -> None:
    assert "no twin is up" in twin(empty, "status").stdout
    assert json.loads(twin(empty, "status", "slac", "--json").stdout)["up"] is False
    assert twin(empty, "down", "--all").returncode == 0
    assert "is not up" in twin(empty, "down", "slac").stdout


def test_help_teaches(empty: dict[str, str]) -> None:
    for command in ("up", "down", "status", "logs", "shell", "doctor", "install"):
        done = twin(empty, command, "--help")
        assert done.returncode == 0
        assert command in done.stdout
