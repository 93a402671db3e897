"""What kind of value a field holds, told from its annotation: sizes, times, numbers, ports, versions, flags, words.

Inside, a size is a number of bytes and a time one of seconds; here they get the form back in which people write them.
"""

from __future__ import annotations

import types
from enum import Enum, StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from afspec.facility.quantities import MAX_PORT, format_bytes, format_duration, format_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.facility.common import Model


class Kind(StrEnum):
    """A kind of value; what has an order can be raised and lowered."""

    SIZE = "size"
    TIME = "time"
    RATE = "rate"
    NUMBER = "number"
    VERSION = "version"
    PORTS = "port range"
    PORT = "port"
    FLAG = "flag"
    DATE = "date"
    WORD = "word"

    @property
    def ordered(self) -> bool:
        """Whether one value can be more than another."""
        return self in {Kind.SIZE, Kind.TIME, Kind.RATE, Kind.NUMBER, Kind.VERSION}


# The titles that quantities and words carry into the schema.
_BY_TITLE = {
    "Size": Kind.SIZE,
    "Time": Kind.TIME,
    "Rate": Kind.RATE,
    "Version": Kind.VERSION,
    "Port range": Kind.PORTS,
    "Date": Kind.DATE,
}
_WRITERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.SIZE: format_bytes,
    Kind.TIME: format_duration,
    Kind.RATE: format_rate,
    Kind.PORTS: str,
    Kind.DATE: str,
}


def _marks(annotation: Any) -> Iterator[Any]:
    """The plain types of an annotation, and all that annotates them; not what lists and maps hold."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        yield from _marks(inner)
        for mark in marks:
            yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
    elif origin in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _marks(part)
    else:
        yield annotation


def _kind(field: FieldInfo) -> Kind:
    marks = [*_marks(field.annotation), *field.metadata]
    for mark in marks:
        title = (mark.json_schema or {}).get("title") if isinstance(mark, WithJsonSchema) else None
        if title in _BY_TITLE:
            return _BY_TITLE[title]
    if bool in marks:
        return Kind.FLAG
    if int in marks:
        bounds = {getattr(mark, "le", None) for mark in marks}
        return Kind.PORT if MAX_PORT in bounds else Kind.NUMBER
    return Kind.WORD


@cache
def kinds_of(model: type[Model]) -> dict[str, Kind]:
    """The kind of every field of a model."""
    return {name: _kind(field) for name, field in model.model_fields.items()}


def write(value: Any, kind: Kind) -> Any:
    """A single value in the form that a spec has it in: reading it again gives the same value."""
    if isinstance(value, Enum):
        return value.value
    writer = _WRITERS.get(kind)
    return writer(value) if writer and value is not None else value
