"""Walking a facility by pointer: list items by name, `*` for every one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.common import Capability, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility.facility import Facility


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """The named parts of a model, list or map; what was left out (None) is not among them."""
    if isinstance(value, Model):
        for name in type(value).model_fields:
            if (part := getattr(value, name)) is not None:
                yield name, part
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):  # not a NamedTuple, which is one value
        for index, item in enumerate(value):
            yield getattr(item, "name", str(index)) if isinstance(item, Model) else str(index), item
    elif isinstance(value, dict):
        yield from value.items()


def walk(facility: Facility, pattern: str) -> Iterator[tuple[str, Any]]:
    """Pointer and value of everything that `pattern` matches, such as /batch/*/partitions/*."""
    found: list[tuple[str, Any]] = [("", facility)]
    for part in pattern.strip("/").split("/"):
        found = [
            (f"{pointer}/{name}", child)
            for pointer, value in found
            for name, child in children(value)
            if part in {"*", name}
        ]
    yield from found


def descend(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Pointer and value of everything below `value`, parents before children."""
    for name, child in children(value):
        here = f"{pointer}/{name}"
        yield here, child
        yield from descend(child, here)


def capabilities(value: Any, pointer: str = "") -> Iterator[tuple[str, Capability]]:
    """Every capability that a spec describes, parents before children.

    Reads models' dictionaries directly: rules pass over the whole facility, and only models can hold capabilities.
    """
    if isinstance(value, Model):
        if isinstance(value, Capability):
            yield pointer, value
        for name, child in value.__dict__.items():
            if isinstance(child, (Model, tuple)):
                yield from capabilities(child, f"{pointer}/{name}")
    elif value and isinstance(value[0], Model):
        for index, item in enumerate(value):
            yield from capabilities(item, f"{pointer}/{getattr(item, 'name', index)}")
