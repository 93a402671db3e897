"""Files that are old or new, and never half."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from afspec.agc.errors import AgcError

if TYPE_CHECKING:
    from pathlib import Path


class OutputError(AgcError):
    """What came of a run cannot be written."""


def unwritable(folder: Path, error: OSError) -> OutputError:
    """What is said where an output cannot be written."""
    return OutputError(
        f"{folder} cannot be written: {error.strerror or error}", "Make room there, or give another --output"
    )


def replace_text(path: Path, text: str) -> None:
    """Write a file beside its place, and move it there.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
