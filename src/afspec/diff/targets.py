"""What a person means by `coffea_casa`, `dex` or /images/policy: a place, found in the models and in the spec."""

from __future__ import annotations

import types
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from afspec.diagnostics import nearest
from afspec.facility import Facility
from afspec.facility.common import Capability, Model
from afspec.facility.covering import follow
from afspec.facility.walk import capabilities, children
from afspec.source import format_pointer, parse_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANCE = "stance"
Parts = tuple[str, ...]


class UnclearTargetError(ValueError):
    """A name leads nowhere, or to several places; the message says what to write instead."""


class Target(NamedTuple):
    """A capability's place; `within` counts the capabilities around it, `many` says that it is a list of them."""

    parts: Parts
    within: int
    many: bool = False


def _models(annotation: Any) -> Iterator[tuple[type[Model], bool]]:
    """The models that a field may hold, and whether it holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation, False
    elif get_origin(annotation) is tuple:
        yield from ((model, True) for model, _ in _models(get_args(annotation)[0]))
    elif get_origin(annotation) in {Union, types.UnionType, Annotated}:
        for part in get_args(annotation):
            yield from _models(part)


@cache
def _of_language() -> tuple[Target, ...]:
    """Every capability that a spec can have at a place that does not depend on names."""

    def below(model: type[Model], parts: Parts, within: int) -> Iterator[Target]:
        for name, field in model.model_fields.items():
            for held, many in dict(_models(field.annotation)).items():
                is_capability = issubclass(held, Capability)
                if is_capability:
                    yield Target((*parts, name), within, many)
                if not many:
                    yield from below(held, (*parts, name), within + is_capability)

    return tuple(dict.fromkeys(below(Facility, (), 0)))


def _of_spec(facility: Facility) -> Iterator[Target]:
    """Every capability that a spec describes, with the names of its items."""
    for pointer, _ in capabilities(facility):
        parts = parse_pointer(pointer)
        around = [value for value in follow(facility, parts[:-1]) if isinstance(value, Capability)]
        yield Target(parts, len(around))


def _item(target: Target, facility: Facility) -> Parts:
    """A list stands for its only item, or for one of its own name that it does not have yet."""
    values = list(follow(facility, target.parts))
    names = [name for name, _ in children(values[-1])] if len(values) > len(target.parts) else []
    if len(names) > 1:
        pointers = ", ".join(format_pointer((*target.parts, name)) for name in names)
        raise UnclearTargetError(f"`{target.parts[-1]}` are several: write one of {pointers}")
    return (*target.parts, names[0] if names else target.parts[-1])


def find_target(name: str, facility: Facility) -> Parts:
    """The parts of the pointer that is meant; a capability stands for its stance.

    Raises:
        UnclearTargetError: nothing is called so, or several things are.
    """
    known = {*_of_language(), *_of_spec(facility)}
    if name.startswith("/"):
        parts = parse_pointer(name)
        return (*parts, _STANCE) if any(target.parts == parts and not target.many for target in known) else parts
    wanted = tuple(name.split("/"))
    found = [target for target in known if target.parts[-len(wanted) :] == wanted]
    if not found:
        near = nearest(wanted[-1], [target.parts[-1] for target in known])
        meant = f"Did you mean `{near}`? " if near else ""
        raise UnclearTargetError(
            f"no capability is called `{name}`. {meant}Any field has a pointer: /images/policy, /batch/slurm/accounts"
        )
    outermost = min(target.within for target in found)
    places = {
        _item(target, facility) if target.many else target.parts for target in found if target.within == outermost
    }
    if len(places) > 1:
        pointers = ", ".join(sorted(map(format_pointer, places)))
        raise UnclearTargetError(f"`{name}` may be several things: write one of {pointers}")
    return (*places.pop(), _STANCE)
