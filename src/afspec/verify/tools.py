"""Where tools are: on PATH, beside this Python, in an environment or a Debian root that `afspec twin install` keeps."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from afspec.twin.cache import cache_folder, is_built

_HUB = "opt/afspec/hub"


@dataclass(frozen=True)
class Located:
    """A tool that is there. `root` is the root file system that it is in, None where that is this machine's own.

    `programs` are the paths to start, by name; `identity` changes when the tool does.
    """

    programs: dict[str, str]
    identity: str
    where: str
    root: Path | None = None


class Tool(Protocol):
    """Something that a check needs."""

    def locate(self) -> Located | None:
        """Where it is; None where it is not."""

    @property
    def needs(self) -> str:
        """What is missing where it is not there, and how it is had, after the word `needs`."""


@dataclass(frozen=True)
class Own:
    """What afspec brings itself."""

    @property
    def needs(self) -> str:
        return "nothing"

    def locate(self) -> Located:
        return Located({}, sys.version, "afspec itself")


@dataclass(frozen=True)
class Program:
    """Commands that are found together; `roots` are the Debian roots of twins that have them.

    What is `enclosed` starts a daemon: it runs in a root alone, a twin's or, for root, a view of the machine's own.
    """

    commands: tuple[str, ...]
    get: str
    roots: tuple[str, ...] = ()
    enclosed: bool = False

    @property
    def needs(self) -> str:
        root = "to be run by root, and " if self.enclosed else ""
        return root + _needs(" and ".join(self.commands), self.get, self.roots)

    def locate(self) -> Located | None:
        here, kept = self._here(), self._kept()
        if not self.enclosed:
            return here or kept
        if kept or here is None or not _may_enter():
            return kept
        return Located(here.programs, here.identity, here.where, Path("/"))

    def _here(self) -> Located | None:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin"])
        found = {name: shutil.which(name, path=path) for name in self.commands}
        here = {name: place for name, place in found.items() if place}
        if len(here) == len(found):
            return Located(here, " ".join(map(_stamp, here.values())), "this machine")
        return None

    def _kept(self) -> Located | None:
        return next(
            (
                Located(
                    {name: name for name in self.commands}, root.name, f"twins' {root.name.partition('-')[0]}", root
                )
                for root in _roots(self.roots)
                if all(_has(root, name) for name in self.commands)
            ),
            None,
        )


@dataclass(frozen=True)
class Packages:
    """Python packages that are installed together; `command` is one of theirs, whose Python is asked if on PATH.

    A Python that has `also` some others is preferred.
    """

    modules: tuple[str, ...]
    command: str
    get: str
    roots: tuple[str, ...] = ("trixie", "bookworm")
    also: tuple[str, ...] = ()

    @property
    def needs(self) -> str:
        return _needs(" and ".join(self.modules), self.get, self.roots)

    def locate(self) -> Located | None:
        return self._with(self.modules + self.also) or (self._with(self.modules) if self.also else None)

    def _with(self, modules: tuple[str, ...]) -> Located | None:
        if all(importlib.util.find_spec(name) for name in modules):
            return Located({"python": sys.executable}, _packages(Path(sys.prefix)), "this Python")
        for prefix, where in ((_prefix_of(self.command), "PATH"), (_environment(), "twins' environment")):
            if prefix and _in(prefix, modules):
                return Located({"python": str(prefix / "bin/python")}, _packages(prefix), where)
        for root in _roots(self.roots):
            if _in(root / _HUB, modules):
                where = f"twins' {root.name.partition('-')[0]}"
                return Located({"python": f"/{_HUB}/bin/python"}, root.name, where, root)
        return None


@dataclass(frozen=True)
class Library:
    """Python packages that a check itself imports: of this Python, and no other."""

    modules: tuple[str, ...]
    get: str

    @property
    def needs(self) -> str:
        return _needs(" and ".join(self.modules), self.get, ())

    def locate(self) -> Located | None:
        if all(importlib.util.find_spec(name) for name in self.modules):
            return Located({}, _packages(Path(sys.prefix)), "this Python")
        return None


def _in(prefix: Path, modules: tuple[str, ...]) -> bool:
    folders = prefix.glob("lib/python3*/site-packages")
    return any(all((folder / name).is_dir() for name in modules) for folder in folders)


def _needs(what: str, get: str, roots: tuple[str, ...]) -> str:
    twins = {"trixie": "bnl", "bookworm": "slac"}
    kept = f", or as root `afspec twin install {twins[roots[0]]}`" if roots else ""
    return f"{what} ({get}{kept})"


def _stamp(program: str) -> str:
    """What tells a program from another version of it, without running it."""
    real = os.path.realpath(program)
    status = Path(real).stat()
    return f"{real} {status.st_size} {status.st_mtime_ns}"


def _packages(prefix: Path) -> str:
    """What tells an environment from another: the names of what is installed there hold the versions."""
    names = sorted(path.name for path in prefix.glob("lib/python3*/site-packages/*.dist-info"))
    return hashlib.sha256("\n".join([str(prefix), *names]).encode()).hexdigest()


def _prefix_of(command: str) -> Path | None:
    """The environment of a Python program on PATH, by the first line of it."""
    found = shutil.which(command)
    if found is None:
        return None
    with Path(found).open("rb") as file:
        line = file.readline(200).decode("utf-8", "replace").strip()
    python = Path(line.removeprefix("#!").split(" ")[0])
    return python.parents[1] if line.startswith("#!/") and python.name.startswith("python") else None


def _environment() -> Path | None:
    """The newest environment of JupyterHub and Dask that twins have."""
    found = [path for path in (cache_folder() / "environments").glob("hub-*") if is_built(path)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _may_enter() -> bool:
    """Whether roots can be entered: only root can."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


def _roots(names: tuple[str, ...]) -> list[Path]:
    if not _may_enter():
        return []
    folder = cache_folder() / "roots"
    return [path for name in names for path in sorted(folder.glob(f"{name}-*"), reverse=True)]


def _has(root: Path, command: str) -> bool:
    return any(os.path.lexists(root / folder / command) for folder in ("usr/bin", "usr/sbin"))
