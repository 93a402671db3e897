"""What an unfinished run has done, kept in OUTPUT/.partial so that the next run of the same work goes on from there.

One line of JSON a partial result, appended as it comes, with its own SHA-256: a line that was cut short by a kill does
not count, and its units are done again. A unit is in one line or in none, so nothing counts twice. Numbers are written
so that they come back to the last bit.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.events.stats import ReadStats
from afspec.agc.run.addresses import is_remote
from afspec.agc.run.files import replace_text, unwritable
from afspec.agc.run.work import Partial
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from afspec.agc.run.work import Unit

FOLDER: Final = ".partial"
_LINES, _LOCK = "done.jsonl", "lock"


@dataclass(slots=True)
class Journal:
    """The journal of one output folder, held by one run at a time.

    Attributes:
        folder: OUTPUT/.partial.
        units: the plan's.
        keys: what tells each of them from any other work, see plan.keys.
        found: partial results that a former run left here.
    """

    folder: Path
    units: Sequence[Unit]
    keys: Sequence[str]
    found: list[Partial] = field(default_factory=list)
    _marks: dict[str, str] = field(default_factory=dict)
    _lines: IO[str] | None = None
    _lock: IO[str] | None = None

    def open(self, *, fresh: bool = False) -> Self:
        """Take the folder, and read what it holds; `fresh` forgets it.

        Raises:
            AgcError: another run has it, or it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take()
            self._marks = {file: _mark(file) for file in dict.fromkeys(unit.file for unit in self.units)}
            lines = [] if fresh else self._read()
            replace_text(self.folder / _LINES, "".join(lines))
            self._lines = (self.folder / _LINES).open("a", encoding="utf-8")
        except OSError as error:
            self.close()
            raise unwritable(self.folder.parent, error) from None
        except AgcError:
            self.close()
            raise
        return self

    def add(self, partial: Partial) -> None:
        """Remember what is done.

        Raises:
            AgcError: it cannot be written, as on a full disk.
        """
        if not partial.done or self._lines is None:
            return
        try:
            self._lines.write(_line(_document(partial, self.units, self.keys, self._marks)))
            self._lines.flush()
        except OSError as error:
            raise unwritable(self.folder.parent, error) from None

    def close(self, *, finished: bool = False) -> None:
        """Let go of the folder; a finished run leaves nothing in it."""
        if self._lines is not None:
            # What could not be written has been told when it was added.
            with contextlib.suppress(OSError):
                self._lines.close()
        if finished:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _take(self) -> None:
        self._lock = (self.folder / _LOCK).open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AgcError(
                f"another run is writing to {self.folder.parent}", "Wait for it, or give another --output"
            ) from None
        except OSError:
            # A file system without locks: two runs at once are the user's own care there.
            return

    def _read(self) -> list[str]:
        """Lines to keep; what those of this work say goes to `found`."""
        try:
            lines = (self.folder / _LINES).read_text("utf-8", errors="replace").splitlines(keepends=True)
        except FileNotFoundError:
            return []
        numbers = {key: unit.number for key, unit in zip(self.keys, self.units, strict=True)}
        kept = []
        seen: set[str] = set()
        for line in lines:
            document = _checked(line)
            if document is None:
                continue
            known = {key for key, _ in document["done"]}
            if not known <= numbers.keys():
                kept.append(line)
            elif not known & seen and self._unchanged(document["marks"]):
                kept.append(line)
                seen |= known
                self.found.append(_partial(document, numbers))
        return kept

    def _unchanged(self, marks: dict[str, str]) -> bool:
        """Whether a line's local files are what they were."""
        return all(self._marks.get(file) == mark for file, mark in marks.items())


def _mark(file: str) -> str:
    """What tells a local file from another of its name: size and time; remote ones are only known by address."""
    if is_remote(file):
        return ""
    try:
        state = Path(file).stat()
    except OSError:
        return "absent"
    return f"{state.st_size}:{state.st_mtime_ns}"


def _document(partial: Partial, units: Sequence[Unit], keys: Sequence[str], marks: dict[str, str]) -> dict[str, Any]:
    files = dict.fromkeys(units[number].file for number in partial.done)
    return {
        "done": [(keys[number], events) for number, events in sorted(partial.done.items())],
        # Addresses that may hold a secret are not needed: only local files are marked.
        "marks": {file: marks[file] for file in files if marks[file]},
        "tallies": [[*sample, *_told(tally)] for sample, tally in partial.tallies.items()],
        "stats": asdict(partial.stats),
    }


def _told(tally: Tally) -> list[Any]:
    return [tally.sums.tolist(), tally.squares.tolist(), tally.flow.tolist()]


def _partial(document: dict[str, Any], numbers: dict[str, int]) -> Partial:
    tallies = {
        (process, variation): Tally(np.array(sums, float), np.array(squares, float), np.array(flow, np.int64))
        for process, variation, sums, squares, flow in document["tallies"]
    }
    done = {numbers[key]: events for key, events in document["done"]}
    return Partial(done, tallies, stats=ReadStats(**document["stats"]))


def _line(document: dict[str, Any]) -> str:
    text = json.dumps(document, separators=(",", ":"))
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}\n"


def _checked(line: str) -> dict[str, Any] | None:
    digest, _, text = line.rstrip("\n").partition(" ")
    if not line.endswith("\n") or hashlib.sha256(text.encode()).hexdigest() != digest:
        return None
    document: dict[str, Any] = json.loads(text)
    return document
