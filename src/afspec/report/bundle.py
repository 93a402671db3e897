"""A report as a folder: report.json, spec.json, evidence; written whole or not at all, read without trusting it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from afspec.report.errors import ReportError
from afspec.report.model import Report
from afspec.report.place import put
from afspec.report.plain import parse, render
from afspec.report.scan import Forbidden, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.report.model import EvidenceRef

REPORT: Final = "report.json"
SPEC: Final = "spec.json"
SIGNATURE: Final = "report.json.sig"
# Evidence of one run lies below the first; a merged report keeps that of each run below the second.
EVIDENCE: Final = "evidence/"
RUNS: Final = "runs/"
MAX_BYTES: Final = 64 << 20
_PATH: Final = re.compile(r"(evidence|runs)(/[A-Za-z0-9_@+=,-][A-Za-z0-9._@+=,-]*)+")


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read: its form is right, which says nothing of its truth (see `verify`)."""

    report: Report
    spec: dict[str, Any]
    folder: Path

    def files(self) -> list[str]:
        """Every file of the bundle, as a path in it."""
        return sorted(_files(self.folder))

    def content(self, path: str) -> bytes:
        """The bytes of one of its files.

        Raises:
            ReportError: it is not there, is no ordinary file, or is too large to be one of a bundle.
        """
        check_path(path)
        return _read(self.folder, path)


def references(report: Report) -> Iterator[EvidenceRef]:
    """All evidence that a report names."""
    for result in report.results:
        for check in result.checks:
            for attempt in check.attempts:
                yield from attempt.evidence


def check_path(path: str) -> None:
    """A path of evidence.

    Raises:
        ReportError: it may lead out of the bundle, or would hide in it.
    """
    if not _PATH.fullmatch(path):
        hint = (
            "Evidence lies below evidence/ (merged: below runs/), in files of letters, digits and . _ - + = @ , only."
        )
        raise ReportError(f"{path[:200]!r} is no path of evidence", next_step=hint)


def write(
    folder: Path,
    report: Report,
    spec: Mapping[str, Any],
    evidence: Mapping[str, bytes],
    forbidden: Forbidden | None = None,
) -> None:
    """Put a bundle in place; whatever interrupts, `folder` holds the old one or the new one.

    Evidence that the report does not name stays out.

    Raises:
        ReportError: something in it must not be published (see `scan`), a path leads out of it, evidence that the
            report names is missing, or it cannot be written; then nothing was.
    """
    named = [ref.file for ref in references(report)]
    for path in named:
        check_path(path)
    if missing := [path for path in named if path not in evidence]:
        raise ReportError(f"the report names evidence that is not there: {', '.join(missing[:5])}")
    shown = {path: evidence[path] for path in named}
    files = {REPORT: render(report.model_dump(mode="json")), SPEC: render(spec), **shown}
    refuse(files, forbidden or Forbidden())
    folder = folder.resolve()
    try:
        if folder.exists() and not (folder / REPORT).is_file() and any(folder.iterdir()):
            raise ReportError("holds something else than a bundle", str(folder), "Name a new folder, or an old bundle.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            beside.chmod(0o777 & ~_umask())
            for path, data in files.items():
                (beside / path).parent.mkdir(parents=True, exist_ok=True)
                (beside / path).write_bytes(data)
            put(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise ReportError(f"cannot be written: {error.strerror}", str(folder), "Nothing was changed.") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def read(folder: Path) -> Bundle:
    """The bundle in a folder.

    Raises:
        ReportError: it is none, or something in it is a link or no ordinary file.
    """
    if not folder.is_dir():
        raise ReportError("no such bundle", str(folder), "A bundle is a folder with report.json in it.")
    list(_files(folder))
    data = _read(folder, REPORT)
    parse(data, str(folder / REPORT))  # pydantic does not see what is said twice
    try:
        report = Report.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise ReportError(_reason(error), str(folder / REPORT), "specs/report.schema.json is its form.") from error
    spec = parse(_read(folder, SPEC), str(folder / SPEC))
    if not isinstance(spec, dict):
        raise ReportError("is no map", str(folder / SPEC), "It must hold the spec as plain data, bases merged in.")
    return Bundle(report, spec, folder)


def _reason(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"/{'/'.join(map(str, first['loc']))}: {first['msg']}{more}"


def _files(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise ReportError("is a link", str(path), "A bundle holds its files itself: put the file in its place.")
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise ReportError("is no ordinary file", str(path), "Remove it: a bundle holds nothing else.")
            if stat.S_ISREG(mode):
                yield path.relative_to(folder).as_posix()


def _read(folder: Path, path: str) -> bytes:
    place = folder / path
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "A bundle is a folder with report.json, spec.json and the evidence that the report names."
        raise ReportError(error.strerror or str(error), str(place), hint) from error
    if len(data) > MAX_BYTES:
        raise ReportError(f"has more than {MAX_BYTES:,} bytes", str(place), "No file of a bundle is that large.")
    return data
