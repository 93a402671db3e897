"""The two answers: which values made a line, and which lines a value reaches."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from afspec.explain.parallel import straight, try_all

if TYPE_CHECKING:
    from afspec.explain.counterfactual import Study, Trial
    from afspec.explain.leaves import Leaf
    from afspec.explain.parallel import Steps


class How(StrEnum):
    """In what way a line depends on a value, the most telling first."""

    TEXT = "text"  # the line says something else, or is not there
    LAYOUT = "layout"  # the line says the same, with other spaces
    FILE = "file"  # the line stands as it is in a file that is called otherwise, or the file is not written at all


_ORDER = list(How)


class Cause(NamedTuple):
    """A value that made a line. `trial` is the one that shows it best; `reach` is how many lines that one changed."""

    how: How
    reach: int
    trial: Trial
    instead: str | None

    @property
    def leaf(self) -> Leaf:
        """The value."""
        return self.trial.leaf

    @property
    def rank(self) -> tuple[int, int]:
        """What controls this line and little else comes first."""
        return _ORDER.index(self.how), self.reach


def _kind(trial: Trial, path: str, line: int) -> How:
    change = trial.changed[path]
    if line in change.said and not change.gone:
        return How.TEXT
    if change.gone:
        return How.TEXT if line in change.said and len(change.said) < len(change.lines) else How.FILE
    return How.LAYOUT


def causes(study: Study, generator: str, path: str, lines: range, steps: Steps = straight) -> dict[int, list[Cause]]:
    """The values that made each of some lines of a generator's file, the most telling first.

    Args:
        study: the spec.
        generator: the name of the generator that writes the file.
        path: the file's path in the output folder.
        lines: which lines, from 1.
        steps: goes through what each value did; a progress bar.
    """
    best: dict[int, dict[Leaf, Cause]] = defaultdict(dict)
    read = [leaf for leaf in study.leaves if study.reads[generator].covers(leaf.steps)]
    for trial in try_all(study, read, (generator, path), steps):
        change = trial.changed.get(path)
        for line in change.lines if change else ():
            if line not in lines:
                continue
            cause = Cause(_kind(trial, path, line), trial.size, trial, change.lines[line] if change else None)
            old = best[line].get(trial.leaf)
            # Of trials that change as much, the first is the plainest, and one that shows a line in its place.
            if old is None or (cause.rank, cause.instead is None) < (old.rank, old.instead is None):
                best[line][trial.leaf] = cause
    return {line: sorted(found.values(), key=lambda cause: cause.rank) for line, found in sorted(best.items())}


class Reached(NamedTuple):
    """What some values reach in one file: lines that they made, and whether the file's being there depends on them."""

    generator: str
    path: str
    lines: dict[int, How]
    gone: bool
    adds: int


def reached(study: Study, leaves: list[Leaf], steps: Steps = straight) -> list[Reached]:
    """The files and lines that any of some values reaches, in the order of generators and files."""
    lines: dict[tuple[str, str], dict[int, How]] = defaultdict(dict)
    gone: set[tuple[str, str]] = set()
    adds: dict[tuple[str, str], int] = defaultdict(int)
    for trial in try_all(study, leaves, None, steps):
        for path, change in trial.changed.items():
            place = (trial.generator, path)
            for line in change.lines:
                how = _kind(trial, path, line)
                lines[place][line] = min(how, lines[place].get(line, how), key=_ORDER.index)
            if change.gone:
                gone.add(place)
            adds[place] = max(adds[place], change.added)
    known = [(name, artifact.path) for name, files in study.files.items() for artifact in files]
    return [
        Reached(*place, dict(sorted(lines[place].items())), place in gone, adds[place])
        for place in known
        if lines[place] or adds[place]
    ]
