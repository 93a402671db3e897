"""What is built once and kept: root file systems and environments, each in a folder named after its definition."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_DIGITS = 12
_PARTIAL = ".partial-"
_READY = "ready"


def cache_folder() -> Path:
    """Where everything that was built is kept (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "afspec"


def digest(parts: Iterable[str]) -> str:
    """A name for a definition: 12 hexadecimal digits that change with any of its parts."""
    whole = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        # With their lengths, no two lists of parts look alike.
        whole.update(f"{len(encoded)}:".encode() + encoded)
    return whole.hexdigest()[:_DIGITS]


@contextmanager
def _locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a folder's lock; the kernel lets go of it when its holder dies, so none is ever stale."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_built(folder: Path) -> bool:
    """Whether a folder that `build_in_place` makes is whole."""
    return (folder / _READY).exists()


def build_and_rename(final: Path, build: Callable[[Path], None], waiting: Callable[[], None]) -> None:
    """Have `build` fill a folder beside `final`, which takes its place when all went well: whole, or not there at all.

    Whoever comes second waits for the first, after `waiting` told the user so, and takes what that one built.
    """
    with _locked(final.parent, waiting):
        # All builders hold the lock: what lies there half done was left by one that died.
        for leftover in final.parent.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover)
        if final.exists():
            return
        partial = final.with_name(f"{_PARTIAL}{os.getpid()}")
        try:
            build(partial)
            partial.rename(final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def build_in_place(final: Path, build: Callable[[Path], None], waiting: Callable[[], None]) -> None:
    """As `build_and_rename`, for what does not bear to be moved: a file in the folder, made last, says it is whole.

    The scripts of a virtual environment hold the path of its Python.
    """
    with _locked(final.parent, waiting):
        for folder in final.parent.iterdir():
            if folder.is_dir() and not is_built(folder):
                shutil.rmtree(folder)
        if final.exists():
            return
        try:
            build(final)
            (final / _READY).touch()
        finally:
            if not is_built(final):
                shutil.rmtree(final, ignore_errors=True)
