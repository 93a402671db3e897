"""AF30: sources that lead nowhere, facts that are stale, promises without a source, conflicts that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from afspec.diagnostics import Severity, nearest
from afspec.facility.covering import below, follow, unsourced, value_at, written
from afspec.facility.quantities import format_duration, parse_bytes, parse_date, parse_duration, parse_ports, parse_rate
from afspec.facility.sources import fresh_since
from afspec.rules.base import Context, Finding, Rule
from afspec.source import format_pointer, parse_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.facility import Facility

_PARSERS: tuple[Callable[[Any], Any], ...] = (parse_bytes, parse_duration, parse_rate, parse_date, parse_ports)


def _meant(facility: Facility, pointer: str) -> str | None:
    """The pointer that was probably meant by one that leads nowhere."""
    parts = parse_pointer(pointer) if pointer.startswith("/") else ()
    *passed, last = follow(facility, parts)
    if not passed:  # not even the section is right: a level may be missing
        return nearest(pointer, (format_pointer(parts) for parts in below(facility) if parts[0] != "sources"))
    wrong = len(passed)
    near = nearest(parts[wrong], (name for name, _ in written(last)))
    meant = format_pointer((*parts[:wrong], near, *parts[wrong + 1 :])) if near else ""
    return meant if value_at(facility, meant) is not None else None


class AF3001(Rule):
    """Source leads nowhere in the spec.

    A source that points past its fact proves nothing: the fact looks sourced to its author and is unsourced to
    everybody else.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Point to a field that the spec holds (a default was published nowhere), list items by name: /batch/slurm."""
        for pointer in facility.sources:
            if value_at(facility, pointer) is None:
                yield Finding(format_pointer(("sources", pointer)), f"`{pointer}`", _meant(facility, pointer))


class AF3002(Rule):
    """Fact is stale.

    Partitions are renamed, limits lowered, hosts replaced. A fact that nobody has looked up for long is passed on to
    users as if it were true today.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, context: Context) -> Iterator[Finding]:
        """Read the document again and renew `as_of:`, or change `stale_after:`."""
        oldest = fresh_since(context.as_of, facility.stale_after)
        for pointer, source in facility.sources.items():
            if source.said_before(oldest):
                said = source.confirmed
                detail = f"{source.state} as of {said}, more than {format_duration(facility.stale_after)} ago"
                date = ("as_of",) if said is source.as_of else ("resolved", "as_of")
                yield Finding(format_pointer(("sources", pointer, *date)), detail)


class AF3003(Rule):
    """Promise without a source.

    A spec that somebody read together from public documents may only promise what they say. Without the document
    nobody can check it, nor ask who said so.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Say under `sources:` which document promises it, or take the promise back: the site did not write this."""
        if facility.declared_by != "public_documents":
            return
        for pointer in unsourced(facility):
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
    """Conflict with a rival value that is the spec's own.

    A conflict tells readers that two documents disagree. One whose values are the same sends them looking for a
    difference that is not there.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give the value that the other document says, or remove the conflict if the two agree by now.

        A resolved conflict keeps the value that was ruled out.
        """
        for pointer, source in facility.sources.items():
            if source.conflict is None or (own := value_at(facility, pointer)) is None:
                continue
            rival = source.conflict.value
            # type() because True == 1; str() because a version such as 1.30 reads as a number.
            if str(own) == str(rival) or any(type(own) is type(it) and own == it for it in _readings(rival)):
                yield Finding(format_pointer(("sources", pointer, "conflict", "value")), f"both are `{rival}`")
