"""Triton's layout: which Pythons it can be made for, and what it is made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from afspec.twin.needs import NeedError
from afspec.twin.tritonserver import lay_out, obstacle, shared_library

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = "libpython3.12.so.1.0"


def python(folder: Path, version: str = "3.12", library: str = LIBRARY, *, installed: bool = True) -> str:
    """A stand-in for a Python that says such things of itself."""
    libraries = folder / "libraries"
    libraries.mkdir(exist_ok=True)
    if installed:
        (libraries / library).touch()
    path = folder / "environment/bin/python"
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = json.dumps([version, str(libraries), library, ""])
    path.write_text(f"#!/bin/sh\necho '{facts}'\n")
    path.chmod(0o755)
    return str(path)


def wheel(folder: Path, version: str = "3.12") -> Path:
    """An environment with what the wheel brings."""
    environment = folder / "environment"
    packages = environment / f"lib/python{version}/site-packages"
    server = packages / "pytriton/tritonserver"
    for name in ("bin/tritonserver", "backends/python/libtriton_python.so", "backends/python/utils.py"):
        (server / name).parent.mkdir(parents=True, exist_ok=True)
        (server / name).touch()
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    stub.parent.mkdir(parents=True)
    stub.touch()
    (packages / "nvidia_pytriton.libs").mkdir()
    return environment


def test_a_python_without_a_stub_is_named_with_those_that_have_one(tmp_path: Path) -> None:
    assert obstacle(python(tmp_path, "3.13")) == "Triton's server needs Python 3.11 or 3.12, not 3.13"
    assert obstacle(python(tmp_path, "3.12")) == ""


def test_a_python_without_its_shared_library_is_told_where_that_comes_from(tmp_path: Path) -> None:
    assert obstacle(python(tmp_path, installed=False)).endswith("in Debian, install libpython3.12")
    # Built without one: what there is, is an archive.
    assert shared_library(python(tmp_path, library="libpython3.12.a")) is None


def test_the_layout_links_the_stub_of_the_environments_python(tmp_path: Path) -> None:
    python(tmp_path)
    environment = wheel(tmp_path)
    for _ in range(2):
        lay_out(environment)
    server = environment / "server"
    stub = server / "backends/python/triton_python_backend_stub"
    assert stub.resolve().parent.name == "3.12"
    assert {path.name for path in (server / "backends/python").iterdir()} == {
        *("libtriton_python.so", "utils.py", "triton_python_backend_stub"),
    }
    assert (server / "bin/tritonserver").is_file()
    assert (server / "python" / LIBRARY).is_file()
    assert (server / "libraries").is_dir()


def test_without_a_stub_there_is_no_layout(tmp_path: Path) -> None:
    python(tmp_path)
    environment = wheel(tmp_path)
    next(environment.rglob("triton_python_backend_stub")).unlink()
    with pytest.raises(NeedError, match=r"no stub for Python 3\.12"):
        lay_out(environment)
    python(tmp_path, "3.13")
    with pytest.raises(NeedError, match=r"not 3\.13"):
        lay_out(environment)
