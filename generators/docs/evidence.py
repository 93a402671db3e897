"""Where facts were published, and which of them are in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility import walk
from afspec.facility.sources import FactState
from afspec.generators.quoting import Raw, code

from .layout import joined, link, table

if TYPE_CHECKING:
    from afspec.facility import Facility


def _value(facility: Facility, pointer: str) -> str | None:
    """The value that the page goes by, where it is a single one."""
    found = [value for _, value in walk(facility, pointer)]
    single = len(found) == 1 and (isinstance(found[0], (str, bool, int, float)))
    return str(found[0]) if single else None


def doubt(facility: Facility, pointer: str) -> str:
    """A mark for a fact that was not verified, or that documents disagree on; empty where there is none.

    A source covers what is below its pointer, unless that has a source of its own.
    """
    if any(
        source.conflict and (key == pointer or key.startswith(pointer + "/"))
        for key, source in facility.sources.items()
    ):
        return "sources disagree"
    covering = [key for key in facility.sources if key == pointer or pointer.startswith(key + "/")]
    nearest = facility.sources[max(covering, key=len)] if covering else None
    if nearest is None:
        return ""
    return {FactState.UNVERIFIED: "unverified", FactState.CONFLICT: "sources disagree"}.get(nearest.state, "")


def marked(facility: Facility, pointer: str, said: Any) -> Raw:
    """What was said of a fact, with the mark of a doubt about it."""
    mark = doubt(facility, pointer)
    return joined(said, f"({mark})" if mark else None, by=" ")


def sources(facility: Facility) -> Raw:
    """One row a source, in the order of the spec's pointers."""
    rows: list[tuple[Any, ...]] = [
        (code(pointer), joined(source.doc, link(source.url), by=" "), source.as_of, source.state.value, source.note)
        for pointer, source in sorted(facility.sources.items())
    ]
    return table(("Fact", "Document", "As of", "State", "Note"), rows)


def conflicts(facility: Facility) -> Raw:
    """Facts that documents disagree on, with the rival value."""
    rows: list[tuple[Any, ...]] = []
    for pointer, source in sorted(facility.sources.items()):
        if (rival := source.conflict) is not None:
            ours = _value(facility, pointer)
            rows.append((code(pointer), code(ours) if ours else "as above", code(rival.value), rival.doc, rival.as_of))
    return table(("Fact", "This page says", "Rival value", "Said by", "As of"), rows)
