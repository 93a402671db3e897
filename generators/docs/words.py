"""Words for stances and flags; silence has a word of its own, which is never "no"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.common import UNDECLARED, Stance, strongest
from afspec.facility.quantities import format_bytes, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Capability


def word(stance: Stance | None) -> str:
    """A stance as people say it."""
    return stance.value.replace("_", " ") if stance else UNDECLARED


def standing(capability: Capability | None) -> str:
    """A capability's stance, with the lead time of what is given on request."""
    if capability is None:
        return UNDECLARED
    said = word(capability.stance)
    return f"{said}, within {format_duration(capability.lead_time)}" if capability.lead_time else said


def together(capabilities: Iterable[Capability]) -> str:
    """The strongest stance of several: what a user can count on if any of them will do."""
    found = list(capabilities)
    best = strongest(item.stance for item in found)
    return next((standing(item) for item in found if item.stance is best), UNDECLARED)


def overall(capability: Capability | None, parts: Iterable[Capability | None]) -> str:
    """What was said of the whole, or else the strongest that was said of its parts."""
    if capability is not None and capability.stance:
        return standing(capability)
    return together(part for part in parts if part)


def flag(value: bool | None, yes: str = "yes", no: str = "no") -> str:  # noqa: FBT001 - it is the value itself
    """A flag; nothing for one that was not declared."""
    return "" if value is None else (yes if value else no)


def size(value: int | None) -> str:
    """Bytes as people write them."""
    return format_bytes(value) if value else ""


def span(value: int | None) -> str:
    """A time as people write it."""
    return format_duration(value) if value else ""
