"""A cell of the matrix: what was promised above, what was proved below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from afspec.report.html import faces
from afspec.report.html.pages import Promised
from afspec.report.html.text import age, clip, day
from afspec.report.html.today import tally, words
from afspec.verdict import Promise

if TYPE_CHECKING:
    import datetime as dt

    from afspec.report.html.faces import Face
    from afspec.report.html.today import Seen
    from afspec.report.model import Result

_UNCOUNTED = {Promise.PLANNED, Promise.UNDECLARED, Promise.NOT_PROMISED, Promise.BEST_EFFORT, Promise.ON_REQUEST}
# Faces that stand on something that was seen: their age is told.
_SEEN = faces.HOLDS | {faces.BROKEN, faces.WAIVED, faces.STALE}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `counts` are of the instances that decide, `aside` of those that are only shown."""

    face: Face
    stance: str = ""
    promise: str = ""
    value: str = ""
    counted: bool = True
    counts: str = ""
    aside: str = ""
    when: str = ""
    until: str = ""
    why: str = ""
    found: bool = False


# A requirement that a site's report does not have; one of a site that has no report.
ABSENT: Final = Cell(faces.ABSENT)
UNKNOWN: Final = Cell(faces.NO_REPORT)


def promise_of(instances: list[Seen]) -> Promised:
    """What a group of instances was promised: the strongest stance, and the values that were declared with it."""
    if not instances:
        return Promised(Promise.UNDECLARED)
    promise = min((instance.result.promise for instance in instances), key=faces.STRENGTH.index)
    values = dict.fromkeys(
        clip(_value(instance.result))
        for instance in instances
        if instance.result.promise is promise and instance.result.declared
    )
    return Promised(promise, "; ".join(values))


def _value(result: Result) -> str:
    """What was declared, with the name of the item where that says more."""
    return result.declared if result.item in result.declared else f"{result.item}: {result.declared}"


def cell(promised: Promised, instances: list[Seen], today: dt.datetime, empty: Face = faces.NOT_ASKED) -> Cell:
    """The cell of some instances; where there is none, it shows `empty` if there is a claim that begs for proof."""
    deciding = [instance for instance in instances if instance.result.decides]
    others = [instance for instance in instances if not instance.result.decides]
    # Where nothing decides, what is offered is shown: an item that is planned hides nothing that is there today.
    group = deciding or [other for other in others if other.result.promise.offered] or others
    claimed = empty if promised.promise.offered else faces.NOT_PROMISED
    face = faces.worst(instance.face for instance in group) if group else claimed
    when, until = _dates(group, face, today)
    return Cell(
        face,
        promised.promise.value,
        faces.STANCES[promised.promise],
        clip(promised.value),
        bool(deciding) or (not instances and promised.promise not in _UNCOUNTED),
        words(tally(deciding)),
        words(tally(others)) if face is not faces.NOT_PROMISED else "",
        when,
        until,
        _why(group, face),
        any("undeclared_found" in instance.result.flags for instance in instances),
    )


def _dates(group: list[Seen], face: Face, today: dt.datetime) -> tuple[str, str]:
    """The age of the oldest proof of the face, and until when the first of them holds."""
    shown = [instance.result for instance in group if face in _SEEN and (instance.face is face or face in faces.HOLDS)]
    when = min((result.at for result in shown if result.at), default=None)
    until = min((result.fresh_until for result in shown if result.fresh_until), default=None)
    return age(when, today) if when else "", day(until) if until and face in faces.HOLDS else ""


def _why(group: list[Seen], face: Face) -> str:
    """Why, in a phrase: the first of what stood in the way, or when a waiver ends."""
    for instance in group:
        if instance.face is not face:
            continue
        if face is faces.UNVERIFIED and instance.reason:
            return instance.reason
        if face is faces.WAIVED and instance.waiver:
            return f"until {instance.waiver.expires.isoformat()}"
        if instance.note:
            return clip(instance.note)
    return ""
