"""What compiling would do to a folder, for whoever reviews it: changes of the facility, then of the files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.compiler.lock import LOCK_NAME
from afspec.compiler.toolchain import generator_digests
from afspec.diagnostics import AfspecError
from afspec.diff.comparison import Comparison, compare_states
from afspec.diff.state import State, read_folder, state_of
from afspec.facility.dump import STATE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.compiler import Frontend, Outcome


@dataclass(frozen=True, slots=True)
class Plan:
    """A compilation that was not done: its outcome, and how the facility differs from the one on disk.

    Without a comparison `unknown` says why the facility on disk is not known. `generators` are those whose code is
    another than the one that made the files.
    """

    outcome: Outcome
    title: str
    comparison: Comparison | None = None
    unknown: str = ""
    generators: tuple[str, ...] = ()

    @property
    def counts(self) -> str:
        """How many files are to be written, removed, or are in the way."""
        changes = self.outcome.changes
        if changes is None or not self.outcome.differs:
            return "no changes"
        kinds = (
            (changes.new, "new"),
            (changes.changed, "changed"),
            (changes.removed, "removed"),
            (changes.edited, "edited by hand"),
            (changes.foreign, "not afspec's"),
        )
        return ", ".join(f"{len(paths)} {word}" for paths, word in kinds if paths) or "only the lock is to be written"

    @property
    def obstacles(self) -> Iterator[tuple[str, Sequence[str]]]:
        """What stands in the way of writing, and what belongs to another state."""
        changes = self.outcome.changes
        if changes and changes.edited:
            yield "Edited by hand; they stop `afspec compile` unless --force is given:", changes.edited
        if changes and changes.foreign:
            yield "Not written by afspec; they stop `afspec compile` unless --force is given:", changes.foreign
        # The lock is written with whatever changes: alone it is worth a word, and `counts` has it.
        if stale := [name for name in self.outcome.stale if name != LOCK_NAME]:
            yield "Of another state of the spec:", stale

    @property
    def diffs(self) -> dict[str, str]:
        """Unified diffs by path; the facility's own file is left out where the changes of the facility are told."""
        told = {STATE_FILE} if self.comparison and self.comparison.changes else set()
        return {path: text for path, text in self.outcome.diffs.items() if path not in told}


def make_plan(outcome: Outcome, frontend: Frontend) -> Plan | None:
    """The plan of an outcome; None where nothing had to be compiled, because nothing changes."""
    checked = outcome.checked
    if checked is None:
        return None
    title = checked.facility.title
    if not os.path.lexists(outcome.folder):
        return Plan(outcome, title, unknown="nothing was compiled there yet")
    try:
        old = read_folder(outcome.folder, frontend)
    except AfspecError as error:
        return Plan(outcome, title, unknown=error.diagnostics[0].message)
    comparison = compare_states(old, state_of(outcome.name, checked))
    return Plan(outcome, title, comparison, generators=_changed_generators(old))


def _changed_generators(old: State) -> tuple[str, ...]:
    codes = generator_digests()
    records = old.lock.generators if old.lock else {}
    return tuple(name for name, code in codes.items() if name in records and records[name].code != code)
