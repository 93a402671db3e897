"""What is asked of the compiler for one site, and what came of it, in words and as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afspec.compiler.writer import Changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.compiler.frontend import Checked
    from afspec.diagnostics import Diagnostic


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is due."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Action(StrEnum):
    """What to do with what was rendered."""

    WRITE = "write"
    CHECK = "check"
    DIFF = "diff"


@dataclass(frozen=True, slots=True)
class Site:
    """What to compile, and where it goes: `output`/NAME, with NAME the spec's own."""

    spec: str
    output: str
    only: tuple[str, ...] = ()
    force: bool = False
    action: Action = Action.WRITE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of compiling one site.

    `stale` names generators of the lock whose files belong to another state of the spec (a mixed tree). `diffs` are
    unified diffs by path, where they were asked for. `checked` is what was compiled; None where nothing had to be.
    """

    name: str
    folder: str
    outputs: int
    changes: Changes | None = None
    warnings: list[Diagnostic] = field(default_factory=list)
    stale: tuple[str, ...] = ()
    diffs: Mapping[str, str] = field(default_factory=dict)
    checked: Checked | None = None

    @property
    def differs(self) -> bool:
        """Whether the disk was not what the spec gives."""
        return bool(self.changes and self.changes.any) or bool(self.stale)

    def summary(self) -> dict[str, Any]:
        """What happened, for scripts."""
        changes = self.changes or Changes((), (), (), (), (), ())
        return {
            "site": self.name,
            "folder": self.folder,
            "outputs": self.outputs,
            "new": list(changes.new),
            "changed": list(changes.changed),
            "removed": list(changes.removed),
            "edited": list(changes.edited),
            "foreign": list(changes.foreign),
            "stale": list(self.stale),
            "warnings": len(self.warnings),
        }

    def describe(self, action: Action) -> str:
        """What happened, for people."""
        hint = f" ({counted(len(self.warnings), 'warning')}: see `afspec validate`)" if self.warnings else ""
        if action is Action.DIFF:
            return "".join(self.diffs.values()).rstrip("\n") or f"{self.folder}: no changes"
        if not self.differs:
            return f"{self.folder}: {counted(self.outputs, 'file')}, unchanged{hint}"
        changes = self.changes or Changes((), (), (), (), (), ())
        if action is Action.WRITE:
            counts = (
                ("new", changes.new),
                ("changed", changes.changed),
                ("removed", changes.removed),
                ("overwritten", (*changes.edited, *changes.foreign)),
            )
            said = ", ".join(f"{len(paths)} {word}" for word, paths in counts if paths)
            return f"{self.folder}: {counted(self.outputs, 'file')}: {said or 'lock written'}{hint}"
        kinds = (
            ("missing", changes.new),
            ("differs", changes.changed),
            ("edited by hand", changes.edited),
            ("not afspec's", changes.foreign),
            ("no longer generated", changes.removed),
            ("of another state of the spec", self.stale),
        )
        lines = [f"  {path}: {word}" for word, paths in kinds for path in paths]
        return "\n".join([f"{self.folder}: differs from what the spec gives", *lines])
