"""Which fields of a facility a generator reads.

A value that is not read cannot matter: only what was read has to be tried. The facility is copied into objects of
classes that note every field asked for; they are subclasses of the models, so that generators see no difference.
Where the copy cannot tell what is read of it (it is compared, dumped, hashed as a whole), all of it counts as read;
where the files made from it are not the same as without it, everything does.
"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from afspec.facility.common import Model

if TYPE_CHECKING:
    from afspec.explain.leaves import Steps
    from afspec.facility import Facility
    from afspec.generators import Artifact, Generator

_BASE = frozenset(dir(BaseModel))
# Asked of every object by isinstance() and by attribute access itself; they tell nothing about the facility.
_HARMLESS = frozenset(
    {
        "__class__",
        "__doc__",
        "__module__",
        "__pydantic_decorators__",
        "__pydantic_extra__",
        "__pydantic_fields__",
        "__pydantic_private__",
        "__pydantic_validator__",
        "model_config",
        "model_fields",
    }
)
# These give every field of one object, and objects below it that still take notes.
_SHALLOW = frozenset({"__dict__", "__iter__", "__pydantic_fields_set__", "model_fields_set"})


@dataclass
class Reads:
    """What was read: places of fields, each with everything below it that takes no notes of its own."""

    places: set[Steps] = field(default_factory=set)
    known: set[Steps] = field(default_factory=set)
    everything: bool = False

    def covers(self, steps: Steps) -> bool:
        """Whether the value at `steps` was read, or cannot be told from what was."""
        if self.everything:
            return True
        prefixes = [steps[:length] for length in range(len(steps) + 1)]
        if not any(prefix in self.known for prefix in prefixes):
            return True  # a key that is no field: a validator made something of it
        return any(prefix in self.places for prefix in prefixes)


@dataclass(frozen=True, slots=True)
class _Note:
    """Where an object of the copy stands, and where to note what is asked of it.

    `unit` is set below a model whose validators may make one field from another: there all is read at once.
    """

    reads: Reads
    steps: Steps
    unit: Steps | None

    def field(self, name: str) -> None:
        place = (*self.steps, name)
        if self.unit is not None:
            self.reads.places.add(self.unit)
        elif place in self.reads.known:  # what holds models takes no notes: they do
            self.reads.places.add(place)

    def whole(self) -> None:
        self.reads.places.add(self.unit if self.unit is not None else self.steps)


def _note(item: Any) -> _Note:
    # BaseModel's own place for private data: a copy of the object carries it along.
    note: _Note = object.__getattribute__(item, "__pydantic_private__")["note"]
    return note


@cache
def _traced(cls: type[Model]) -> type[Model]:
    """A subclass of a model that notes what is asked of its objects."""
    fields = frozenset(cls.model_fields)

    def note_attribute(self: Any, name: str) -> Any:
        if name in fields:
            _note(self).field(name)
        elif name in _SHALLOW:
            for each in fields:
                _note(self).field(each)
        elif name in _BASE and name not in _HARMLESS:
            _note(self).whole()
        return object.__getattribute__(self, name)

    def equal(self: Any, other: Any) -> bool:
        _note(self).whole()
        same = _plain_class(type(self)) is _plain_class(type(other))
        return same and bool(self.__dict__ == other.__dict__)

    def hashed(self: Any) -> int:
        _note(self).whole()
        return cls.__hash__(self)

    def shown(self: Any) -> str:
        _note(self).whole()
        return cls.__repr__(self)

    def listed(self: Any) -> Any:
        _note(self).whole()
        return cls.__iter__(self)

    body = {
        "__slots__": (),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__getattribute__": note_attribute,
        "__eq__": equal,
        "__hash__": hashed,
        "__repr__": shown,
        "__str__": shown,
        "__iter__": listed,
        "_afspec_plain": cls,
    }
    # Past pydantic's own metaclass, which would build the model anew: the subclass differs in no field.
    made: type[Model] = ABCMeta.__new__(type(cls), cls.__name__, (cls,), body)
    return made


def _plain_class(cls: type) -> type:
    plain: type = cls.__dict__.get("_afspec_plain", cls)
    return plain


@cache
def mixes_fields(cls: type[Model]) -> bool:
    """Whether validators of a model see several fields at once, so that one may come from another."""
    decorators = cls.__pydantic_decorators__
    if decorators.model_validators or decorators.root_validators:
        return True
    if any(info.default_factory_takes_validated_data for info in cls.model_fields.values()):
        return True
    checks: list[Any] = [*decorators.field_validators.values(), *decorators.validators.values()]
    return any(len(inspect.signature(check.func).parameters) > 1 for check in checks)


def _holds_models(value: Any) -> bool:
    if isinstance(value, Model):
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return any(_holds_models(item) for item in items)


def _copy(value: Any, note: _Note) -> Any:
    """`value` with models that take notes; plain values are themselves, and known by the field that holds them."""
    reads, steps, unit = note.reads, note.steps, note.unit
    if isinstance(value, Model):
        return _copy_model(value, note)
    if not _holds_models(value):
        reads.known.add(steps)
        return value
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    # Beside models, a plain item has nobody to note it: it counts as read.
    reads.places |= {(*steps, key) for key, item in pairs if not _holds_models(item)}
    if isinstance(value, dict):
        return {key: _copy(item, _Note(reads, (*steps, key), unit)) for key, item in value.items()}
    return tuple(_copy(item, _Note(reads, (*steps, index), unit)) for index, item in enumerate(value))


def _copy_model(value: Model, note: _Note) -> Model:
    cls = type(value)
    reads, steps = note.reads, note.steps
    unit = note.unit if note.unit is not None else steps if mixes_fields(cls) else None
    made = object.__new__(_traced(cls))
    fields = {name: _copy(getattr(value, name), _Note(reads, (*steps, name), unit)) for name in cls.model_fields}
    object.__setattr__(made, "__dict__", fields)
    object.__setattr__(made, "__pydantic_fields_set__", set(value.model_fields_set))
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", {"note": _Note(reads, steps, unit)})
    for name, info in cls.model_fields.items():
        # A tag decides which model this is: isinstance() reads it without asking.
        if get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1:
            reads.places.add((*steps, name))
    return made


def reads_of(generator: Generator, facility: Facility, files: list[Artifact]) -> Reads:
    """What `generator` reads of `facility` to make `files`, which it made of it before."""
    reads = Reads()
    try:
        copied: Any = _copy_model(facility, _Note(reads, (), None))
        made = list(generator.render(copied)) if generator.applies(copied) else []
    except Exception:  # noqa: BLE001 - whatever it was: the copy is not as good as the facility
        reads.everything = True
        return reads
    reads.everything = made != files
    return reads
