"""A facility as plain data: the merged spec, in the order of the language, with what was written and no defaults.

It is what `facility.json` holds: reading it again gives the same facility.
"""

from __future__ import annotations

from typing import Any

from afspec.facility.common import Model
from afspec.facility.kinds import Kind, kinds_of, write

# Where compiled files keep it.
STATE_FILE = "facility.json"


def dump(value: Any, kind: Kind = Kind.WORD) -> Any:
    """A model, or what a field of one holds, as maps, lists and single values; secrets are references all along."""
    if isinstance(value, Model):
        kinds, written = kinds_of(type(value)), value.model_fields_set
        return {
            name: dump(getattr(value, name), kinds[name])
            for name in type(value).model_fields
            if name in written and getattr(value, name) is not None
        }
    if isinstance(value, dict):
        return {key: dump(item, kind) for key, item in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):  # not a NamedTuple, which is one value
        return [dump(item, kind) for item in value]
    return write(value, kind)


def dump_facility(facility: Any) -> dict[str, Any]:
    """A facility as plain data; its bases are part of it, and are named no more."""
    data: dict[str, Any] = dump(facility)
    data.pop("extends", None)
    return data
