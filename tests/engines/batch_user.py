"""An ordinary user of a batch system in a twin: a folder for a test's files, and commands that end in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from support import until

if TYPE_CHECKING:
    import subprocess

    from engines.conftest import Miniature

    from afspec.twin.engine import Ailment

# Seconds for a job of a moment: starting one takes two or three, on a machine that is busy more.
SOON = 60


class BatchUser(NamedTuple):
    """A user, and where her files of this test are."""

    miniature: Miniature
    name: str
    folder: str

    def run(
        self, *argv: str, check: bool = True, timeout: float = 60, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return self.miniature.room.run(
            list(argv), user=self.name, directory=self.folder, check=check, timeout=timeout, stdin=stdin
        )

    def write(self, name: str, text: str) -> str:
        """A file of hers; its path."""
        path = f"{self.folder}/{name}"
        self.miniature.room.write(path, text, owner=self.name)
        return path

    def read(self, name: str) -> str:
        """A file's text, "" where it is not there (yet)."""
        try:
            return self.miniature.room.read(f"{self.folder}/{name}")
        except FileNotFoundError:
            return ""


def folder_of(miniature: Miniature, user: str) -> str:
    """A new folder in a user's home."""
    home = next(each.home for each in miniature.twin.users if each.name == user)
    return miniature.room.run(["mktemp", "-d", f"{home}/test.XXXXXX"], user=user).stdout.strip()


def mine(miniature: Miniature, engine: str) -> list[Ailment]:
    """What ails one engine, whatever the others are doing."""
    return miniature.engine(engine).ailments()


def well(miniature: Miniature, engine: str, seconds: float = SOON) -> bool:
    """Whether an engine gets well by itself within a time."""
    return until(lambda: not mine(miniature, engine), seconds)
