"""The one writer: each file is old or new whatever kills it, and nothing is touched outside the output folder.

Every step goes through directory descriptors that were opened without following links, so a link that is put
in the way between a check and a write is refused by the kernel.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from afspec.compiler.lock import LOCK_NAME, stays_inside
from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity
from afspec.source.text import digest, fail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from afspec.generators import Artifact

JOURNAL_NAME = ".afspec.journal.json"
_SUFFIX = ".afspec-new"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _refusal(code: str, message: str, place: str) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, hint=CODES[code].advice, place=place)


@dataclass
class OutputFolder:
    """The folder of one site's outputs, held open and locked against other compilers while it is used."""

    path: str
    create: bool = True
    _descriptors: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        parent, name = os.path.split(os.path.abspath(self.path))
        try:
            if self.create:
                os.makedirs(parent, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(self.path)
            self._descriptors[""] = os.open(self.path, _DIRECTORY)
        except OSError as error:
            raise self._failure(error, name) from error
        if self.create:
            try:
                fcntl.flock(self._descriptors[""], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self.close()
                raise fail("AF4008", "another afspec is writing to this folder", place=self.path) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the descriptors, and with them the lock."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()

    def _failure(self, error: OSError, path: str) -> AfspecError:
        place = os.path.join(self.path, path) if path != os.path.basename(self.path) else self.path
        parts = accumulate(path.split("/") if place != self.path else (), os.path.join, initial=self.path)
        if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and any(map(os.path.islink, parts))):
            return fail("AF4005", f"{place} is a symbolic link, or passes through one", place=place)
        return fail("AF4008", f"{place}: {error.strerror}", place=place)

    def directory(self, path: str, *, create: bool) -> int:
        """Descriptor of a folder below; raises FileNotFoundError where it is absent and not to be made."""
        if path not in self._descriptors:
            above, name = os.path.split(path)
            parent = self.directory(above, create=create)
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=parent)
            self._descriptors[path] = os.open(name, _DIRECTORY, dir_fd=parent)
        return self._descriptors[path]

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is no such file.

        Raises:
            AfspecError: AF4005 for a link, AF4008 for what cannot be read.
        """
        folder, name = os.path.split(path)
        try:
            parent = self.directory(folder, create=False)
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failure(error, path) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)  # fdopen refuses directories with an error of its own
            raise fail("AF4008", f"{path} is not an ordinary file", place=os.path.join(self.path, path))
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read()

    def digest(self, path: str) -> str | None:
        """A file's digest; None where there is no such file."""
        data = self.read(path)
        return None if data is None else digest(data)

    def write(self, path: str, text: str, *, executable: bool = False) -> None:
        """Put a file in place by renaming: a reader sees the old one or the new one."""
        folder, name = os.path.split(path)
        try:
            parent = self.directory(folder, create=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name + _SUFFIX, dir_fd=parent)  # left by a compiler that was killed
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name + _SUFFIX, flags, 0o777 if executable else 0o666, dir_fd=parent)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(text.encode("ascii"))
                os.rename(name + _SUFFIX, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name + _SUFFIX, dir_fd=parent)
                raise
        except OSError as error:
            raise self._failure(error, path) from error

    def remove(self, path: str) -> None:
        """Remove a file, if it is there, and the folders that are empty then."""
        folder, name = os.path.split(path)
        try:
            parent = self.directory(folder, create=False)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failure(error, path) from error
        while folder:
            above, name = os.path.split(folder)
            with contextlib.suppress(OSError):  # not empty: somebody else's files live there
                os.rmdir(name, dir_fd=self.directory(above, create=False))
                os.close(self._descriptors.pop(folder))
            folder = above

    def journal(self) -> dict[str, list[str]]:
        """What interrupted runs were about to write, by path the digest of each, or to remove (no digest)."""
        data = self.read(JOURNAL_NAME)
        if data is None:
            return {}
        try:
            rows = json.loads(data).items()
            return {path: [str(sha) for sha in digests] for path, digests in rows if stays_inside(path)}
        except (ValueError, TypeError, AttributeError, RecursionError):
            return {}  # not ours: then it tells nothing


@dataclass(frozen=True, slots=True)
class Changes:
    """What writing would do to the folder, by path."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether the disk differs from what the spec gives."""
        return bool(self.new or self.changed or self.removed or self.edited or self.foreign)


def compare(folder: OutputFolder, artifacts: list[Artifact], written: dict[str, str], gone: set[str]) -> Changes:
    """What would change.

    Args:
        folder: the output folder.
        artifacts: what the spec gives.
        written: digests of what afspec wrote there before, by path.
        gone: paths that earlier runs wrote and the spec no longer gives.
    """
    journal = folder.journal()
    rows: dict[str, list[str]] = {key: [] for key in ("new", "changed", "unchanged", "removed", "edited", "foreign")}

    def ours(path: str, sha: str) -> bool:
        return sha == written.get(path) or sha in journal.get(path, ())

    for artifact in artifacts:
        path, now = artifact.path, folder.digest(artifact.path)
        if now is None:
            rows["new"].append(path)
        elif now == digest(artifact.text.encode("ascii")):
            rows["unchanged"].append(path)
        elif ours(path, now):
            rows["changed"].append(path)
        else:
            rows["edited" if path in written or path in journal else "foreign"].append(path)
    wanted = {artifact.path for artifact in artifacts}
    for path in sorted(gone - wanted):
        now = folder.digest(path)
        if now is not None:
            rows["removed" if ours(path, now) else "edited"].append(path)
    return Changes(**{key: tuple(paths) for key, paths in rows.items()})


def _refusals(folder: OutputFolder, changes: Changes) -> Iterator[Diagnostic]:
    for path in changes.foreign:
        place = os.path.join(folder.path, path)
        yield _refusal("AF4006", f"{place} exists and was not written by afspec", place)
    for path in changes.edited:
        place = os.path.join(folder.path, path)
        yield _refusal("AF4007", f"{place} was edited by hand since it was generated", place)


def apply(folder: OutputFolder, artifacts: list[Artifact], changes: Changes, lock: str, *, force: bool) -> None:
    """Make the folder what the spec gives; the lock comes last.

    Raises:
        AfspecError: AF4006 and AF4007 for files that are not afspec's to overwrite (unless `force`), AF4005, AF4008.
    """
    if not force and (refused := list(_refusals(folder, changes))):
        raise AfspecError(refused)
    before = folder.journal()
    for path in (JOURNAL_NAME, LOCK_NAME, *before):
        folder.remove(path + _SUFFIX)
    if changes.any:
        # The journal lets the next run tell what a killed one wrote from what a person wrote.
        going = {path: before.get(path, []) for path in changes.removed}
        coming = {a.path: [*before.get(a.path, ()), digest(a.text.encode("ascii"))] for a in artifacts}
        folder.write(JOURNAL_NAME, json.dumps(before | going | coming))
    untouched = set(changes.unchanged)
    for artifact in artifacts:
        if artifact.path not in untouched:
            folder.write(artifact.path, artifact.text, executable=artifact.executable)
    wanted = {artifact.path for artifact in artifacts}
    for path in (*changes.removed, *changes.edited):
        if path not in wanted:
            folder.remove(path)
    if folder.read(LOCK_NAME) != lock.encode("ascii"):
        folder.write(LOCK_NAME, lock)
    # A run with --only leaves to the next whole one what an interrupted run wrote elsewhere.
    rest = {path: shas for path, shas in before.items() if path not in wanted and folder.read(path) is not None}
    if rest:
        folder.write(JOURNAL_NAME, json.dumps(rest))
    else:
        folder.remove(JOURNAL_NAME)
