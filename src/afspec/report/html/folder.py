"""Puts pages on disk: made beside, then put in place at once, so that readers see the old pages or the new."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING

from afspec.report.html.pages import PagesError
from afspec.report.html.render import render
from afspec.report.place import put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from afspec.report.html.pages import Pages

MARKER = ".afspec-pages"
_MARKER_TEXT = "Pages of afspec report html. The folder is replaced as a whole: keep nothing else in it.\n"


def write_pages(folder: Path, pages: Pages) -> int:
    """Write the pages and return how many there are; what was in the folder before is gone then.

    Whatever stops it before the end leaves the old pages as they were.

    Raises:
        PagesError: the folder holds something that is not pages of ours, another process writes to it, or render's.
    """
    try:
        return _write(folder, render(pages))
    except OSError as error:
        kept = "The old pages are as they were."
        raise PagesError(f"cannot be written: {error.strerror}", str(folder), kept) from error


def _write(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    _check_own(folder)
    with _beside(folder) as new:
        count = 0
        for path, text in pages:
            target = new / path
            target.parent.mkdir(exist_ok=True)
            # A lone half of a character, as hostile text may hold, becomes one that browsers show as unreadable.
            target.write_text(text, encoding="utf-8", errors="xmlcharrefreplace", newline="\n")
            count += 1
        _check_own(folder)
        put(new, folder)
    return count


def _check_own(folder: Path) -> None:
    if folder.is_symlink():
        raise PagesError("is a symbolic link", str(folder), "Name the folder that it leads to.")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PagesError("is no folder", str(folder), "Name one that is absent, is empty, or holds pages of afspec.")
    if any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise PagesError(
            f"holds files that afspec did not write: it has no {MARKER}",
            str(folder),
            "Name another folder, or empty it.",
        )


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """An empty folder beside; what is in it at the end, the old pages or half-made new ones, goes."""
    new = folder.parent / f".{folder.name}.afspec-new"
    new.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _remove(new)  # left by one that was killed
        new.mkdir()
        try:
            (new / MARKER).write_text(_MARKER_TEXT)
            yield new
        finally:
            _remove(new)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other writers of pages out of the folder above, for as long as it lasts."""
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PagesError("another process writes pages here", str(folder), "Try again when it is done.") from error
        yield
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
