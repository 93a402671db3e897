"""Where facts were published, which of them are in doubt, and who settled what was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility import Model
from afspec.facility.covering import covering, reaches, value_at
from afspec.facility.kinds import kinds_of, write
from afspec.facility.quantities import PortRange
from afspec.facility.sources import FactState
from afspec.generators.quoting import Raw, code

from .layout import joined, link, table

if TYPE_CHECKING:
    from afspec.facility import Facility


def _value(facility: Facility, pointer: str) -> str | None:
    """The value that the page goes by, as a spec has it, where it is a single one."""
    above, _, field = pointer.rpartition("/")
    holder = value_at(facility, above) if above else facility
    value = value_at(facility, pointer)
    if not isinstance(holder, Model) or not isinstance(value, (str, bool, int, float, PortRange)):
        return None
    written = write(value, kinds_of(type(holder))[field])
    return str(written).lower() if isinstance(written, bool) else str(written)


def doubt(facility: Facility, pointer: str) -> str:
    """A mark for a fact that was not verified, or that documents disagree on; empty where there is none.

    A source covers what is below its pointer, unless that has a source of its own.
    """
    disputed = (key for key, source in facility.sources.items() if source.state is FactState.CONFLICT)
    if any(reaches(pointer, key) for key in disputed):
        return "sources disagree"
    nearest = covering(facility, pointer)
    state = facility.sources[nearest].state if nearest is not None else None
    return {FactState.UNVERIFIED: "unverified", FactState.CONFLICT: "sources disagree"}.get(state, "") if state else ""


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


def _ours(facility: Facility, pointer: str) -> Any:
    ours = _value(facility, pointer)
    return code(ours) if ours else "as above"


def conflicts(facility: Facility) -> Raw:
    """Facts that documents disagree on, with the rival value."""
    rows: list[tuple[Any, ...]] = [
        (code(pointer), _ours(facility, pointer), code(rival.value), rival.doc, rival.as_of)
        for pointer, source in sorted(facility.sources.items())
        if (rival := source.conflict) is not None and source.resolved is None
    ]
    return table(("Fact", "This page says", "Rival value", "Said by", "As of"), rows)


def resolved(facility: Facility) -> Raw:
    """Facts that documents disagreed on, with who settled it."""
    rows: list[tuple[Any, ...]] = [
        (code(pointer), _ours(facility, pointer), code(rival.value), rival.doc, settled.by, settled.as_of, settled.how)
        for pointer, source in sorted(facility.sources.items())
        if (rival := source.conflict) is not None and (settled := source.resolved) is not None
    ]
    return table(("Fact", "This page says", "Ruled out", "Said by", "Settled by", "On", "Because"), rows)
