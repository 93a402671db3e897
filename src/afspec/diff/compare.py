"""Walking two states of a facility together; nothing here knows a section of the spec."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afspec.diff.change import Change, Group, Steps, Verb
from afspec.diff.labels import Place, field_of, is_item, label_of, noun_of, quoted, spoken
from afspec.diff.stances import came, is_crossing, stance_change
from afspec.diff.values import Move, details, listed, move, shown
from afspec.facility import Facility
from afspec.facility.common import Capability, Model
from afspec.facility.kinds import Kind, kinds_of
from afspec.facility.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a facility's own keys say of the spec, and not of the facility.
_OF_THE_SPEC = frozenset({"afspec", "declared_by", "extends", "stale_after", "ignored"})
_MOVES = {
    Move.UP: (Group.RAISED, Verb.RAISED),
    Move.DOWN: (Group.LOWERED, Verb.LOWERED),
    Move.OTHER: (Group.CHANGED, Verb.CHANGED),
}


def compare(old: Facility, new: Facility) -> list[Change]:
    """Everything that differs, the gravest for users first; empty where the two mean the same.

    Bases do not count: they are merged in, and what they say does.
    """
    found = list(_models(old, new, (), Place()))
    return sorted(found, key=_gravity)


def _gravity(change: Change) -> tuple[int, int]:
    """What is new to the spec comes after what it said otherwise before."""
    silent = change.verb is Verb.CHANGED and (change.old is None) + 2 * (change.new is None)
    return list(Group).index(change.group), int(silent)


def _names(old: Any, new: Any) -> Iterable[str]:
    """The fields of two models, those of the first in their order, then what only the second has."""
    return dict.fromkeys([*type(old).model_fields, *type(new).model_fields])


def _models(old: Model, new: Model, steps: Steps, place: Place) -> Iterator[Change]:
    """What differs between two models; a stance that lets users in or out says more than all that is below it."""
    found: list[Change] = []
    own = stance_change(old, new, steps, place.words)
    for name in _names(old, new):
        if (name == "stance" and own) or (name == "extends" and not steps):
            continue
        found += _fields(old, new, name, (*steps, name), place)
    if own and found and is_crossing(own):
        yield replace(own, parts=tuple(found))
        return
    if own:
        yield own
    yield from found


def _fields(old: Model, new: Model, name: str, steps: Steps, place: Place) -> Iterator[Change]:
    before, after = getattr(old, name, None), getattr(new, name, None)
    if before == after and type(before) is type(after):
        return
    field = field_of(old, name) or field_of(new, name)
    facts = _is_about_facts(old, name, steps)
    if isinstance(before, Model) or isinstance(after, Model):
        here = place.part(name, field, before if before is not None else after)
        found = _whole(before, after, steps, here)
    elif isinstance(before, dict) or isinstance(after, dict):
        found = _maps(before or {}, after or {}, steps, place)
    elif any(_holds_models(value) for value in (before, after)):
        found = _lists(before or (), after or (), steps, place, label_of(name, field))
    elif isinstance(before, tuple) and isinstance(after, tuple) and not hasattr(before, "_fields"):
        found = _words(before, after, steps, place.words, label_of(name, field))
    else:
        kind = kinds_of(type(old)).get(name) or kinds_of(type(new))[name]
        label = spoken(name) if facts else label_of(name, field)
        found = iter([_single((before, after), kind, steps, place.words, label)])
    yield from (_about_facts(change) for change in found) if facts else found


def _is_about_facts(model: Model, name: str, steps: Steps) -> bool:
    """Whether a field says where a fact is from and how far it holds, and nothing of what users get."""
    if isinstance(model, Facility) and len(steps) == 1 and name in _OF_THE_SPEC:
        return True
    return isinstance(model, Source) or (isinstance(model, Capability) and name == "note")


def _about_facts(change: Change) -> Change:
    return replace(change, group=Group.FACTS, parts=tuple(_about_facts(part) for part in change.parts))


def _holds_models(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Model)


def _whole(before: Any, after: Any, steps: Steps, place: Place) -> Iterator[Change]:
    """A part that is there or not; where it is both times, what differs below it."""
    if isinstance(before, Model) and isinstance(after, Model):
        if type(before) is type(after):
            yield from _models(before, after, steps, place)
            return
        parts = tuple(_models(before, after, steps, place))
        yield Change(Group.CHANGED, Verb.CHANGED, steps, place.words, "kind", noun_of(type(before)),
                     noun_of(type(after)), parts=parts)  # fmt: skip
        return
    yield came(before, after, steps, place.words, tuple(details(before if after is None else after)))


def _lists(
    before: tuple[Model, ...], after: tuple[Model, ...], steps: Steps, place: Place, label: str
) -> Iterator[Change]:
    """Two lists of models: by name where items have names, else by their place in the list."""
    if not all(is_item(item) for item in (*before, *after)):
        yield from _unnamed(before, after, steps, place, label)
        return
    old, new = ({str(getattr(item, "name", "")): item for item in items} for items in (before, after))
    several = len(old) > 1 or len(new) > 1
    for name in dict.fromkeys([*old, *new]):
        one, other = old.get(name), new.get(name)
        if one == other and type(one) is type(other):
            continue
        there = [type(item) for item in (one, other) if item is not None]
        # An item that is of another kind now is called by the key of its list.
        noun = noun_of(there[0]) if len(set(there)) == 1 else spoken(str(steps[-1]))
        here = place.item(noun, name, several=several)
        yield from _whole(one, other, (*steps, name), here)
    yield from _order(list(old), list(new), steps, place)


def _order(old: list[str], new: list[str], steps: Steps, place: Place) -> Iterator[Change]:
    """Order matters where the first is the default: items that swap places, or that another is put in front of."""
    kept, now = [name for name in old if name in new], [name for name in new if name in old]
    displaced = bool(kept) and (old[0] == kept[0]) != (new[0] == now[0]) and kept == now
    if kept != now or displaced:
        where = f"{place.words}, {spoken(str(steps[-1]))}" if place.words else spoken(str(steps[-1]))
        yield Change(Group.CHANGED, Verb.ORDER, steps, where, "order", listed(old), listed(new))


def _unnamed(
    before: tuple[Model, ...], after: tuple[Model, ...], steps: Steps, place: Place, label: str
) -> Iterator[Change]:
    if len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            if one != other:
                yield from _whole(one, other, (*steps, index), place.nth(noun_of(type(one)), index))
        return
    lost, gained = _beyond(before, after), _beyond(after, before)
    group = Group.CHANGED if lost and gained else Group.NEW if len(after) > len(before) else Group.GONE
    old, new = ("; ".join(" ".join(details(item)) for item in items) or None for items in (lost, gained))
    yield Change(group, Verb.LIST, steps, place.words, label, old, new)


def _beyond(some: tuple[Model, ...], others: tuple[Model, ...]) -> list[Model]:
    """What `some` have more of than `others`; models cannot be counted by hash."""
    left, found = list(others), []
    for item in some:
        if item in left:
            left.remove(item)
        else:
            found.append(item)
    return found


def _maps(before: dict[str, Any], after: dict[str, Any], steps: Steps, place: Place) -> Iterator[Change]:
    """Two maps whose keys the spec chooses."""
    key = str(steps[-1])
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one == other and type(one) is type(other):
            continue
        if isinstance(one, Model) or isinstance(other, Model):
            here = place.item(spoken(key).removesuffix("s"), name, several=False)
            found = _whole(one, other, (*steps, name), here)
            yield from (_about_facts(change) for change in found) if Source in {type(one), type(other)} else found
        else:
            label = f"{spoken(key)} {quoted(name)}"
            yield _single((one, other), Kind.WORD, (*steps, name), place.words, label)


def _words(before: tuple[Any, ...], after: tuple[Any, ...], steps: Steps, place: str, label: str) -> Iterator[Change]:
    """Two lists of words: what is lost, what is gained, else that their order is another."""
    lost, gained = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if not lost and not gained:
        yield Change(Group.CHANGED, Verb.ORDER, steps, place, label, listed(before), listed(after))
        return
    group = Group.CHANGED if lost and gained else Group.GONE if lost else Group.NEW
    old, new = listed(lost.elements()) or None, listed(gained.elements()) or None
    yield Change(group, Verb.LIST, steps, place, label, old, new)


def _single(pair: tuple[Any, Any], kind: Kind, steps: Steps, place: str, label: str) -> Change:
    """A single value that is another, or that is said on one side only."""
    before, after = pair
    group, verb = _MOVES[Move.OTHER if before is None or after is None else move(before, after, kind)]
    old, new = (None if value is None else shown(value, kind) for value in pair)
    return Change(group, verb, steps, place, label, old, new)
