"""Writing a new spec: whole or not at all, checked before it has its name, and never over what somebody wrote."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from afspec.source.text import fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV}


def refuse_existing(path: Path) -> None:
    """Stop before anything is asked or written.

    Raises:
        AfspecError: AF4006, there is something at `path`.
    """
    if os.path.lexists(path):
        raise fail("AF4006", f"there is a file already: {path}", place=str(path))


def _refuse_devices(path: Path) -> None:
    """A device, a pipe or a socket is no spec to be replaced, not even by force."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise fail("AF4008", f"not an ordinary file: {path}", place=str(path))


def _publish(made: Path, path: Path) -> None:
    """Give a finished file its name, unless that is taken: a link, unlike a rename, replaces nothing."""
    try:
        os.link(made, path, follow_symlinks=False)
    except FileExistsError:
        refuse_existing(path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        refuse_existing(path)
        made.replace(path)


def save(path: Path, text: str, *, force: bool, verify: Callable[[Path], None]) -> None:
    """Write `text` to `path`; `verify` sees it beside its place first, and what it raises leaves nothing behind.

    Raises:
        AfspecError: AF4006, there is a file already and no `force`; AF4008, it cannot be written,
            or is a device.
    """
    made = path.with_name(f".{path.name}.afspec-new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with made.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        verify(made)
        if force:
            _refuse_devices(path)
            made.replace(path)
        else:
            _publish(made, path)
    except OSError as error:
        raise fail("AF4008", f"{path}: {error.strerror or error}", place=str(path)) from error
    finally:
        with suppress(OSError):
            made.unlink()
