"""The past of sites: one small record a run, in history/SITE/DATE-RUN.json.

A record keeps the verdict of every instance that the run asked about. What it did not ask is not in it, and stays a
gap in whatever is drawn of it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final, Literal

from pydantic import ValidationError

from afspec.report.attempts import utc
from afspec.report.errors import ReportError
from afspec.report.html.pages import PastRun, past
from afspec.report.model import Environment, Part, RequirementId
from afspec.report.plain import parse, render
from afspec.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.report.model import Report

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Entry(Part):
    """What was known of one instance."""

    requirement: RequirementId
    item: str
    verdict: Verdict


class Record(Part):
    """One run over a site, or over its twin."""

    afspec_history: Literal[1] = 1
    site: str
    environment: Environment
    run: str
    at: dt.datetime
    partial: tuple[str, ...] = ()
    verdicts: tuple[Entry, ...]

    @classmethod
    def of(cls, run: PastRun) -> Record:
        """The record of a past run."""
        entries = tuple(
            Entry(requirement=requirement, item=item, verdict=verdict)
            for (requirement, item), verdict in run.verdicts.items()
        )
        return cls(
            site=run.site,
            environment=run.environment,
            run=run.run,
            at=run.at,
            partial=run.partial,
            verdicts=entries,
        )

    @property
    def past(self) -> PastRun:
        """As pages want it."""
        verdicts = {(entry.requirement, entry.item): entry.verdict for entry in self.verdicts}
        return PastRun(self.site, self.environment, self.run, self.at, verdicts, self.partial)

    @property
    def file(self) -> str:
        """Its path below the folder of the history.

        Raises:
            ReportError: the site's or the run's name is not one for a file.
        """
        for name in (self.site, self.run):
            if not _NAME.fullmatch(name):
                hint = "Use letters, digits, '.', '_' and '-' only."
                raise ReportError(f"{name[:120]!r} cannot name a record", next_step=hint)
        twin = "-twin" if self.environment == "twin" else ""
        return f"{self.site}/{self.at.date().isoformat()}-{self.run}{twin}.json"


def add(folder: Path, report: Report) -> list[Path]:
    """Put the runs of a report on record; the records that are new, or say more than before.

    A merged report holds of each run only what nothing newer replaced: such a record never replaces a fuller one.

    Raises:
        ReportError: a name cannot name a record, a record that is there cannot be read, or none can be written.
    """
    written = []
    for run in past(report):
        record = Record.of(run)
        path = folder / record.file
        known = _read(path) if path.exists() else None
        if known and len(known.verdicts) >= len(record.verdicts):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f".{path.name}.new")
            new.write_bytes(render(record.model_dump(mode="json")))
            new.replace(path)
        except OSError as error:
            raise ReportError(f"cannot be written: {error.strerror}", str(path), "Nothing was changed.") from error
        written.append(path)
    return written


def read(folder: Path) -> tuple[PastRun, ...]:
    """Every run on record, the earliest first; none where there is no such folder.

    Raises:
        ReportError: a record cannot be read, or lies where another's place is.
    """
    found = []
    for path in sorted(folder.glob("*/*.json")):
        record = _read(path)
        if path.relative_to(folder).as_posix() != record.file:
            raise ReportError(f"is not where it belongs: {record.file}", str(path), "Records are made by `report add`.")
        found.append(record.past)
    return tuple(sorted(found, key=lambda run: (utc(run.at), run.run)))


def _read(path: Path) -> Record:
    hint = "Records are made by `afspec report add`; remove it, and add the bundle again."
    try:
        data = path.read_bytes()
        parse(data, str(path))
        return Record.model_validate_json(data, strict=True)
    except OSError as error:
        raise ReportError(error.strerror or str(error), str(path), hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ReportError(f"/{'/'.join(map(str, first['loc']))}: {first['msg']}", str(path), hint) from error
