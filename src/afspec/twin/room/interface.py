"""The interface of a room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afspec.twin.engine import Daemon


class RoomError(Exception):
    """A command in the room failed; the message says which, and what it printed."""


class Room(ABC):
    """A place with files, processes and a network. Paths are those of the room, unless named host paths."""

    # Whether the room has users, hosts and a network of its own; else it is the host, and everything is one user's.
    private: bool

    @abstractmethod
    def run(
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
        """Run a command to its end, as a user of the room, in a clean environment plus `env`.

        `directory` defaults to the user's home. `outside` takes away the names of hosts that are not public: what is
        seen from a user's laptop. In a room that is not private, `user` and `outside` mean nothing.

        Raises:
            RoomError: with `check`, where it fails; always where it takes longer than `timeout` seconds, in
                which case it is killed.
        """

    @abstractmethod
    def command(
        self, argv: Sequence[str], *, user: str, directory: str | None = None, outside: bool = False
    ) -> list[str]:
        """The command as this machine must run it, with `environment`, to have it run in the room.

        Raises:
            KeyError: the room has no such user.
        """

    @abstractmethod
    def environment(self, user: str = "root", more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables of a user's command, and more."""

    @abstractmethod
    def start(self, daemon: Daemon) -> None:
        """Start a daemon, its output in its log; what ran before under its name must be gone."""

    @abstractmethod
    def alive(self, name: str) -> bool:
        """Whether the daemon runs."""

    @abstractmethod
    def pid(self, name: str) -> int | None:
        """The daemon's process on the host; None where it does not run."""

    @abstractmethod
    def kill(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a daemon; nothing happens where it does not run."""

    @abstractmethod
    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root") -> None:
        """Write a file whole, and the folders above it (owned by root, mode 755)."""

    @abstractmethod
    def make_folder(self, path: str, *, mode: int = 0o755, owner: str = "root") -> None:
        """Make a folder, and those above it (owned by root, mode 755)."""

    @abstractmethod
    def read(self, path: str) -> str:
        """A file's text; FileNotFoundError where there is none."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is something at a path."""

    @abstractmethod
    def log(self, name: str) -> Path:
        """Host path of a daemon's log; more logs of the engine's own lie beside it."""

    def claim_shared_memory(self, prefix: str) -> None:  # noqa: B027 - a private room's goes away with it
        """Say that regions of shared memory whose names start so are this twin's: they go when the room is closed."""

    @abstractmethod
    def answers(self, host: str, port: int) -> bool:
        """Whether something accepts a TCP connection there, as seen inside the room."""

    @abstractmethod
    def certificate(self, hosts: Sequence[str], certificate: str, key: str, *, owner: str = "root") -> None:
        """Make a certificate for hosts, signed by the twin's own authority, which everything in the room trusts."""
