"""A Dask cluster that somebody else started, with a Python whose afspec is another one, or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from distributed import Client
from support import until

SITE_PACKAGES = Path(np.__file__).parents[1]


def packages(folder: Path, *, without: str = "") -> Path:
    """A folder with what is installed here but one package, and but afspec: that one comes by a .pth file."""
    folder.mkdir()
    for path in SITE_PACKAGES.iterdir():
        name = path.name.lower()
        if not name.startswith("afspec") and not (without and name.startswith(without)):
            (folder / path.name).symlink_to(path)
    return folder


def other_afspec(folder: Path) -> Path:
    """A folder with an older afspec, whose agc is a different one."""
    agc = folder / "afspec" / "agc"
    (agc / "run").mkdir(parents=True)
    (folder / "afspec" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    (agc / "__init__.py").write_text('"""Older."""\n')
    (agc / "run" / "__init__.py").write_text("raise RuntimeError('this one is too old')\n")
    return folder


def distribution(folder: Path, name: str, version: str) -> Path:
    """A folder where a package of another version seems to be installed."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


class Elsewhere:
    """A scheduler and workers that were started by somebody else, with a Python path of their own."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.address = ""
        self._path = path

    def scheduler(self) -> str:
        """Start it; its address."""
        told = self.folder / "scheduler.json"
        self._start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
        # A file that is there may not be written yet.
        assert until(lambda: told.is_file() and told.read_text().rstrip().endswith("}"), 30)
        self.address = str(json.loads(told.read_text())["address"])
        return self.address

    def worker(self, name: str, *first: Path) -> None:
        """Start a worker, with folders that come first on its path."""
        self._start(name, "worker", self.address, "--no-nanny", "--nthreads", "1", "--name", name, first=first)

    def _start(self, name: str, *words: str, first: tuple[Path, ...] = ()) -> None:
        # Without the module site, .pth files are not read.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*first, self._path))), "TMPDIR": str(self.folder)}
        command = [sys.executable, "-S", "-m", "dask", *words, "--no-dashboard"]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=self.folder)

    def await_workers(self, count: int) -> None:
        """Until they have come."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=30)

    def load(self) -> None:
        """Have workers that have an afspec import it."""
        with Client(self.address, set_as_default=False) as client:
            client.run(exec, "import afspec.agc", on_error="ignore")

    def stop(self, name: str) -> None:
        """Kill one."""
        process = self.running.pop(name)
        process.kill()
        process.wait(20)

    def close(self) -> None:
        """Kill all, workers first."""
        for name in [*self.running][::-1]:
            self.stop(name)
