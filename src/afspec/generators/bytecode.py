"""Compiled templates in the user's cache folder: a cold start spends a third of its time on compiling them.

Purely a matter of speed: an entry is used only for the source that it was made of (Jinja2 compares digests), and
without the folder everything works as before. AFSPEC_NO_CACHE=1 leaves it alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

if TYPE_CHECKING:
    from jinja2 import BytecodeCache
    from jinja2.bccache import Bucket

    from afspec.generators.artifact import Format

_HERE = Path(__file__).parent


@cache
def _settings() -> str:
    """Digest of what decides, besides a template's source, what it is compiled to."""
    digest = hashlib.sha256()
    for name in ("templates.py", "quoting.py"):
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _is_ours_alone(folder: Path) -> bool:
    """Whether nobody else can have put code there."""
    status = folder.stat(follow_symlinks=False)
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others


class _Forgiving(FileSystemBytecodeCache):
    """A cache that is only ever a help: what cannot be read is compiled anew, what cannot be written is not kept."""

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001 - unpickling damaged bytes can raise anything
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def bytecode_cache(form: Format) -> BytecodeCache | None:
    """The cache for templates of a format; None where there is no folder that is safe to use."""
    if os.environ.get("AFSPEC_NO_CACHE"):
        return None
    try:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
        top = Path(home) / "afspec"
        folder = top / "templates" / _settings() / form.value
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        safe = all(_is_ours_alone(part) for part in (folder, *folder.parents[:3]))
    except (OSError, RuntimeError):
        return None
    return _Forgiving(str(folder)) if safe and os.access(folder, os.W_OK) else None
