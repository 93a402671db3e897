"""One change between two states of a facility: where, from what to what, and what it means to users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from afspec.source import format_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

Steps = tuple[str | int, ...]


class Group(StrEnum):
    """What a change means to users, in the order in which they want to hear of it."""

    GONE = "gone"
    LOWERED = "lowered"
    CHANGED = "changed"
    RAISED = "raised"
    NEW = "new"
    FACTS = "facts"

    @property
    def heading(self) -> str:
        """The heading above its changes."""
        return _TITLES[self]

    @property
    def mirrored(self) -> Group:
        """What it is when the change is taken back."""
        return _MIRROR.get(self, self)


_TITLES = {
    Group.GONE: "Gone",
    Group.LOWERED: "Lowered or weaker",
    Group.CHANGED: "Changed",
    Group.RAISED: "Raised or stronger",
    Group.NEW: "New",
    Group.FACTS: "About the facts",
}
_MIRROR = {
    Group.GONE: Group.NEW,
    Group.NEW: Group.GONE,
    Group.LOWERED: Group.RAISED,
    Group.RAISED: Group.LOWERED,
}


class Verb(StrEnum):
    """What happened to a value."""

    ADDED = "added"
    REMOVED = "removed"
    STANCE = "stance"
    RAISED = "raised"
    LOWERED = "lowered"
    CHANGED = "changed"
    LIST = "list"
    ORDER = "order"

    @property
    def mirrored(self) -> Verb:
        """What happens when the change is taken back."""
        return {
            Verb.ADDED: Verb.REMOVED,
            Verb.REMOVED: Verb.ADDED,
            Verb.RAISED: Verb.LOWERED,
            Verb.LOWERED: Verb.RAISED,
        }.get(self, self)


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `old` and `new` are values as people write them, None where nothing is said.

    `place` names the thing in words and `label` its field ("" where the thing itself is meant). Of a list `old` is
    what it loses and `new` what it gains. `details` are the facts of a thing that came or went, and `parts` changes
    below it that mean little beside this one.
    """

    group: Group
    verb: Verb
    steps: Steps
    place: str
    label: str = ""
    old: str | None = None
    new: str | None = None
    details: tuple[str, ...] = ()
    parts: tuple[Change, ...] = ()

    @property
    def pointer(self) -> str:
        """Where it stands in the spec."""
        return format_pointer(self.steps)

    @property
    def flat(self) -> Iterator[Change]:
        """The change and all that is folded into it."""
        yield self
        for part in self.parts:
            yield from part.flat

    @property
    def mirrored(self) -> Change:
        """The change that takes this one back."""
        return replace(
            self,
            group=self.group.mirrored,
            verb=self.verb.mirrored,
            old=self.new,
            new=self.old,
            parts=tuple(part.mirrored for part in self.parts),
        )
