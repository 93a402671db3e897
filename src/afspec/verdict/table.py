"""The checked-in table: every promise, level and outcome, and what is known then.

`table.csv` is there to be read by whoever doubts a verdict. Its columns: promise, level, outcome; verdict; decides (yes
where it counts for the site's word); exit (what it adds to the exit code: 0, 100, 101 or 102).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Final

from afspec.verdict.words import Level, Outcome, Promise, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = "table.csv"
_COLUMNS: Final = ("promise", "level", "outcome", "verdict", "decides", "exit")
_DECIDES: Final = {"yes": True, "no": False}
_EXITS: Final = {"0", "100", "101", "102"}
# What has an exit code of its own.
_CODED: Final = (Verdict.VERIFIED, Verdict.BROKEN, Verdict.UNVERIFIED, Verdict.ERROR)
_EVERY: Final = tuple(product(Promise, Level, Outcome))


class TableError(ValueError):
    """The table leaves something open, or contradicts itself; the message has a line for each fault."""


@dataclass(frozen=True)
class Row:
    """What is known when a promise of some level came out in some way, before evidence, age and waivers are asked."""

    promise: Promise
    level: Level
    outcome: Outcome
    verdict: Verdict
    decides: bool
    exit_code: int


@dataclass(frozen=True)
class Table:
    """A table that is whole and does not contradict itself."""

    rows: Mapping[tuple[Promise, Level, Outcome], Row]
    exits: Mapping[Verdict, int]

    def row(self, promise: Promise, level: Level, outcome: Outcome) -> Row:
        """The row of a promise, a level and an outcome."""
        return self.rows[promise, level, outcome]

    def decides(self, promise: Promise, level: Level) -> bool:
        """Whether such a requirement counts for the site's word; it does not depend on the outcome."""
        return self.rows[promise, level, Outcome.NOT_RUN].decides


@cache
def table() -> Table:
    """The table of this package, read once.

    Raises:
        TableError: it is not whole, or contradicts itself.
    """
    return parse(files("afspec.verdict").joinpath(_NAME).read_text(encoding="utf-8"))


def parse(text: str) -> Table:
    """The table that a text of comma-separated values holds.

    Raises:
        TableError: it is not whole, or contradicts itself.
    """
    lines = csv.reader(text.splitlines())
    head = tuple(next(lines, []))
    if head != _COLUMNS:
        raise TableError(f"{_NAME}:1: the columns are {', '.join(head) or 'missing'}; wanted: {', '.join(_COLUMNS)}")
    faults: list[str] = []
    rows: dict[tuple[Promise, Level, Outcome], Row] = {}
    for number, cells in enumerate(lines, start=2):
        try:
            row = _row(cells)
        except ValueError as error:
            faults.append(f"{_NAME}:{number}: {error}")
            continue
        key = (row.promise, row.level, row.outcome)
        if key in rows:
            faults.append(f"{_NAME}:{number}: {_called(key)} is there twice")
        rows[key] = row
    faults += [f"{_NAME}: {_called(key)} is missing" for key in _EVERY if key not in rows]
    # What is missing may look like a contradiction: one kind of fault at a time.
    faults = faults or [f"{_NAME}: {fault}" for fault in _contradictions(rows)]
    if faults:
        raise TableError("\n".join(faults))
    return Table(rows, {row.verdict: row.exit_code for row in rows.values() if row.decides})


def _row(cells: list[str]) -> Row:
    if len(cells) != len(_COLUMNS):
        raise ValueError(f"{len(cells)} cells; wanted: {len(_COLUMNS)}")
    promise, level, outcome, verdict, decides, code = cells
    if decides not in _DECIDES:
        raise ValueError(f"decides is {decides!r}; wanted: yes or no")
    if code not in _EXITS:
        raise ValueError(f"exit is {code!r}; wanted: 0, 100, 101 or 102")
    return Row(Promise(promise), Level(level), Outcome(outcome), Verdict(verdict), _DECIDES[decides], int(code))


def _contradictions(rows: Mapping[tuple[Promise, Level, Outcome], Row]) -> Iterator[str]:
    """What cannot be true at once; whether the rest is right is for a reader, and for the tests, to say."""
    codes: dict[Verdict, int] = {}
    for key, row in rows.items():
        if row.decides != rows[row.promise, row.level, Outcome.NOT_RUN].decides:
            yield f"{_called(key)} decides or not by its outcome: what counts is known before it is tried"
        if row.decides and not row.promise.offered:
            yield f"{_called(key)} decides, but nothing is offered"
        if (row.verdict is Verdict.NOT_PROMISED) is row.promise.offered:
            yield f"{_called(key)} is {row.verdict}: not_promised is for what is not offered, and for nothing else"
        if (row.verdict is Verdict.VERIFIED) and row.outcome is not Outcome.PASS:
            yield f"{_called(key)} is verified, but only a pass can be"
        if not row.decides and row.exit_code:
            yield f"{_called(key)} decides nothing, but exits {row.exit_code}"
        if row.decides and codes.setdefault(row.verdict, row.exit_code) != row.exit_code:
            yield f"{_called(key)} is {row.verdict} and exits {row.exit_code}; elsewhere it exits {codes[row.verdict]}"
        if row.decides and (row.exit_code == 0) is not (row.verdict is Verdict.VERIFIED):
            yield f"{_called(key)} is {row.verdict} and exits {row.exit_code}: only what is verified exits 0"
    yield from (f"nothing that decides is {verdict}" for verdict in _CODED if verdict not in codes)


def _called(key: tuple[Promise, Level, Outcome]) -> str:
    return " ".join(key)
