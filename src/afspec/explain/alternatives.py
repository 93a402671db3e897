"""What else a value could be: other values that its field accepts, each the start of a "what if".

Candidates come from the field's type (words of a choice, examples and bounds of its schema), from the value as it is
written (a number in it doubled, a letter changed) and from its peers (fields of the same type elsewhere in the spec).
Only those remain that the field takes and that mean something else than the value itself.
"""

from __future__ import annotations

import enum
import re
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from afspec.facility.components import USUAL_NAMESPACES
from afspec.facility.words import DNS_LABEL, NAME, Form
from afspec.source.plain import scalar_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.source import Scalar

# Quantities at both ends: a limit is seen only by a value on its other side. Plain numbers stay small, as some count
# things that generators write down one by one.
_EXTREMES = (
    "1 s",
    "2999 d 23 h 59 min 58 s",
    "1 MB",
    "499.999999999 PB",
    "1 kHz",
    "999 GHz",
    "0",
    "1000",
    "1987-10-15",
)
# Forms that code tells apart by how a text begins or ends, or by the marks in it.
_FORMS = ("other", "/other", "/other/<user>")
_OTHER_WORDS = "Other words."
_NUMBER = re.compile(r"[0-9]+")
_LETTER = re.compile(r"[A-Za-z]")
_PLACEHOLDER = re.compile(r"/?<[a-z-]+>")
_SCHEME = re.compile(r"^[a-z0-9+]+://")
MOST_PEERS = 2
WIDER_BY = (200, 110, 60, 48, 40, 32, 24, 16, 8, 4, 2)


class Field:
    """A type of field: what it accepts, the words that it lists, examples of it."""

    def __init__(self, annotation: Any) -> None:
        """A field of the type `annotation`; Any where nothing is known of it."""
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self._annotation = annotation
        self.words = tuple(dict.fromkeys(_words(annotation)))

    def value(self, node: Scalar) -> Any:
        """What the field makes of a scalar; raises ValidationError where it does not take it."""
        return self._adapter.validate_python(scalar_value(node))

    def takes(self, text: str) -> bool:
        """Whether a text is valid here."""
        try:
            self._adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    @cached_property
    def is_name(self) -> bool:
        """Whether it takes the name of a part, by which parts may come to share what is made for each."""
        return any(form.pattern in {NAME, DNS_LABEL} for form in _forms(self._annotation))

    @cached_property
    def is_free(self) -> bool:
        """Whether it takes prose."""
        return self.takes(_OTHER_WORDS)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Values that the language's own schema shows."""
        return tuple(dict.fromkeys(_examples(self._adapter.json_schema())))


@cache
def field_of(annotation: Any) -> Field:
    """The field of a type; the same for the same type."""
    return Field(annotation)


def _words(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif annotation is bool:
        yield from ("true", "false")
    elif isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield from (str(member.value) for member in annotation)
    else:
        for part in get_args(annotation):
            yield from _words(part)


def _forms(annotation: Any) -> Iterator[Form]:
    for part in get_args(annotation):
        if isinstance(part, Form):
            yield part
        yield from _forms(part)


def _examples(schema: Any) -> Iterator[str]:
    for example in schema.get("examples", ()):
        if isinstance(example, (str, int, float)) and not isinstance(example, bool):
            yield str(example)
    for option in schema.get("anyOf", ()):
        yield from _examples(option)


def _numbers(text: str) -> Iterator[str]:
    """`text` with its first number, then its last, moved up and down."""
    found = list(_NUMBER.finditer(text))
    for match in dict.fromkeys((*found[:1], *found[-1:])):
        digits = match.group()
        old, width = int(digits), len(digits) if digits.startswith("0") else 0
        for new in (2 * old, old - 1, 1) if match is found[0] else (old + 1,):
            if new >= 0:
                yield f"{text[: match.start()]}{new:0{width}}{text[match.end() :]}"


def _next(letter: str) -> str:
    return chr(ord(letter) + 1) if letter not in "zZ" else chr(ord(letter) - 1)


def _letters(text: str) -> Iterator[str]:
    """`text` with another letter at its end, and after its scheme."""
    start = match.end() if (match := _SCHEME.match(text)) else 0
    found = [match.start() for match in _LETTER.finditer(text, start)]
    for at in dict.fromkeys((*found[-1:], *found[:1])):
        yield text[:at] + _next(text[at]) + text[at + 1 :]


def _turned(text: str) -> str:
    """`text` in the same form with no word of it left: every letter after its scheme is another."""
    start = match.end() if (match := _SCHEME.match(text)) else 0
    return text[:start] + _LETTER.sub(lambda found: _next(found.group()), text[start:])


def _wide(text: str, field: Field) -> Iterator[str]:
    """The longest that the field takes of some texts: the widest cell of a table sets the width of its column."""
    for more in WIDER_BY:
        for wide in (text + "o" * more, "o" * more + text, "o" * more):
            if field.takes(wide):
                yield wide
                return


def _texts(text: str, field: Field) -> Iterator[str]:
    """Other ways to write `text`, the plainest first."""
    if field.is_free and " " in text:
        # Code that reads prose prints it: a changed text, and one that shares no word with it, show all of that.
        yield from islice((*_letters(text), *_numbers(text)), 1)
    else:
        yield from _numbers(text)
        yield from _letters(text)
        yield _turned(text)
        yield from _FORMS
    if field.is_free:
        yield _OTHER_WORDS
    if "<" in text:
        yield _PLACEHOLDER.sub("", text)
    yield from _wide(text, field)


def _candidates(node: Scalar, field: Field, peers: Iterable[Scalar]) -> Iterator[Scalar]:
    """Other scalars that the field may take, the plainest change first."""
    texts = list(_texts(node.text, field))
    if field.words:
        yield from (node._replace(text=word, plain=True) for word in field.words)
    yield from (node._replace(text=text) for text in texts)
    if field.is_name:
        yield from (node._replace(text=name) for name in USUAL_NAMESPACES)
    if not field.is_free:
        yield from islice(peers, MOST_PEERS)
        # A quantity is tried at its ends, anything else in the other forms that its field may have.
        others = _EXTREMES if node.text[:1].isdecimal() else field.examples
        yield from (node._replace(text=text) for text in others)


def alternatives(node: Scalar, annotation: Any, peers: Iterable[Scalar] = ()) -> list[Scalar]:
    """Other scalars that a field of the type `annotation` accepts in place of `node`; no two mean the same.

    Args:
        node: what the spec says.
        annotation: the type of the field, with its metadata.
        peers: scalars of other fields of the same type, the nearest first.
    """
    field = field_of(annotation)
    known = [field.value(node)]
    found = []
    for candidate in _candidates(node, field, peers):
        try:
            value = field.value(candidate)
        except (ValidationError, ValueError):
            continue
        # To Python, true is equal to 1.
        if not any(type(value) is type(other) and value == other for other in known):
            known.append(value)
            found.append(candidate)
    return found
