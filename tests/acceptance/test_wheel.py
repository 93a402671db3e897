"""The wheel, in a clean environment, in another folder: generators, specs and schemas are inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of a clean environment that holds the wheel and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "clean", with_pip=True, symlinks=True)
    commands = folder / "clean" / "bin"
    pip = (commands / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "-r", ROOT / "requirements" / "core.txt", wheel, cwd=folder)
    return commands


@pytest.mark.wheel
def test_compiles_slac_from_another_folder(installed: Path, tmp_path: Path) -> None:
    run(installed / "afspec", "compile", "sites/slac.yaml", cwd=tmp_path)
    from_wheel = {path.relative_to(tmp_path / "build"): path.read_bytes() for path in files(tmp_path / "build")}
    here = tmp_path / "here"
    run(Path(sys.executable).parent / "afspec", "compile", "sites/slac.yaml", "-o", here, cwd=ROOT)
    from_checkout = {path.relative_to(here): path.read_bytes() for path in files(here)}
    assert from_wheel == from_checkout
    assert len(from_wheel) > 10


@pytest.mark.wheel
def test_holds_every_generator(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "afspec", "targets", cwd=tmp_path)
    assert {line.split()[0] for line in listed.splitlines()} >= {
        "dask",
        "docs",
        "htcondor",
        "slurm",
        "ssh",
        "user-setup",
    }


@pytest.mark.wheel
def test_asks_a_site_from_another_folder(installed: Path, tmp_path: Path) -> None:
    wheel = next((installed.parents[1] / "dist").glob("*.whl"))
    pinned = ("--constraint", ROOT / "requirements" / "dev.txt")
    run(installed / "python", "-m", "pip", "install", "--quiet", *pinned, f"{wheel}[conformance]", cwd=tmp_path)
    # Another project's configuration and conftest lie around, and must not matter.
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n")
    here = tmp_path / "here"
    here.mkdir()
    told = run(installed / "afspec", "conform", "bnl", "--plan", cwd=here)
    assert "AF-BATCH-001" in told
    assert list(here.iterdir()) == []


def files(folder: Path) -> list[Path]:
    # The lock names the core's digest, which is the same in both: it is compared too.
    return sorted(path for path in folder.rglob("*") if path.is_file())
