"""A lock on disk: the old one or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity


def write(path: str, text: str) -> None:
    """Put a lock in its place by renaming.

    Raises:
        AfspecError: AF4008 where it cannot be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(text)
            # A lock is committed, and read by everybody who may read the spec.
            Path(name).chmod(0o644)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        message = f"{path}: {error.strerror}"
        found = Diagnostic("AF4008", Severity.ERROR, message, hint=CODES["AF4008"].advice, place=path)
        raise AfspecError([found]) from error
