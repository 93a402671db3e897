"""What is on disk of a twin, so that anybody can find it and take it down, whatever became of who brought it up."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.twin.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "state.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def twins_folder() -> Path:
    """Where the twins of this user are: below XDG_STATE_HOME (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "afspec/twins"


def boot() -> str:
    """This start of the machine; process numbers of an earlier one mean nothing."""
    return _BOOT.read_text().strip()


@dataclass
class State:
    """A twin as its folder tells it; written before anything is started, and whole each time."""

    name: str
    spec: str  # as the user named it
    folder: Path
    private: bool
    digest: str = ""  # of the spec, bases merged
    layers: list[str] = field(default_factory=list)  # what a private room lies over, the upper ones first
    first: Process | None = None  # first process of a private room
    boot: str = field(default_factory=boot)
    hosts: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # engines that stay out, and why
    up: bool = False  # whether every engine has been well once

    @property
    def current(self) -> bool:
        """Whether the machine has not been started anew since."""
        return self.boot == boot()

    def save(self) -> None:
        """Write it: old or new, never half."""
        data = asdict(self) | {"folder": str(self.folder), "first": list(self.first) if self.first else None}
        new = self.folder / f".{_NAME}.new"
        new.write_text(json.dumps(data, indent=2) + "\n")
        new.replace(self.folder / _NAME)


def load(name: str) -> State | None:
    """The twin of that name; None where there is none, or only the folder of one that never began."""
    folder = twins_folder() / name
    try:
        data: dict[str, Any] = json.loads((folder / _NAME).read_text())
    except FileNotFoundError:
        return None
    data["first"] = Process(*data["first"]) if data["first"] else None
    return State(**{**data, "folder": folder})


def names() -> list[str]:
    """Every twin that has a folder."""
    root = twins_folder()
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one command at a time brings a twin up or down; the kernel lets go of it when the command dies.

    Raises:
        BlockingIOError: another command is at it.
    """
    root = twins_folder()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
