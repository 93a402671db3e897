"""Compiled templates in the user's cache folder: a cold start spends a third of its time on compiling them.

Purely a matter of speed: an entry is used only for the source that it was made of (Jinja2 compares digests), and
without the folder everything works as before. AFSPEC_NO_CACHE=1 leaves it alone.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

from afspec.generators.private import private_folder

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
    folder = private_folder("templates", _settings(), form.value)
    return _Forgiving(str(folder)) if folder else None
