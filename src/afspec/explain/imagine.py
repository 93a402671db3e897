"""Another state of a facility: one value changed, without validating all of the spec once more.

Only the innermost model that holds the value is validated anew; those around it take it in. Where something around
it looks at more than that (a validator of its own, the tag of a union), validation starts there instead, so that the
outcome is that of validating the whole.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from afspec.explain.reads import mixes_fields
from afspec.facility.common import Model
from afspec.source import Mapping, Sequence, put, to_plain

if TYPE_CHECKING:
    from afspec.explain.leaves import Leaf
    from afspec.facility import Facility
    from afspec.source import Node, Scalar


def _checks(annotation: Any) -> bool:
    """Whether a type says more than what it is made of: something besides the models in it looks at the value."""
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        plain = all(isinstance(mark, FieldInfo) and not mark.metadata for mark in metadata)
        return not plain or _checks(base)
    return any(_checks(part) for part in get_args(annotation))


@cache
def _takes_in(cls: type[Model], name: str) -> bool:
    """Whether a model takes a field that was validated by itself as it is."""
    info = cls.model_fields.get(name)
    if info is None or info.metadata or mixes_fields(cls) or _checks(info.annotation):
        return False
    decorators = cls.__pydantic_decorators__
    checks: list[Any] = [*decorators.field_validators.values(), *decorators.validators.values()]
    return not any(name in check.info.fields or "*" in check.info.fields for check in checks)


def _is_tag(cls: type[Model], name: str) -> bool:
    info = cls.model_fields.get(name)
    return info is not None and get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1


def _chain(facility: Facility, leaf: Leaf) -> list[Any]:
    """The facility and what each step of a leaf leads to, as far as models, lists and maps go."""
    values: list[Any] = [facility]
    for step in leaf.steps[:-1]:
        value = values[-1]
        try:
            values.append(getattr(value, str(step)) if isinstance(value, Model) else value[step])
        except (AttributeError, LookupError, TypeError):
            break
    return values


def _anchor(values: list[Any], leaf: Leaf) -> int:
    """How many steps lead to the model that is to be validated anew."""
    models = [depth for depth, value in enumerate(values) if isinstance(value, Model)]
    for above, _depth in itertools.pairwise(models):
        cls: type[Model] = type(values[above])
        if not _takes_in(cls, str(leaf.steps[above])):
            return above
    last = models[-1]
    return 0 if _is_tag(type(values[last]), str(leaf.steps[last])) else last


def _node_at(root: Node, leaf: Leaf, depth: int) -> Node:
    node = root
    for step in leaf.steps[:depth]:
        if isinstance(node, Mapping):
            node = node.entries[str(step)].value
        elif isinstance(node, Sequence):
            node = node.items[int(step)]
    return node


def _taken_in(value: Any, step: str | int, new: Any) -> Any:
    """A model, list or map with something new at a step."""
    if isinstance(value, Model):
        return value.model_copy(update={str(step): new})
    if isinstance(value, dict):
        return value | {step: new}
    return (*value[: int(step)], new, *value[int(step) + 1 :])


def imagine(root: Node, facility: Facility, leaf: Leaf, instead: Scalar | None) -> Facility | None:
    """The facility with something else, or nothing, in a leaf's place; None where the language does not allow it."""
    values = _chain(facility, leaf)
    depth = _anchor(values, leaf)
    tree = put(_node_at(root, leaf, depth), leaf.parts[depth:], instead)
    try:
        new: Any = type(values[depth]).model_validate(to_plain(tree))
    except ValidationError:
        return None
    for at in reversed(range(depth)):
        new = _taken_in(values[at], leaf.steps[at], new)
    imagined: Facility = new
    return imagined
