"""The single values of a spec's tree: where each stands, and the field of the models that it fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

from afspec.facility.common import Model
from afspec.source import Mapping, Scalar, format_pointer
from afspec.source.nodes import item_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.diagnostics import Span
    from afspec.facility import Facility
    from afspec.source import Node

Steps = tuple[str | int, ...]


class Leaf(NamedTuple):
    """A single value of the tree.

    `steps` is its place as models hold it, list items by index; `parts` is the same as pointers have it, by name.
    """

    steps: Steps
    parts: tuple[str, ...]
    node: Scalar
    key_span: Span

    @property
    def pointer(self) -> str:
        """Where it stands, as diagnostics write it."""
        return format_pointer(self.parts)

    @property
    def by_index(self) -> tuple[str, ...]:
        """The parts of the pointer that has every list item by its index."""
        return tuple(map(str, self.steps))

    @property
    def above(self) -> Iterator[str]:
        """The pointers of the maps and lists that it stands in."""
        return (format_pointer(self.parts[:length]) for length in range(1, len(self.parts)))


def leaves(root: Node) -> list[Leaf]:
    """Every single value of a tree, in the order of the tree."""

    def below(node: Node, steps: Steps, parts: tuple[str, ...], key_span: Span) -> Iterator[Leaf]:
        if isinstance(node, Scalar):
            yield Leaf(steps, parts, node, key_span)
        elif isinstance(node, Mapping):
            for key, entry in node.entries.items():
                yield from below(entry.value, (*steps, key), (*parts, key), entry.key_span)
        else:
            for index, item in enumerate(node.items):
                name = item_name(item) or str(index)
                yield from below(item, (*steps, index), (*parts, name), item.span)

    return list(below(root, (), (), root.span))


def _inside(annotation: Any) -> Any:
    """What a list or map holds, by its annotation; Any where that does not tell."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inside(arguments[0])
    if origin is tuple:
        return arguments[0]
    if origin is dict:
        return arguments[1]
    # A union of a list with something else: what the list holds.
    return next((inner for option in arguments if (inner := _inside(option)) is not Any), Any)


def _tags(annotation: Any, name: str) -> Iterator[str | int]:
    """The words of a field of one word, in every model of a union: the tag that tells them apart."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        field = annotation.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is Literal:
            yield from get_args(field.annotation)
    else:
        for part in get_args(annotation):
            yield from _tags(part, name)


def annotation_of(facility: Facility, steps: Steps) -> Any:
    """The type of the field that a leaf fills; Any where the models do not tell."""
    value: Any = facility
    annotation: Any = Any
    for step in steps:
        if isinstance(value, Model):
            field = type(value).model_fields.get(str(step))
            if field is None:
                return Any
            union = tuple(_tags(annotation, str(step))) if get_origin(field.annotation) is Literal else ()
            annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            annotation = Literal[union] if len(union) > len(get_args(field.annotation)) else annotation
            value = getattr(value, str(step))
            continue
        annotation = _inside(annotation)
        try:
            value = value[step]
        except (TypeError, LookupError):
            value = None
    return annotation
