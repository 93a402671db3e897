"""The machine itself as a room: plain processes of one user, on loopback. Needs no rights at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.twin.processes import Process, descendants, end, identify, marked
from afspec.twin.room.interface import Room, RoomError
from afspec.twin.room.shell import LAUNCH, execute

if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Mapping, Sequence

    from afspec.twin.engine import Daemon

# What programs need of the caller's environment; nothing else gets in, so that a twin is the same for everybody.
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_PATIENCE = 4.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps it


class HostRoom(Room):
    """A room without walls; `folder` is the twin's own, and everything that it writes lies there."""

    private = False

    def __init__(self, folder: Path, homes: Mapping[str, str]) -> None:
        self.folder = folder
        self._homes = homes

    @classmethod
    def open(cls, folder: Path, homes: Mapping[str, str]) -> HostRoom:
        """A new room, with a home for each user."""
        for part in ("logs", "run", "build"):
            (folder / part).mkdir(exist_ok=True)
        return cls(folder, homes)

    @property
    def is_open(self) -> bool:
        """Whether any of its processes lives."""
        return bool(self._mine())

    def close(self) -> None:
        """End every process that was started here, politely at first.

        Raises:
            RoomError: processes that even a kill does not end.
        """
        if left := end(self._mine, _PATIENCE):
            raise RoomError(f"processes {', '.join(map(str, sorted(left)))} do not end")
        self._free_shared_memory()

    def claim_shared_memory(self, prefix: str) -> None:
        """Write the prefix down, for `close`."""
        self.write(str(self._claims), f"{prefix}\n")

    @property
    def _claims(self) -> Path:
        return self.folder / "run" / "shared-memory"

    def _free_shared_memory(self) -> None:
        """Remove the twin's regions: a process that was killed leaves its own behind (shm_overview(7))."""
        if self._claims.exists() and (prefix := self._claims.read_text().strip()):
            for region in _SHARED_MEMORY.glob(f"{prefix}*"):
                region.unlink(missing_ok=True)

    def run(  # see Room
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        directory: str | None = None,
        stdin: str = "",
        timeout: float = 30,
        check: bool = True,
        outside: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        del outside
        return execute(
            _in_folder(directory or self._home(user), argv),
            env=self.environment(user, env),
            title=f"{' '.join(argv[:3])}",
            stdin=stdin,
            timeout=timeout,
            check=check,
        )

    def environment(self, user: str = "root", more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables of a command; AFSPEC_TWIN marks what belongs to this twin."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | {"AFSPEC_TWIN": str(self.folder), "HOME": self._home(user)} | dict(more or {})

    def command(
        self, argv: Sequence[str], *, user: str, directory: str | None = None, outside: bool = False
    ) -> list[str]:
        """The command as the machine runs it; see Room."""
        del outside
        home = self._homes.get(user)
        if home is None:
            raise KeyError(user)
        return _in_folder(directory or home, argv)

    def start(self, daemon: Daemon) -> None:
        """Start a daemon; see Room."""
        record, log = self.folder / "run" / f"{daemon.name}.pid", self.log(daemon.name)
        execute(
            ["sh", "-c", LAUNCH, "start", str(record), str(log), daemon.directory, *daemon.argv],
            env=self.environment(daemon.user, daemon.environment),
            title=f"start of {daemon.name}",
        )

    def alive(self, name: str) -> bool:
        """Whether a daemon runs."""
        return self._process(name) is not None

    def pid(self, name: str) -> int | None:
        """A daemon's process."""
        process = self._process(name)
        return process.pid if process else None

    def kill(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a daemon."""
        if process := self._process(name):
            process.send(number)

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root") -> None:
        """Write a file; the owner is who runs this."""
        del owner
        target = self._own(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        with open(new, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content.encode() if isinstance(content, str) else content)
        new.chmod(mode)
        new.replace(target)

    def make_folder(self, path: str, *, mode: int = 0o755, owner: str = "root") -> None:
        """Make a folder; the owner is who runs this."""
        del owner
        target = self._own(path)
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode)

    def read(self, path: str) -> str:
        """A file's text."""
        return Path(path).read_text()

    def exists(self, path: str) -> bool:
        """Whether there is something."""
        return Path(path).exists()

    def log(self, name: str) -> Path:
        """A daemon's log."""
        return self.folder / "logs" / f"{name}.log"

    def answers(self, host: str, port: int) -> bool:
        """Whether something accepts a connection."""
        try:
            with socket.create_connection((host, port), timeout=3):
                return True
        except OSError:
            return False

    def certificate(self, hosts: Sequence[str], certificate: str, key: str, *, owner: str = "root") -> None:
        """Refused: nothing on this machine would trust it."""
        del certificate, key, owner
        raise RoomError(f"no certificate for {hosts[0]}: only a private room has an authority of its own")

    def _home(self, user: str) -> str:
        return self._homes.get(user, str(self.folder))

    def _own(self, path: str) -> Path:
        """A path that is the twin's to write.

        Raises:
            RoomError: it lies outside of the twin's folder; a spec for this room must not name it.
        """
        target = Path(os.path.normpath(path))
        if not target.is_relative_to(self.folder):
            raise RoomError(f"{path} is not below {self.folder}: without a private room nothing else is written to")
        return target

    def _process(self, name: str) -> Process | None:
        try:
            pid, start = (self.folder / "run" / f"{name}.pid").read_text().split()
        except FileNotFoundError:
            return None
        found = identify(int(pid))
        return found if found and found.start == int(start) else None

    def _mine(self) -> set[int]:
        """Processes started here: the recorded ones, what descends from them, and what carries the twin's mark."""
        recorded = [self._process(path.stem) for path in (self.folder / "run").glob("*.pid")]
        return descendants(process.pid for process in recorded if process) | marked(str(self.folder))


def _in_folder(folder: str, argv: Sequence[str]) -> list[str]:
    return ["sh", "-c", 'cd "$0" && exec "$@"', folder, *argv]
