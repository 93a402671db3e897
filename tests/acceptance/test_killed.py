"""A real facility, a real process, a real SIGKILL: between any two steps on disk each file is old or new."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "sites" / "slac.yaml"
# The process kills itself at the n-th renaming, before or after it: there is no clean-up that could still run.
KILLED = """
import os, signal, sys
from afspec.cli import main
steps, real = int(sys.argv.pop(1)), os.rename
def rename(*arguments, **more):
    global steps
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*arguments, **more)
os.rename = rename
main()
"""


class Place(NamedTuple):
    spec: Path
    output: Path
    old: dict[str, bytes]
    new: dict[str, bytes]


def compile_(spec: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "afspec", "compile", str(spec), "-o", str(output), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(output: Path) -> dict[str, bytes]:
    """What users see: half-written copies and the journal are dotfiles or carry the compiler's own suffix."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".afspec-new")
    }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A compiled facility, whose spec has changed since: titles are in every file, and a partition is gone."""
    shutil.copytree(ROOT / "specs" / "images", tmp_path / "images")
    spec = tmp_path / "sites" / "slac.yaml"
    spec.parent.mkdir()
    text = SPEC.read_text(encoding="ascii").replace("../base/", f"{ROOT}/specs/base/")
    spec.write_text(text, encoding="ascii")
    assert compile_(spec, tmp_path / "out").returncode == 0
    spec.write_text(text.replace("(S3DF)", "(new)").replace("name: torino", "name: torino2"), encoding="ascii")
    assert compile_(spec, tmp_path / "fresh").returncode == 0
    return Place(spec, tmp_path / "out", files(tmp_path / "out"), files(tmp_path / "fresh"))


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.97, 1])
def test_killed_between_two_files(place: Place, part: float) -> None:
    # One renaming for the journal, one for each file that differs, one for the lock (which differs too).
    steps = 1 + sum(place.old.get(path) != data for path, data in place.new.items())
    step = 1 + round(part * (steps - 1))
    command = [sys.executable, "-c", KILLED, str(step), "compile", str(place.spec), "-o", str(place.output)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    for path, data in files(place.output).items():
        assert data in {place.old.get(path), place.new.get(path)}, path
    checked = compile_(place.spec, place.output, "--check")
    assert checked.returncode == 3
    assert "differs from what the spec gives" in checked.stdout
    mended = compile_(place.spec, place.output)
    assert mended.returncode == 0, mended.stderr
    assert files(place.output) == place.new
    assert list(place.output.rglob("*.afspec-new")) == []
    assert compile_(place.spec, place.output, "--check").returncode == 0
