"""What becomes of a generator's files when the spec says something else: line by line, of the files as they are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from afspec.generators import Artifact

ENOUGH_IN_COMMON = 0.5
_LAYOUT = re.compile(r"\s+|-{2,}")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file.

    `lines` has each line (from 1) whose text is no longer there, with the line in its place where one can be told.
    `gone` is true where the file is no longer written under its name: then `lines` has all of them. `said` are those
    of them that now say something else, or nothing: not the ones that were merely laid out otherwise, as the columns
    of a table are, and not the ones that stand unchanged in a file that took this one's place. `added` counts lines
    that are new.
    """

    lines: Mapping[int, str | None] = field(default_factory=dict)
    said: frozenset[int] = frozenset()
    gone: bool = False
    added: int = 0


def _ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines two files share at their start, and then at their end."""
    shortest = min(len(old), len(new))
    start = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    end = next((i for i in range(shortest - start) if old[-1 - i] != new[-1 - i]), shortest - start)
    return start, end


def _words(line: str) -> str:
    """What a line says, whatever its spaces and rules are."""
    return _LAYOUT.sub(" ", line)


def _differences(old: Sequence[str], new: Sequence[str]) -> Change:
    start, end = _ends(old, new)
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    # A line that is there as often as before was moved, at most: its text does not depend on the change.
    fewer = Counter(before) - Counter(after)
    wordings = {_words(line) for line in after}
    lines: dict[int, str | None] = {}
    added = 0
    for tag, low, high, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        added += max(0, (last - first) - (high - low))
        for offset in range(high - low):
            if before[low + offset] in fewer:
                paired = high - low == last - first
                lines[start + low + offset + 1] = after[first + offset] if paired else None
    said = frozenset(number for number in lines if _words(old[number - 1]) not in wordings)
    return Change(lines, said, added=added)


def _successor(text: str, candidates: Iterable[Artifact]) -> Artifact | None:
    """The new file that has most lines of an old one, where it has at least half of them."""
    lines = Counter(text.splitlines())
    scored = [((lines & Counter(artifact.text.splitlines())).total(), artifact) for artifact in candidates]
    best = max(scored, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] >= ENOUGH_IN_COMMON * lines.total() else None


def changes(old: Iterable[Artifact], new: Iterable[Artifact]) -> dict[str, Change]:
    """What becomes of each of the files `old` in `new`, by path; only of those that change.

    A file that is called otherwise in `new` is compared with the one that took its place. Files that are only in
    `new` are under their own paths, without lines but those added.
    """
    before = {artifact.path: artifact for artifact in old}
    after = {artifact.path: artifact for artifact in new}
    others = {path: artifact for path, artifact in after.items() if path not in before}
    found: dict[str, Change] = {}
    for path, artifact in before.items():
        if path in after:
            if after[path].text != artifact.text:
                found[path] = _differences(artifact.text.splitlines(), after[path].text.splitlines())
            continue
        successor = _successor(artifact.text, others.values())
        lines: dict[int, str | None] = dict.fromkeys(range(1, len(artifact.text.splitlines()) + 1))
        said = frozenset(lines)
        if successor is not None:
            del others[successor.path]
            differing = _differences(artifact.text.splitlines(), successor.text.splitlines())
            lines.update(differing.lines)
            said = differing.said
        found[path] = Change(lines, said, gone=True)
    for path, artifact in others.items():
        found[path] = Change(added=len(artifact.text.splitlines()))
    return found
