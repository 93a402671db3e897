"""AF30: sources that lead nowhere, facts that are stale, promises without a source, conflicts that are none."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from afspec.diagnostics import Severity, nearest
from afspec.facility import Model, Stance
from afspec.facility.quantities import format_duration, parse_bytes, parse_date, parse_duration, parse_ports, parse_rate
from afspec.facility.walk import children
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import capabilities
from afspec.source import format_pointer, parse_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from afspec.facility import Facility

_PARSERS: tuple[Callable[[Any], Any], ...] = (parse_bytes, parse_duration, parse_rate, parse_date, parse_ports)


def _written(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a value that a spec wrote: a default was published nowhere."""
    for name, child in children(value):
        if not isinstance(value, Model) or name in value.model_fields_set:
            yield name, child


def _below(value: Any, parts: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in _written(value):
        yield (*parts, name)
        yield from _below(child, (*parts, name))


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Model):  # every source passes here: no walk over all fields
        return getattr(value, part) if part in value.model_fields_set else None
    return next((child for name, child in children(value) if name == part), None)


def _follow(facility: Facility, parts: Iterable[str]) -> Iterator[Any]:
    """The facility, then what each part leads to, as far as they lead."""
    value: Any = facility
    yield value
    for part in parts:
        value = _step(value, part)
        if value is None:
            return
        yield value


def _at(facility: Facility, pointer: str) -> Any:
    """The value that a source is about; None where there is none, or where the pointer is not one."""
    if not pointer.startswith("/"):
        return None
    parts = parse_pointer(pointer)
    values = list(_follow(facility, parts))
    return values[-1] if len(values) > len(parts) else None


def _meant(facility: Facility, pointer: str) -> str | None:
    """The pointer that was probably meant by one that leads nowhere."""
    parts = parse_pointer(pointer) if pointer.startswith("/") else ()
    *passed, last = _follow(facility, parts)
    if not passed:  # not even the section is right: a level may be missing
        return nearest(pointer, (format_pointer(below) for below in _below(facility) if below[0] != "sources"))
    wrong = len(passed)
    near = nearest(parts[wrong], (name for name, _ in _written(last)))
    meant = format_pointer((*parts[:wrong], near, *parts[wrong + 1 :])) if near else ""
    return meant if _at(facility, meant) is not None else None


class AF3001(Rule):
    """Source leads nowhere in the spec."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Point to a field that the spec holds (a default was published nowhere), list items by name: /batch/slurm."""
        for pointer in facility.sources:
            if _at(facility, pointer) is None:
                yield Finding(format_pointer(("sources", pointer)), f"`{pointer}`", _meant(facility, pointer))


class AF3002(Rule):
    """Fact is stale."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, context: Context) -> Iterator[Finding]:
        """Read the document again and renew `as_of:`, or change `stale_after:`."""
        oldest = context.as_of - dt.timedelta(seconds=facility.stale_after)
        for pointer, source in facility.sources.items():
            if source.as_of and source.as_of.latest < oldest:
                detail = f"{source.state} as of {source.as_of}, more than {format_duration(facility.stale_after)} ago"
                yield Finding(format_pointer(("sources", pointer, "as_of")), detail)


class AF3003(Rule):
    """Promise without a source."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Say under `sources:` which document promises it, or take the promise back: the site did not write this."""
        if facility.declared_by != "public_documents":
            return
        # With a slash at both ends, a prefix is an ancestor: /batch/slurm/ is not one of /batch/slurm-test/.
        sourced = [pointer.rstrip("/") + "/" for pointer in facility.sources]
        for pointer, capability in capabilities(facility):
            here = pointer + "/"
            if capability.stance is Stance.PROMISED and not any(
                here.startswith(source) or source.startswith(here) for source in sourced
            ):
                yield Finding(f"{pointer}/stance", f"`{pointer}`")


def _readings(rival: Any) -> Iterator[Any]:
    """A rival value as it stands, and as the quantity that it may be: `72 h` is 259,200 seconds."""
    yield rival
    for parse in _PARSERS:
        try:
            yield parse(rival)
        except ValueError:  # of which pydantic's custom errors are a kind
            continue


class AF3004(Rule):
    """Conflict with a rival value that is the spec's own."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give the value that the other document says, or remove the conflict if the two agree by now."""
        for pointer, source in facility.sources.items():
            if source.conflict is None or (own := _at(facility, pointer)) is None:
                continue
            rival = source.conflict.value
            # type() because True == 1; str() because a version such as 1.30 reads as a number.
            if str(own) == str(rival) or any(type(own) is type(it) and own == it for it in _readings(rival)):
                yield Finding(format_pointer(("sources", pointer, "conflict", "value")), f"both are `{rival}`")
