"""Words for the things of a spec, taken from the models: docstrings of items, descriptions of fields, names."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from afspec.facility.common import Capability, Model

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_ARTICLE = re.compile(r"\A(?:A|An|The|Its)\s+")
_ASIDE = re.compile(r" \([^)]*\)")
# Where the noun of a sentence such as "A page that users open." ends.
_NOUN_ENDS = re.compile(r"[,:;.(](?:\s|\Z)| that | of the | and | for users| per | through ")
_CLAUSE_ENDS = re.compile(r"[,:;.](?:\s|\Z)")
# A description that begins with a word of a choice: "any: users bring their own".
_CHOICES = re.compile(r"[a-z_]+:\s")
_QUESTIONS = {"where", "how", "what", "whether", "which", "when", "who", "why"}
_CAPITALS = re.compile(r"\b(?:[A-Z]{2,}\w*|[a-z]+[A-Z]\w*|[A-Z]\w*[A-Z0-9]\w*)")


def spoken(key: str) -> str:
    """A key as words."""
    return key.replace("_", " ")


def quoted(name: object) -> str:
    """A name among words; no mark of its own can end the quotation."""
    return f"`{str(name).replace('`', chr(39))}`"


def _lower(text: str) -> str:
    """`text` for the middle of a sentence: names and abbreviations keep their capitals."""
    first, _, rest = text.partition(" ")
    is_name = _CAPITALS.match(first) or first in _PROPER or (rest[:1].isupper() and first.lower() not in _QUESTIONS)
    return text if is_name else text[:1].lower() + text[1:]


# Words that models begin with and that are names.
_PROPER = {"Apptainer", "Dask", "Duo", "Globus", "Jupyter", "Kerberos", "Nagios", "Prometheus", "Python", "Rucio",
           "Slurm", "Triton", "Unix"}  # fmt: skip


@cache
def noun_of(model: type[Model]) -> str:
    """What an item of a list is: "GPU model", of a docstring "A GPU model of the facility."."""
    text = _ARTICLE.sub("", " ".join((model.__doc__ or model.__name__).split()), count=1)
    return _lower(_NOUN_ENDS.split(text, maxsplit=1)[0].replace("`", "").strip())


def label_of(key: str, field: FieldInfo | None) -> str:
    """What a field says, from its description: "longest job"; the key where that is a choice of words, or absent."""
    text = " ".join((field.description if field and field.description else "").split())
    if not text or _CHOICES.match(text):
        return spoken(key)
    clause = _CLAUSE_ENDS.split(_ASIDE.sub("", text), maxsplit=1)[0].replace("`", "").strip()
    return _lower(_ARTICLE.sub("", clause, count=1)) or spoken(key)


def part_of(key: str, field: FieldInfo | None) -> str:
    """What a part without a name of its own is called: its description where that is a noun, else its key."""
    label = label_of(key, field)
    first = label.split(" ", 1)[0].lower()
    return spoken(key) if first in _QUESTIONS else label


def field_of(value: Any, key: str) -> FieldInfo | None:
    """The field of a model that a key names."""
    return type(value).model_fields.get(key) if isinstance(value, Model) else None


def is_item(value: Any) -> bool:
    """Whether a value is known by its name in a list."""
    return isinstance(value, Model) and "name" in type(value).model_fields


class Place:
    """Where a walk is, in words.

    An item is named after its kind; a part without a name after what it is a part of. What only holds others (access,
    services) is not worth a word.
    """

    def __init__(
        self, words: str = "", *, anchored: bool = False, in_item: bool = False, several: bool = False
    ) -> None:
        self.words, self._anchored, self._in_item, self._several = words, anchored, in_item, several

    def item(self, noun: str, name: str, *, several: bool) -> Place:
        """The place of an item, `several` where it is one of many: only then what it holds needs its name."""
        above = f" of {self.words}" if self._several else ""
        return Place(f"{noun} {quoted(name)}{above}", anchored=True, in_item=True, several=several or self._several)

    def nth(self, noun: str, index: int) -> Place:
        """The place of an item that has no name, which is known by its number."""
        above = f" of {self.words}" if self._in_item else ""
        return Place(f"{noun} {index + 1}{above}", anchored=True, in_item=True, several=True)

    def part(self, key: str, field: FieldInfo | None, value: Any) -> Place:
        """The place of a part that has no name."""
        words = part_of(key, field)
        if self._in_item or (self._anchored and not isinstance(value, Capability)):
            return Place(f"{self.words}, {words}", anchored=True, in_item=self._in_item, several=self._several)
        return Place(words, anchored=isinstance(value, Capability))
