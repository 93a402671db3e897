"""Which files come of a change: both states rendered, and each change alone put onto the old one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from afspec.diff.change import Change, Group
from afspec.diff.single import alone
from afspec.facility.dump import STATE_FILE
from afspec.generators import all_generators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.facility import Facility

Files = dict[str, str]


def files_of(facility: Facility) -> Files:
    """Every file of a facility by path, but the one that repeats the spec: it changes with everything.

    Whatever a generator raises is for `compile` to say: here that generator has no files.
    """
    found: Files = {}
    for generator in all_generators().values():
        try:
            artifacts = list(generator.render(facility)) if generator.applies(facility) else []
        except Exception:  # noqa: BLE001, S112 - a state between two specs need not make sense to every generator
            continue
        found.update({artifact.path: artifact.text for artifact in artifacts if artifact.path != STATE_FILE})
    return found


def changed_paths(old: Files, new: Files) -> tuple[str, ...]:
    """The paths of files that are not the same, or not there, in both."""
    return tuple(path for path in sorted({*old, *new}) if old.get(path) != new.get(path))


class Lines(NamedTuple):
    """How many lines a file gains and loses."""

    added: int
    removed: int


def count_lines(old: str, new: str) -> Lines:
    """The lines that differ between two texts."""
    before, after = old.splitlines(), new.splitlines()
    added = removed = 0
    for tag, low, high, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            added, removed = added + end - start, removed + high - low
    return Lines(added, removed)


@dataclass(frozen=True)
class Effects:
    """What two states are rendered to, and what each change alone makes of the old one.

    `touched` has the paths by the pointer of a change; a change that cannot stand without others is not in it.
    """

    old: Files
    new: Files
    touched: Mapping[str, tuple[str, ...]]

    @property
    def added(self) -> tuple[str, ...]:
        """Files that only the new state has."""
        return tuple(sorted(self.new.keys() - self.old.keys()))

    @property
    def removed(self) -> tuple[str, ...]:
        """Files that only the old state has."""
        return tuple(sorted(self.old.keys() - self.new.keys()))

    @cached_property
    def changed(self) -> dict[str, Lines]:
        """Files of both states that differ, with their lines."""
        both = (path for path in changed_paths(self.old, self.new) if path in self.old and path in self.new)
        return {path: count_lines(self.old[path], self.new[path]) for path in both}

    @property
    def any(self) -> bool:
        """Whether any file differs."""
        return bool(changed_paths(self.old, self.new))

    @property
    def of_several(self) -> tuple[str, ...]:
        """Files that differ, and that no change alone touches: several of them together do."""
        known = {path for paths in self.touched.values() for path in paths}
        return tuple(path for path in changed_paths(self.old, self.new) if path not in known)


def effects_of(old: Facility, new: Facility, changes: Sequence[Change]) -> Effects:
    """The files of both states, and those that each change touches; what is about sources is taken together."""
    before, after = files_of(old), files_of(new)
    differing = {*changed_paths(before, after)}
    touched: dict[str, tuple[str, ...]] = {}
    sources = [change for change in changes if change.group is Group.FACTS and change.steps[:1] == ("sources",)]
    groups = [[change] for change in changes if change not in sources] + ([sources] if sources else [])
    for group in groups:
        facility = alone(old, new, group)
        if facility is None:
            continue
        paths = tuple(path for path in changed_paths(before, files_of(facility)) if path in differing)
        touched.update(dict.fromkeys((change.pointer for change in group), paths))
    return Effects(before, after, touched)
