"""Puts a folder where another was, in one step."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# renameat2(2): exchange two paths in one step.
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def put(new: Path, folder: Path) -> None:
    """Give the new folder the name; afterwards `new` is the old one, or gone.

    Raises:
        OSError: the file system cannot exchange folders in one step; nothing was changed.
    """
    # A folder that is absent, or there and empty, is replaced by rename(2) itself.
    with contextlib.suppress(OSError):
        new.rename(folder)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(folder), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)}: its file system cannot exchange folders in one step", str(folder))
