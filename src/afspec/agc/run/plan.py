"""Work by file and entry range, planned from the file list alone: no file is opened for it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from afspec import __version__
from afspec.agc.errors import AgcError
from afspec.agc.run.addresses import without_secrets
from afspec.agc.run.work import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.filelist import FileList

# Opening a file costs what reading some thousand events does; workers should not wait long for the last unit.
CHUNK_EVENTS: Final = 500_000
_LEAST: Final = 50_000
_UNITS: Final = 64


def fitting(files: FileList) -> int:
    """How many events make a good unit: of the list alone, so that a resumed run plans the same on other workers."""
    return min(CHUNK_EVENTS, max(_LEAST, files.events // _UNITS))


def plan(files: FileList, chunk_events: int) -> tuple[Unit, ...]:
    """Units of about so many events; a file's are of one size, and files without events have one, which checks that.

    Raises:
        AgcError: chunks of no event are asked for.
    """
    if chunk_events < 1:
        raise AgcError(f"chunks of {chunk_events} events cannot be", "Give --chunk-events 1 or more")
    units: list[Unit] = []
    for sample, file in files:
        parts = max(1, -(-file.events // chunk_events))
        ends = [file.events * part // parts for part in range(parts + 1)]
        # No unit can grow to more than twice its size.
        slack = file.events // parts // 2
        units += [
            Unit(len(units) + part, sample, file.path, ends[part], ends[part + 1], file.events, slack)
            for part in range(parts)
        ]
    return tuple(units)


def keys(analysis: Analysis, files: FileList, units: Sequence[Unit]) -> tuple[str, ...]:
    """What tells each unit's work from any other's: SHA-256 of the code's version, analysis, sample, file and range.

    The way to a file and the other files of the list are not in it: what was done on one stays good when another is
    corrected, or found behind another door.
    """
    listed = {(sample, file.path): without_secrets(file.listed or file.path) for sample, file in files}
    return tuple(
        hashlib.sha256(
            json.dumps(
                [
                    __version__,
                    analysis.name,
                    *unit.sample,
                    listed[unit.sample, unit.file],
                    *(unit.start, unit.stop, unit.expected, unit.slack),
                ]
            ).encode()
        ).hexdigest()
        for unit in units
    )
