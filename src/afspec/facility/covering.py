"""What a spec wrote, and which source covers it: the field that it names, and all below that has none of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.common import Model, Stance
from afspec.facility.walk import capabilities, children
from afspec.source import parse_pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.facility.facility import Facility


def written(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a value that a spec wrote: a default was published nowhere."""
    for name, child in children(value):
        if not isinstance(value, Model) or name in value.model_fields_set:
            yield name, child


def below(value: Any, parts: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The parts of the pointers of all that a spec wrote below `value`, parents before children."""
    for name, child in written(value):
        yield (*parts, name)
        yield from below(child, (*parts, name))


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Model):  # every source passes here: no walk over all fields
        return getattr(value, part) if part in value.model_fields_set else None
    return next((child for name, child in children(value) if name == part), None)


def follow(facility: Facility, parts: Iterable[str]) -> Iterator[Any]:
    """The facility, then what each part leads to, as far as they lead."""
    value: Any = facility
    yield value
    for part in parts:
        value = _step(value, part)
        if value is None:
            return
        yield value


def value_at(facility: Facility, pointer: str) -> Any:
    """The value that a source is about; None where there is none, or where the pointer is not one."""
    if not pointer.startswith("/"):
        return None
    parts = parse_pointer(pointer)
    values = list(follow(facility, parts))
    return values[-1] if len(values) > len(parts) else None


def reaches(source: str, pointer: str) -> bool:
    """Whether the pointer of a source is that of a fact, or of something that the fact lies in."""
    # With a slash at both ends, a prefix is an ancestor: /batch/slurm/ is not one of /batch/slurm-test/.
    return f"{pointer}/".startswith(source.rstrip("/") + "/")


def covering(facility: Facility, pointer: str) -> str | None:
    """The pointer of the source that a fact has: its own, else that of the nearest thing around it; None for none."""
    return max((source for source in facility.sources if reaches(source, pointer)), key=len, default=None)


def unsourced(facility: Facility) -> Iterator[str]:
    """The pointers of promises that no source covers, and no source speaks of a part of."""
    # As `reaches` says it, worked out once: promises times sources are many.
    sourced = [source.rstrip("/") + "/" for source in facility.sources]
    for pointer, capability in capabilities(facility):
        here = pointer + "/"
        if capability.stance is Stance.PROMISED and not any(
            here.startswith(source) or source.startswith(here) for source in sourced
        ):
            yield pointer
