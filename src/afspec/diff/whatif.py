"""Another state of a spec that nobody wrote: what it would take to promise something, worked out without writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from afspec.diagnostics import AfspecError
from afspec.diff.comparison import Comparison, compare_states
from afspec.diff.state import State, state_of
from afspec.diff.targets import Parts, find_target
from afspec.facility import validate
from afspec.facility.common import Capability, Stance
from afspec.facility.covering import follow
from afspec.rules import check
from afspec.source import Document, Mapping, format_pointer, put
from afspec.source.parser import parse
from afspec.source.text import SourceFile

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from afspec.compiler import Checked
    from afspec.facility import Facility
    from afspec.source import Node

# Where diagnostics about what was given on the command line point to.
PLACE = "--what-if"
# What a capability says of itself in any case.
_COMMON = frozenset(Capability.model_fields)


class Assumption(NamedTuple):
    """A value in a place, `text` being what was given."""

    text: str
    parts: Parts
    node: Node | None

    @property
    def pointer(self) -> str:
        """Where it goes."""
        return format_pointer(self.parts)


class Undeclared(NamedTuple):
    """A fact that nobody has declared, and what it would say."""

    pointer: str
    description: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A spec as it would be: how it differs from the one there is, and which facts are not declared."""

    assumptions: tuple[Assumption, ...]
    comparison: Comparison
    undeclared: tuple[Undeclared, ...]


def assume(texts: Sequence[str], facility: Facility) -> tuple[Assumption, ...]:
    """What `NAME=VALUE` texts say, each with the place that it means; VALUE is YAML, and null takes away.

    Raises:
        UnclearTargetError: a name means nothing, or more than one thing.
        ValueError: there is no value.
        AfspecError: the value is no YAML.
    """
    found = []
    for index, text in enumerate(texts):
        name, sign, value = text.partition("=")
        if not sign or not value.strip():
            raise ValueError(f"{text!r} is not NAME=VALUE, such as coffea_casa=promised")
        parts = find_target(name.strip(), facility)
        # Blank lines and spaces before the value: diagnostics then show the text as it was given.
        padded = "\n" * index + " " * (len(name) + 1) + value
        parsed = parse(SourceFile(PLACE, padded, ""))
        if parsed.diagnostics or parsed.root is None:
            raise AfspecError(parsed.diagnostics)
        nothing = getattr(parsed.root, "is_null", False)
        found.append(Assumption(text, parts, None if nothing else parsed.root))
    return tuple(found)


def imagine(name: str, checked: Checked, assumptions: tuple[Assumption, ...], as_of: dt.date) -> WhatIf:
    """The spec with other values, held against the spec as it is.

    Raises:
        ValueError: a place leads through a single value.
        AfspecError: the language does not take a value there, or wants more beside it.
    """
    root: Node = checked.document.root
    for assumption in assumptions:
        root = put(root, assumption.parts, assumption.node)
    if not isinstance(root, Mapping):
        raise ValueError("the whole spec cannot be replaced")  # noqa: TRY004 - what was given is wrong, not its type
    document = Document(root, checked.document.files)
    facility = validate(document)
    found = [diagnostic for diagnostic in check(facility, document, as_of) if diagnostic.ignored is None]
    comparison = compare_states(state_of(name, checked), State(PLACE, facility, found))
    undeclared = (fact for assumption in assumptions for fact in _undeclared(facility, assumption.parts))
    return WhatIf(assumptions, comparison, tuple(dict.fromkeys(undeclared)))


def _undeclared(facility: Facility, parts: Parts) -> Iterator[Undeclared]:
    """The facts of an offered capability that the spec leaves out, where `parts` lead to its stance."""
    above = parts[:-1]
    values = list(follow(facility, above))
    held = values[-1] if len(values) > len(above) else None
    if not isinstance(held, Capability) or parts[-1] != "stance" or not held.offered:
        return
    for name, field in type(held).model_fields.items():
        wanted = name not in _COMMON or (name == "lead_time" and held.stance is Stance.ON_REQUEST)
        if wanted and name not in held.model_fields_set and getattr(held, name) in (None, (), {}):
            yield Undeclared(format_pointer((*above, name)), field.description or "")
