"""The files of a compiled folder, as its lock lists them, or as they are about to be written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from afspec.compiler.lock import LOCK_NAME, parse_lock
from afspec.source.text import fail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afspec.verify.cluster import Cluster
    from afspec.verify.cluster.charts import Charts


@dataclass(frozen=True)
class Compiled:
    """The files of one site by path; `place` is what a person calls their folder, `missing` are not there any more.

    `charts` is the folder of charts that they are for, where there is one.
    """

    site: str
    place: str
    contents: Mapping[str, bytes]
    missing: tuple[str, ...] = ()
    charts: Charts | None = None

    @cached_property
    def cluster(self) -> Cluster:
        """The files for the cluster, read once for all checks."""
        from afspec.verify.cluster import Cluster  # noqa: PLC0415 - the others need none of it

        return Cluster(self)

    @classmethod
    def read(cls, folder: Path, charts: Charts | None = None) -> Compiled:
        """The files that the lock of a folder lists; others are not afspec's.

        Raises:
            AfspecError: AF5001 where the folder has no lock, AF4009 where it cannot be read, AF0002 likewise of a file.
        """
        try:
            lock = parse_lock((folder / LOCK_NAME).read_text(), str(folder / LOCK_NAME))
        except (FileNotFoundError, NotADirectoryError):
            hint = "Name the folder of one site, such as build/slac; `afspec compile` writes it."
            raise fail("AF5001", f"no {LOCK_NAME} in {folder}", place=str(folder), hint=hint) from None
        except (OSError, UnicodeDecodeError) as error:
            raise fail("AF4009", f"lock file cannot be read: {error}", place=str(folder / LOCK_NAME)) from None
        contents: dict[str, bytes] = {}
        missing = []
        for path in sorted(lock.outputs):
            try:
                contents[path] = (folder / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                missing.append(path)
            except OSError as error:
                raise fail("AF0002", f"cannot be read: {error.strerror}", place=str(folder / path)) from None
        return cls(lock.site, str(folder), contents, tuple(missing), charts)

    @classmethod
    def of_texts(cls, site: str, texts: Mapping[str, str], charts: Charts | None = None) -> Compiled:
        """Files that are not on disk; they are named by their path alone."""
        contents = {path: text.encode() for path, text in sorted(texts.items())}
        return cls(site, "", contents, charts=charts)

    def like(self, *patterns: str) -> list[str]:
        """Paths that match any of the patterns; a * also stands for folders."""
        return [path for path in self.contents if any(fnmatchcase(path, pattern) for pattern in patterns)]

    def text(self, path: str) -> str:
        """A file's text."""
        return self.contents[path].decode("utf-8", "replace")

    def shown(self, path: str) -> str:
        """A file as a person finds it."""
        return f"{self.place}/{path}" if self.place else path

    def digest(self, paths: list[str]) -> str:
        """One digest for some of the files, and what they are called."""
        whole = hashlib.sha256()
        for path in sorted(paths):
            whole.update(f"{path}\0{hashlib.sha256(self.contents[path]).hexdigest()}\n".encode())
        return whole.hexdigest()
