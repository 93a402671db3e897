"""Made-up events to run on, kept for the next time in the user's cache folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.agc.errors import AgcError
from afspec.agc.run.filelist import of_document
from afspec.agc.run.files import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.agc.run.course import Progress
    from afspec.agc.run.filelist import FileList


def cache() -> Path:
    """Where made-up events are kept (XDG Base Directory Specification).

    Raises:
        AgcError: the user has no home.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # A relative one is to be ignored.
        base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise AgcError("there is no home to keep made-up events in", "Set XDG_CACHE_HOME to a folder") from None
    return base / "afspec" / "agc"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have a folder for oneself; whoever wants the same events at the same time waits, and finds them made.

    Raises:
        OSError: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        # Where the file system has no locks, two who make the same at once may fail, and do not make it wrong.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def generated(kind: str, events: int, progress: Progress) -> FileList:
    """About so many made-up events of all samples of an analysis; made now, unless they are there.

    Raises:
        AgcError: there is nothing to make them up for that analysis, or no room for them.
    """
    # Numba and uproot take a second.
    from afspec.agc.generate.fileset import generate_fileset, generate_hzz_fileset  # noqa: PLC0415

    makers = {"ttbar": generate_fileset, "hzz": generate_hzz_fileset}
    if kind not in makers:
        raise AgcError(f"no events can be made up for {kind}", "Give its files")
    folder = cache() / f"{kind}-{events}"
    try:
        with _alone(folder):
            progress.begin(events, 0)
            document = makers[kind](folder, events, progress=lambda count: progress.advance(count, 0))
    except OSError as error:
        text = f"made-up events cannot be kept in {folder}: {error.strerror or error}"
        raise OutputError(text, "Make room there, or set XDG_CACHE_HOME to another folder") from None
    finally:
        progress.end()
    return of_document(document, f"{events:,} made-up events")
