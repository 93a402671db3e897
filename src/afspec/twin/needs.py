"""What the engines need on the machine: whether it is there, and how it gets there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TAIL = 2000


class NeedError(Exception):
    """Something cannot be installed; the message says why, and what the failed command printed."""


class Need(ABC):
    """Something that must be on the machine before a twin can be brought up.

    `title` is what a person calls it, `size` roughly what it takes on disk, such as "1.2 GB"; `serves` are the engines
    that stay out where it cannot be had; none where nothing works without it.
    """

    name: str
    title: str
    size: str
    serves: tuple[str, ...] = ()

    @abstractmethod
    def present(self) -> bool:
        """Whether it is there."""

    def obstacle(self) -> str:
        """Why `install` cannot work here, as a fragment ("needs root"); "" where it can."""
        return ""

    def missing(self) -> str:
        """Why it cannot be used here, as a fragment ("not installed", "needs root"); "" where it can."""
        return "" if self.present() else self.obstacle() or "not installed"

    @property
    @abstractmethod
    def command(self) -> str:
        """What a person types to get it."""

    @abstractmethod
    def install(self, say: Callable[[str], None]) -> None:
        """Install it; `say` takes a line at every step. Nothing happens where it is there.

        Raises:
            NeedError: it cannot be had.
        """


@dataclass(frozen=True)
class Program(Need):
    """A command of this machine, from a package of Debian."""

    name: str
    package: str
    title: str
    size: str = "1 MB"

    def present(self) -> bool:
        return shutil.which(self.name, path=search_path()) is not None

    def obstacle(self) -> str:
        if not shutil.which("apt-get"):
            return f"this machine has no apt; its package is {self.package} in Debian"
        return "" if os.geteuid() == 0 else "needs root"

    @property
    def command(self) -> str:
        return as_root(f"apt-get install --yes --no-install-recommends {self.package}")

    def install(self, say: Callable[[str], None]) -> None:
        if self.present():
            return
        if reason := self.obstacle():
            raise NeedError(f"{self.name}: {reason}")
        say(f"{self.package}: installing from Debian")
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=400"]
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        call([*apt, "update"], title="apt-get update", timeout=600, env=quiet)
        call(
            [*apt, "install", "--yes", "--no-install-recommends", self.package],
            title=f"apt-get install {self.package}",
            timeout=1200,
            env=quiet,
        )


def search_path() -> str:
    """PATH with the folders of the system's administration, which ordinary users' paths leave out."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def as_root(command: str) -> str:
    """A command as a person types it who may not be root."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def install_command(twin: str) -> str:
    """The command that installs what a twin needs; by its path where a shell would not find it."""
    own = Path(sys.executable).with_name("afspec")
    name = str(own) if own.exists() and not str(own).startswith("/usr/") else "afspec"
    return f"{name} twin install {twin}"


def call(
    argv: Sequence[str], *, title: str, timeout: float, env: Mapping[str, str] | None = None, stdin: str = ""
) -> str:
    """Run a command of this machine with this process's environment plus `env`; its output.

    Raises:
        NeedError: it fails, or takes longer than `timeout` seconds.
    """
    # Who is killed takes with him what he started: the kernel sees to it (prctl(2), PR_SET_PDEATHSIG).
    own = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    try:
        done = subprocess.run(  # noqa: S603 - the commands are those of the definitions
            [*own, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={**os.environ, "PATH": search_path(), **(env or {})},
        )
    except subprocess.TimeoutExpired:
        raise NeedError(f"{title}: no end after {timeout:g} s") from None
    except OSError as error:
        raise NeedError(f"{title}: {error}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
        raise NeedError(f"{title}: exit code {done.returncode}: {said}")
    return done.stdout
