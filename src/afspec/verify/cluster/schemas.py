"""JSON schemas asked about data: every fault with its own path, in words that name what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from afspec.verify.cluster.reading import Path

_LONGEST = 160
_KEYS = "x-kubernetes-list-map-keys"
# A map's key that is left out is its default (core/v1: protocol).
_DEFAULTS = {"protocol": "TCP"}


class SchemaError(Exception):
    """A schema that cannot be asked: a reference that leads elsewhere, or a pattern that Python does not read."""


class Fault(NamedTuple):
    """What is wrong with the value at a path."""

    path: Path
    message: str


def faults(validator: Validator, data: Any) -> list[Fault]:
    """What a schema has against data, by path.

    Raises:
        SchemaError: the schema itself is at fault.
    """
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - comes with jsonschema

    try:
        found = {fault for error in validator.iter_errors(data) for fault in _of(error)}
    except (Unresolvable, re.error, TypeError, AttributeError) as error:
        raise SchemaError(f"its schema cannot be asked ({str(error)[:_LONGEST]})") from None
    return sorted(found, key=lambda fault: ([str(step) for step in fault.path], fault.message))


def shown(path: Iterable[str | int]) -> str:
    """A path as kubectl writes it: spec.ports[0].port."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def validator(schema: dict[str, Any], **more: Any) -> Validator:
    """A validator that also knows lists which are maps by some of their items' keys."""
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - slow to import, and rarely wanted

    extend: Any = validators.extend
    made: Validator = extend(Draft202012Validator, {_KEYS: _unique})(schema, **more)
    return made


def of_chart(schema: dict[str, Any]) -> Validator:
    """A validator for a chart's schema, of the draft that it names; nothing that it refers to is fetched."""
    from jsonschema import Draft7Validator, validators  # noqa: PLC0415
    from jsonschema_specifications import REGISTRY  # noqa: PLC0415

    kind: Any = validators.validator_for(schema, default=Draft7Validator)
    made: Validator = kind(schema, registry=REGISTRY)
    return made


def _unique(_: Any, keys: list[str], items: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415

    if not isinstance(items, list) or schema.get("x-kubernetes-list-type") != "map":
        return
    seen: dict[tuple[str, ...], int] = {}
    for at, item in enumerate(items):
        if isinstance(item, dict):
            name = tuple(str(item.get(key, _DEFAULTS.get(key, ""))) for key in keys)
            if name in seen:
                said = ", ".join(f"{key} {value}" for key, value in zip(keys, name, strict=True) if value)
                yield ValidationError(f"{said} is there twice", path=(at,))
            seen[name] = at


def _of(error: ValidationError) -> Iterator[Fault]:
    at = tuple(error.absolute_path)
    rule = error.validator
    if rule == "additionalProperties" and isinstance(error.instance, dict) and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        extra = [key for key in error.instance if key not in known and not _patterned(error.schema, key)]
        for key in extra:
            yield Fault((*at, key), f"unknown field `{key}`{_near(key, known)}")
    elif rule in {"anyOf", "oneOf"} and error.context:
        yield from _alternatives(error, at)
    elif rule == "enum":
        allowed: Any = error.validator_value
        listed = ", ".join(str(value) for value in allowed if value is not None)
        yield Fault(at, f"{_value(error.instance)} is none of {listed[:_LONGEST]}")
    elif rule == "type":
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        wanted = " or ".join(str(name) for name in types if name != "null")
        yield Fault(at, f"{_value(error.instance)} is no {wanted}")
    elif rule == "not":
        yield Fault(at, f"must not fit {_value(error.validator_value)}")
    else:
        yield Fault(at, error.message[-_LONGEST:] if len(error.message) > _LONGEST else error.message)


def _alternatives(error: ValidationError, at: Path) -> Iterator[Fault]:
    """The fault of the alternative that came nearest; all of one kind where they only differ in type."""
    context = error.context or []
    plain = [item for item in context if item.validator == "type" and not item.path]
    if len(plain) == len(context):
        types = [item.validator_value for item in plain]
        names = [name for kind in types for name in (kind if isinstance(kind, list) else [kind]) if name != "null"]
        yield Fault(at, f"{_value(error.instance)} is no {' or '.join(dict.fromkeys(map(str, names)))}")
        return
    # An alternative of another type was not meant.
    meant = [item for item in context if item not in plain] or list(context)
    deepest = max(meant, key=lambda item: len(item.absolute_path))
    yield from _of(deepest)


def _patterned(schema: dict[str, Any], key: str) -> bool:
    return any(re.search(pattern, key) for pattern in schema.get("patternProperties", {}))


def _near(key: str, known: Iterable[str]) -> str:
    from afspec.diagnostics import nearest  # noqa: PLC0415

    near = nearest(key, list(known))
    return f"; did you mean `{near}`?" if near else ""


def _value(value: Any) -> str:
    # A value may be a large map, or a secret's neighbour: enough of it to be found.
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
