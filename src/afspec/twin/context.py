"""What an engine is given: the facility, its compiled files, the room, users and secrets."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.twin.room import Room


class User(NamedTuple):
    """An ordinary user of the twin, made at its start."""

    name: str
    uid: int
    home: str


USERS = ("alice", "bob")
FIRST_UID = 20001
GROUP = "users"
GID = 100


@dataclass(frozen=True)
class CompiledFiles:
    """The output folder of `afspec compile`: `host` as seen from here, `inside` as the room sees it."""

    host: Path
    inside: str

    def path(self, name: str) -> str:
        """Where the room sees a file; `name` is its path in the output folder."""
        return f"{self.inside}/{name}"

    def text(self, name: str) -> str:
        """A file's text; FileNotFoundError where the compiler wrote no such file."""
        return (self.host / name).read_text()

    def has(self, name: str) -> bool:
        """Whether the compiler wrote it."""
        return (self.host / name).exists()

    def glob(self, pattern: str) -> Iterator[str]:
        """Names of the files that match, in order."""
        return (path.relative_to(self.host).as_posix() for path in sorted(self.host.glob(pattern)))


class Secrets:
    """Secrets made at the start of a twin, each once, in a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, name: str) -> str:
        """The secret of that name: 64 hexadecimal digits."""
        if name not in self._known:
            self.put(name, secrets.token_hex(32))
        return self._known[name]

    def put(self, name: str, value: str) -> None:
        """Keep a secret that a service made itself."""
        # Engines that do not wait for each other are started at the same time.
        with self._lock:
            self._known[name] = value
            new = self._path.with_suffix(".new")
            new.touch(mode=0o600)
            new.write_text(json.dumps(self._known))
            new.replace(self._path)

    def of(self, ref: SecretRef) -> str:
        """The secret behind a reference of the spec; the same reference gives the same secret."""
        return self.get(self.name_of(ref))

    @staticmethod
    def name_of(ref: SecretRef) -> str:
        """The name under which the secret behind a reference is kept."""
        if ref.kubernetes_secret:
            return f"kubernetes:{ref.kubernetes_secret.name}/{ref.kubernetes_secret.key}"
        return f"env:{ref.env}" if ref.env else f"file:{ref.file}"


@dataclass
class Twin:
    """A twin as its engines see it."""

    name: str
    facility: Facility
    files: CompiledFiles
    room: Room
    secrets: Secrets
    users: tuple[User, ...]

    def environment(self, *refs: SecretRef | None) -> dict[str, str]:
        """Variables for a daemon: the secrets that the spec refers to by environment."""
        return {ref.env: self.secrets.of(ref) for ref in refs if ref and ref.env}

    def place(self, *refs: SecretRef | None, owner: str = "root") -> None:
        """Write the secrets that the spec refers to by file, readable for their owner."""
        for ref in refs:
            if ref and ref.file:
                self.room.write(ref.file, self.secrets.of(ref) + "\n", mode=0o600, owner=owner)
