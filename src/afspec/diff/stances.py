"""What a move of a stance, or a thing that comes or goes, means to users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.diff.change import Change, Group, Steps, Verb
from afspec.facility.common import STRENGTH, UNDECLARED, Capability, Stance

if TYPE_CHECKING:
    from afspec.facility import Model

# What is not said ranks below all that can be said.
_RANK: dict[Stance | None, int] = {stance: index for index, stance in enumerate(STRENGTH)} | {None: len(STRENGTH)}


def word_of(stance: Stance | None) -> str:
    """A stance as people say it."""
    return (stance.value if stance else UNDECLARED).replace("_", " ")


def _offers(stance: Stance | None) -> bool:
    return stance is not None and stance.offers


def _group(old: Stance | None, new: Stance | None) -> Group:
    """The group of a move. That something is said to be no promise takes nothing away from anybody."""
    if _offers(old) != _offers(new):
        return Group.NEW if _offers(new) else Group.GONE
    if {old, new} == {None, Stance.NOT_PROMISED}:
        return Group.FACTS
    return Group.RAISED if _RANK[new] < _RANK[old] else Group.LOWERED


def stance_change(old: Model, new: Model, steps: Steps, place: str) -> Change | None:
    """The move of a capability's stance; None where it is no capability, or has not moved."""
    if not isinstance(old, Capability) or not isinstance(new, Capability) or old.stance is new.stance:
        return None
    words = word_of(old.stance), word_of(new.stance)
    return Change(_group(old.stance, new.stance), Verb.STANCE, (*steps, "stance"), place, "", *words)


def is_crossing(change: Change) -> bool:
    """Whether a move of a stance lets users in, or out."""
    return change.group in {Group.NEW, Group.GONE}


def came(before: Any, after: Any, steps: Steps, place: str, details: tuple[str, ...]) -> Change:
    """A thing that came (`before` is None) or went."""
    there = after if before is None else before
    verb = Verb.ADDED if before is None else Verb.REMOVED
    word, group = "", Group.NEW
    if isinstance(there, Capability):
        word = word_of(there.stance)
        if there.stance is not None and not there.offered:
            group = _group(None, there.stance)
    if verb is Verb.REMOVED:
        group = group.mirrored
    old, new = (None, word) if before is None else (word, None)
    return Change(group, verb, steps, place, "", old, new, details)
