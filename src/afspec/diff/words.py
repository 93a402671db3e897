"""A change as a sentence. Names stand between back-ticks; nothing else does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from afspec.diff.change import Change, Group, Verb
from afspec.facility.common import UNDECLARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 160
_FEW = 3


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, *, full: bool = False) -> str:
    """A value, cut where it is long."""
    return text if full or len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def about(change: Change) -> str:
    """What a change is about: the thing, and its field."""
    words = ": ".join(part for part in (change.place, change.label) if part)
    return words[:1].upper() + words[1:]


def before(change: Change) -> str:
    """What was, in a word or a value; "" where nothing was said."""
    return _said(change, change.old, gone=change.verb is Verb.REMOVED)


def now(change: Change) -> str:
    """What is, in a word or a value; "" where nothing is said."""
    return _said(change, change.new, gone=change.verb is Verb.ADDED)


def _said(change: Change, value: str | None, *, gone: bool) -> str:
    """One side of a change; a thing that comes or goes is told with its facts."""
    if value is None:
        return ""
    if not gone:
        return value
    return "; ".join(filter(None, (value if value != UNDECLARED else "", *change.details)))


def _moved(change: Change, old: str, new: str) -> str:
    """What happened, without what it happened to."""
    match change.verb:
        case Verb.ADDED:
            told = "new" if change.group is Group.NEW or not change.new else "now spoken of"
        case Verb.REMOVED:
            told = "gone" if change.group is Group.GONE or not change.old else "no longer spoken of"
        case Verb.RAISED | Verb.LOWERED:
            told = f"{new}, {change.verb.value} from {old}"
        case Verb.LIST:
            told = ", ".join(f"{word} {what}" for word, what in (("now with", new), ("without", old)) if what)
        case Verb.ORDER:
            told = f"now in the order {new}, before {old}"
        case _ if not old:
            told = f"now {new}"
        case _:
            told = f"{new}, was {old}" if new else f"no longer said, was {old}"
    return told


def sentence(change: Change, *, full: bool = False) -> str:
    """The whole change in a line."""
    old, new = (shortened(text, full=full) for text in (before(change), now(change)))
    told = f"{about(change)}: {_moved(change, old, new)}"
    if change.verb is Verb.REMOVED:
        return f"{told} ({old})" if old else told
    return f"{told}: {new}" if change.verb is Verb.ADDED and new else told


class Section(NamedTuple):
    """A heading with its changes, and what is told as a number only."""

    group: Group
    changes: list[Change]
    counts: str


def sections(changes: Sequence[Change], *, full: bool = False) -> list[Section]:
    """The changes under their headings; changes of many sources become one sentence."""
    found = []
    for group in Group:
        own = [change for change in changes if change.group is group]
        sources = [change for change in own if change.steps[:1] == ("sources",)]
        counts = ""
        if len(sources) > _FEW and not full:
            counts, own = _counts(sources), [change for change in own if change not in sources]
        if own or counts:
            found.append(Section(group, own, counts))
    return found


def _counts(sources: Iterable[Change]) -> str:
    """How many sources came, went and changed."""
    verbs = {change.steps[1]: change.verb for change in sources}
    words = {Verb.ADDED: "new", Verb.REMOVED: "gone"}
    numbers = Counter(words.get(verb, "changed") for verb in verbs.values())
    return f"Sources of facts: {', '.join(f'{number:,} {word}' for word, number in numbers.most_common())}"


def folders(paths: Iterable[str]) -> str:
    """Files by their first folder where it holds several of them: "docs/index.md, slurm/ (4)"."""
    below: dict[str, list[str]] = {}
    for path in sorted(paths):
        below.setdefault(path.partition("/")[0], []).append(path)
    return ", ".join(own[0] if len(own) == 1 else f"{folder}/ ({len(own)})" for folder, own in below.items())
