"""Two states held against each other: changes, the files that come of them, and what the rules say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.diff.compare import compare
from afspec.diff.files import Effects, effects_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.diagnostics import Diagnostic
    from afspec.diff.change import Change
    from afspec.diff.state import State


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two states; diagnostics are those that only one of them has."""

    old: State
    new: State
    changes: list[Change]
    effects: Effects
    appearing: list[Diagnostic]
    vanishing: list[Diagnostic]

    @property
    def differs(self) -> bool:
        """Whether anything does: files alone may, where keys that a spec chooses stand in another order."""
        return bool(self.changes) or self.effects.any


def compare_states(old: State, new: State) -> Comparison:
    """Hold one state against another."""
    changes = compare(old.facility, new.facility)
    return Comparison(
        old,
        new,
        changes,
        effects_of(old.facility, new.facility, changes),
        _unlike(new.warnings, old.warnings),
        _unlike(old.warnings, new.warnings),
    )


def _unlike(some: Iterable[Diagnostic], others: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics that are among some and not among others, wherever they stand."""
    known = {(other.code, other.pointer, other.message) for other in others}
    return [each for each in some if (each.code, each.pointer, each.message) not in known]
