"""What there is to say of a value and of a cause, as data: the text for people and the JSON are both made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afspec.facility.covering import covering

if TYPE_CHECKING:
    from afspec.diagnostics import Span
    from afspec.explain.answers import Cause
    from afspec.explain.leaves import Leaf
    from afspec.explain.session import Spec

_LONGEST = 120


def short(text: str) -> str:
    """A value on one line, cut where it is long: a file that a value names is one value, too."""
    line = " ".join(text.split()) if "\n" in text else text
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the spec: what it is, where it was written and published, and what it overrides."""

    pointer: str
    value: str
    span: Span
    through: tuple[tuple[Span, str], ...]
    overrides: tuple[tuple[Span, str], ...]
    published: dict[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "pointer": self.pointer,
            "value": self.value,
            "place": str(self.span),
            "through": [{"place": str(span), "extends": name} for span, name in self.through],
            "overrides": [{"place": str(span), "value": value} for span, value in self.overrides],
            "published": self.published or None,
        }


def _published(spec: Spec, pointer: str) -> dict[str, str]:
    key = covering(spec.facility, pointer)
    if key is None:
        return {}
    source = spec.facility.sources[key]
    told: dict[str, Any] = {
        "pointer": key,
        "doc": source.doc,
        "url": source.url,
        "as_of": source.as_of,
        "state": source.state.value,
    }
    if source.conflict is not None:
        told |= {"rival": source.conflict.value, "rival_doc": source.conflict.doc}
    return {name: str(said) for name, said in told.items() if said is not None}


def value_of(spec: Spec, leaf: Leaf) -> Value:
    """What there is to say of a value."""
    provenance = spec.provenance
    return Value(
        leaf.pointer,
        leaf.node.text,
        leaf.node.span,
        tuple((span, provenance.text_at(span)) for span in provenance.through(leaf)),
        tuple((node.span, node.text) for node in provenance.overrides(leaf)),
        _published(spec, leaf.pointer),
    )


def would_be(cause: Cause) -> str:
    """What would stand in the line's place, and with which value."""
    other = cause.trial.instead
    given = "if it is left out" if other is None else f"if {short(other.text)}"
    if cause.instead is not None:
        return f"would read: {short(cause.instead.strip())}  {given}"
    return f"would not be there {given}"


def cause_data(spec: Spec, cause: Cause) -> dict[str, Any]:
    """A cause, for scripts; `if` is null for a value left out, `instead` for a line that then has no counterpart."""
    return {
        **value_of(spec, cause.leaf).data(),
        "how": cause.how.value,
        "lines_changed": cause.reach,
        "if": cause.trial.instead.text if cause.trial.instead else None,
        "instead": cause.instead,
    }
