"""Folders in the user's cache folder that nobody else can have put anything into."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def _is_ours_alone(folder: Path) -> bool:
    """Whether nobody else can have put code there."""
    status = folder.stat(follow_symlinks=False)
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others


def private_folder(*names: str) -> Path | None:
    """A folder of ours in the user's cache folder; None where there is none that is safe to use, or none is wanted."""
    if os.environ.get("AFSPEC_NO_CACHE"):
        return None
    try:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
        folder = Path(home, "afspec", *names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        safe = all(_is_ours_alone(part) for part in (folder, *folder.parents[: len(names)]))
    except (OSError, RuntimeError):
        return None
    return folder if safe and os.access(folder, os.W_OK) else None
