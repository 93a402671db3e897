"""What if the spec said something else here: the files rendered again, for each other value that a field accepts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from afspec.explain.alternatives import alternatives
from afspec.explain.changes import Change, changes
from afspec.explain.imagine import imagine
from afspec.explain.leaves import Leaf, annotation_of, leaves
from afspec.explain.reads import Reads, reads_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from afspec.facility import Facility
    from afspec.generators import Artifact, Generator
    from afspec.source import Node, Scalar


class Trial(NamedTuple):
    """One value put in place of another, and what became of a generator's files; None for a value left out."""

    leaf: Leaf
    instead: Scalar | None
    generator: str
    changed: Mapping[str, Change]

    @property
    def size(self) -> int:
        """How many lines there are no more: what changes few of them controls them closely."""
        return sum(len(change.lines) for change in self.changed.values())


@dataclass
class Study:
    """A spec under study: its tree, its facility, and the generators whose files are asked about."""

    root: Node
    facility: Facility
    generators: Mapping[str, Generator]

    @cached_property
    def leaves(self) -> list[Leaf]:
        """Every single value of the spec."""
        return leaves(self.root)

    @cached_property
    def files(self) -> dict[str, list[Artifact]]:
        """What each generator makes of the spec as it is."""
        return {name: _made(generator, self.facility) for name, generator in self.generators.items()}

    @cached_property
    def reads(self) -> dict[str, Reads]:
        """What each generator reads of it."""
        return {name: reads_of(each, self.facility, self.files[name]) for name, each in self.generators.items()}

    @cached_property
    def _annotations(self) -> dict[tuple[str, ...], Any]:
        return {leaf.parts: annotation_of(self.facility, leaf.steps) for leaf in self.leaves}

    @cached_property
    def _alike(self) -> dict[Any, list[Leaf]]:
        alike: dict[Any, list[Leaf]] = defaultdict(list)
        for leaf in self.leaves:
            alike[self._annotations[leaf.parts]].append(leaf)
        return alike

    def readers(self, leaf: Leaf) -> list[str]:
        """The generators that read a value: no other's files can depend on it."""
        return [name for name, reads in self.reads.items() if reads.covers(leaf.steps)]

    def _peers(self, leaf: Leaf) -> list[Scalar]:
        """Values of fields of the same type, those that stand nearest in the spec first."""

        def shared(other: Leaf) -> int:
            return next((i for i, (a, b) in enumerate(zip(leaf.parts, other.parts, strict=False)) if a != b), 0)

        others = [other for other in self._alike[self._annotations[leaf.parts]] if other is not leaf]
        return [other.node for other in sorted(others, key=shared, reverse=True)]

    def alternatives(self, leaf: Leaf) -> list[Scalar | None]:
        """What else could stand in a leaf's place; last, nothing (None), which may turn out not to be valid."""
        return [*alternatives(leaf.node, self._annotations[leaf.parts], self._peers(leaf)), None]

    def trials(self, leaf: Leaf, of: tuple[str, str] | None = None) -> Iterator[Trial]:
        """What every other value does to the files of each generator that reads it.

        Args:
            leaf: the value.
            of: a generator and the path of one of its files, where only trials that change that file matter.
        """
        names = [name for name in self.readers(leaf) if of is None or name == of[0]]
        for instead in self.alternatives(leaf) if names else ():
            facility = imagine(self.root, self.facility, leaf, instead)
            if facility is None:
                continue
            for name in names:
                try:
                    made = self._made_anew(self.generators[name], facility, of[1] if of else None)
                except Exception:  # noqa: BLE001, S112 - a value that cannot be rendered tells nothing
                    continue
                if made is not None and (changed := changes(self.files[name], made)):
                    yield Trial(leaf, instead, name, changed)

    def _made_anew(self, generator: Generator, facility: Facility, path: str | None) -> list[Artifact] | None:
        """A generator's files for another facility; None as soon as the file at `path` is seen to stay as it is."""
        made = []
        for artifact in generator.render(facility) if generator.applies(facility) else ():
            if artifact.path == path and artifact.text == self._texts[generator.name, path]:
                return None
            made.append(artifact)
        return made

    @cached_property
    def _texts(self) -> dict[tuple[str, str], str]:
        return {(name, artifact.path): artifact.text for name, files in self.files.items() for artifact in files}


def _made(generator: Generator, facility: Facility) -> list[Artifact]:
    return list(generator.render(facility)) if generator.applies(facility) else []
