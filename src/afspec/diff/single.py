"""One change put onto the old state, and nothing else: what it alone would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from afspec.diff.change import Change, Steps, Verb
from afspec.facility import Facility
from afspec.facility.common import Model
from afspec.facility.dump import dump_facility

if TYPE_CHECKING:
    from collections.abc import Sequence


def alone(old: Facility, new: Facility, changes: Sequence[Change]) -> Facility | None:
    """`old` with some of what makes it `new`; None where the language does not allow it without the rest."""
    changed: Any = old
    for change in changes:
        # Where a stance lets users in or out, what lies below it goes along.
        whole = change.verb is Verb.STANCE and change.parts
        changed = _take(changed, new, change.steps[:-1] if whole else change.steps, change.verb)
    try:
        return Facility.model_validate(dump_facility(changed))
    except ValidationError:
        return None


def _take(old: Any, new: Any, steps: Steps, verb: Verb) -> Any:
    """`old` with what `new` has at `steps`."""
    if not steps:
        return _reordered(old, new) if verb is Verb.ORDER and _named(old) else new
    step, rest = steps[0], steps[1:]
    if isinstance(old, Model):
        key = str(step)
        value = _take(getattr(old, key), getattr(new, key), rest, verb)
        if value is not None and key in new.model_fields_set:
            return old.model_copy(update={key: value})
        # What the new spec does not write is not written: a default is no statement.
        left = old.model_copy(update={key: value})
        left.model_fields_set.discard(key)
        return left
    if isinstance(old, dict):
        return _take_key(old, new, str(step), rest, verb)
    if isinstance(step, int):
        return (*old[:step], _take(old[step], new[step], rest, verb), *old[step + 1 :])
    return _take_item(old, new, step, rest, verb)


def _take_key(old: dict[str, Any], new: dict[str, Any], key: str, rest: Steps, verb: Verb) -> dict[str, Any]:
    if key not in new:
        return {name: value for name, value in old.items() if name != key}
    return {**old, key: _take(old[key], new[key], rest, verb) if rest and key in old else new[key]}


def _take_item(old: tuple[Any, ...], new: tuple[Any, ...], name: str, rest: Steps, verb: Verb) -> tuple[Any, ...]:
    """A list with one item as in the new one: changed, gone, or put behind those that it follows there."""
    theirs = {item.name: item for item in new}
    if any(item.name == name for item in old):
        kept = [
            item if item.name != name else _take(item, theirs[name], rest, verb) for item in old
            if item.name != name or name in theirs
        ]  # fmt: skip
        return tuple(kept)
    before = {item.name for item in new[: list(theirs).index(name)]}
    place = max((index + 1 for index, item in enumerate(old) if item.name in before), default=0)
    return (*old[:place], theirs[name], *old[place:])


def _named(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and hasattr(value[0], "name") and isinstance(value[0], Model)


def _reordered(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    """The old items in the new order; what the new list has not stays where it was among them."""
    order = [item.name for item in new]
    common = sorted((item for item in old if item.name in order), key=lambda item: order.index(item.name))
    rest = iter(common)
    return tuple(next(rest) if item.name in order else item for item in old)
