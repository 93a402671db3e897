"""From the merged tree to a Facility, or to diagnostics: every problem in one pass, each with its place."""

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import ValidationError

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity, Span, nearest
from afspec.facility.common import Model
from afspec.facility.facility import Facility
from afspec.source import Document, Mapping, Node, Sequence, format_pointer, places, to_plain
from afspec.source.nodes import item_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

_WANTED = {
    "string": "text",
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "tuple": "a list",
    "list": "a list",
    "dict": "a map",
    "model": "a map",
    "date": "a date",
    "enum": "a word",
    "union": "a map with a `scheduler`",
}
_RANGE = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}
_YAML_11_BOOLEANS = {"yes", "no", "on", "off", "y", "n"}


class Verdict(NamedTuple):
    """What a schema error says to a person."""

    code: str
    message: str
    hint: str


def _given(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"`{text[:60]}{'...' if len(text) > 60 else ''}`"  # noqa: PLR2004 - a line's worth


def _models(annotation: Any) -> Iterator[type[Model]]:
    """Every model that a field of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    elif get_origin(annotation) in {tuple, list, dict, Union, types.UnionType, Annotated}:
        for part in get_args(annotation):
            yield from _models(part)


def _has_tag(model: type[Model], tag: str) -> bool:
    return any(
        tag in get_args(field.annotation)
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal
    )


def known_keys(loc: tuple[str | int, ...]) -> set[str]:
    """The keys that the language knows at a place; empty where any key is allowed."""
    models: list[type[Model]] = [Facility]
    for part in loc:
        if isinstance(part, int):
            continue
        below = [
            inner
            for model in models
            if part in model.model_fields
            for inner in _models(model.model_fields[part].annotation)
        ]
        tagged = [model for model in models if _has_tag(model, part)]
        models = below or tagged or models
    return {name for model in models for name in model.model_fields}


def _choice(error: ErrorDetails, expected: str) -> Verdict:
    """An error whose context lists the words that are allowed."""
    words = re.findall(r"'([^']*)'", expected) or [expected]
    given = error.get("ctx", {}).get("tag", error["input"])
    near = nearest(given, words) if isinstance(given, str) else None
    hint = f"Did you mean `{near}`? " if near else ""
    return Verdict("AF2004", f"{_given(given)} is not allowed here", f"{hint}Choose one of: {', '.join(words)}.")


def _wrong_type(error: ErrorDetails) -> Verdict:
    wanted = _WANTED.get(error["type"].split("_")[0], "another kind of value")
    given = error["input"]
    hint = f"Write {wanted}."
    if wanted == "true or false" and isinstance(given, str) and given.lower() in _YAML_11_BOOLEANS:
        hint = "Write true or false: YAML 1.2 reads yes and no as words."
    elif wanted == "text" and isinstance(given, (int, float, bool)):
        hint = f'Put it in quotes: "{getattr(given, "text", str(given).lower())}".'
    return Verdict("AF2003", f"expected {wanted}, found {_given(given)}", hint)


def explain(error: ErrorDetails) -> Verdict:
    """What one of pydantic's errors means in the language of the spec."""
    kind, context, loc = error["type"], error.get("ctx", {}), error["loc"]
    key = str(loc[-1]) if loc else ""
    match kind:
        case "extra_forbidden":
            known = known_keys(loc[:-1])
            near = nearest(key, known)
            listed = f"Known here: {', '.join(sorted(known))}."
            return Verdict("AF2001", f"unknown key `{key}`", f"Did you mean `{near}`?" if near else listed)
        case "missing":
            return Verdict("AF2002", f"required key `{key}` is missing", f"Add `{key}:` here.")
        case "union_tag_not_found":
            return Verdict("AF2002", "required key `scheduler` is missing", "Add `scheduler: slurm` or `htcondor`.")
        case "enum" | "literal_error":
            return _choice(error, str(context["expected"]))
        case "union_tag_invalid":
            return _choice(error, str(context["expected_tags"]))
        case "afspec_form":
            return Verdict("AF2005", error["msg"], str(context["expected"]))
        case "afspec_marker":
            return Verdict("AF2007", error["msg"], str(context["expected"]))
        case "string_pattern_mismatch":
            return Verdict(
                "AF2005", f"{_given(error['input'])} is not in the form needed", f"It must match {context['pattern']}."
            )
        case _ if kind in _RANGE:
            bound = _RANGE[kind].format(**context)
            return Verdict("AF2006", f"{_given(error['input'])} is out of range", f"Write a number of {bound}.")
        case _:
            return _wrong_type(error)


class Place(NamedTuple):
    """Where an error is: the parts of its pointer, where key and value are shown, and whether the key is meant."""

    parts: list[str]
    key: Span
    value: Span
    at_key: bool


def _place(root: Node, loc: tuple[str | int, ...]) -> Place:
    """The place of `loc`, which is a pointer by index, with what pydantic adds for unions and keys."""
    parts: list[str] = []
    node, key_span = root, root.span
    for part in loc:
        if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            key_span = node.span
            parts.append(item_name(node) or str(part))
        elif isinstance(node, Mapping) and part in node.entries:
            key_span, node = node.entries[str(part)]
            parts.append(str(part))
    return Place(parts, *places(node, key_span), bool(loc) and loc[-1] == "[key]")


def _diagnose(document: Document, error: ErrorDetails) -> Diagnostic:
    verdict = explain(error)
    loc = (*error["loc"], "scheduler") if error["type"] == "union_tag_invalid" else error["loc"]
    place = _place(document.root, loc)
    points_to_key = place.at_key or verdict.code in {"AF2001", "AF2002"}
    span: Span | None = place.key if points_to_key else place.value
    pointer = format_pointer(place.parts)
    if not place.parts and verdict.code == "AF2002":
        span = Span(document.root.span.file, 1, 1, 1, 2)
    return Diagnostic(
        verdict.code, Severity.ERROR, verdict.message, span, verdict.hint or CODES[verdict.code].advice, pointer=pointer
    )


def validate(document: Document) -> Facility:
    """The facility that a document describes.

    Raises:
        AfspecError: with every AF2xxx problem, in the order of the files.
    """
    try:
        return Facility.model_validate(to_plain(document.root))
    except ValidationError as failure:
        found: dict[tuple[Span | None, str], Diagnostic] = {}
        for error in failure.errors(include_url=False):
            diagnostic = _diagnose(document, error)
            # A union of types reports each alternative: the first says enough.
            found.setdefault((diagnostic.span, "" if diagnostic.code > "AF2002" else diagnostic.message), diagnostic)
        order = sorted(
            found.values(), key=lambda d: (d.span.file, d.span.line, d.span.column) if d.span else ("", 0, 0)
        )
        raise AfspecError(order) from failure
