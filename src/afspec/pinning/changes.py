"""What a new lock changes: packages that went up, went down, came, went, or are other files of the same version."""

from __future__ import annotations

import re
from typing import NamedTuple

from afspec.facility.locks import parts_of, pins_of

_NUMBERS = re.compile(r"[0-9]+|[a-z]+")


class Change(NamedTuple):
    """A package whose versions differ; a version is empty where the package is not."""

    name: str
    old: str
    new: str

    @property
    def kind(self) -> str:
        """Up, down, new, gone; or changed, where no order can be told."""
        if not self.old:
            return "new"
        if not self.new:
            return "gone"
        before, after = _order(self.old), _order(self.new)
        return "up" if before < after else "down" if before > after else "changed"


class Changes(NamedTuple):
    """What differs between two locks; `files` are packages of the same version with other digests."""

    packages: int
    versions: tuple[Change, ...]
    files: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.versions or self.files)


def compare(old: str, new: str) -> Changes:
    """The changes from an old lock, empty where there was none, to a new one."""
    before, after = _versions(old), _versions(new)
    names = sorted({*before, *after})
    changed = [Change(name, before.get(name, ""), after.get(name, "")) for name in names]
    texts = _texts(old), _texts(new)
    same = [name for name in names if before.get(name) == after.get(name)]
    return Changes(
        packages=len(after),
        versions=tuple(change for change in changed if change.old != change.new),
        files=tuple(name for name in same if texts[0].get(name) != texts[1].get(name)),
    )


def _versions(lock: str) -> dict[str, str]:
    """Versions by name; where platforms differ, all of them."""
    found: dict[str, set[str]] = {}
    for name, version in pins_of(lock):
        found.setdefault(name, set()).add(version)
    return {name: " and ".join(sorted(versions)) for name, versions in found.items()}


def _texts(lock: str) -> dict[str, str]:
    """What a lock says of each package, whatever its head says."""
    found: dict[str, str] = {}
    for text in parts_of(lock).values():
        for entry in text.replace("\\\n", "").splitlines():
            for name, _ in pins_of(entry):
                found[name] = found.get(name, "") + entry + "\n"
    return found


def _order(version: str) -> list[tuple[int, int, str]]:
    """Numbers by value, after words: 1.0rc1 comes before 1.0.1 (roughly PEP 440, and conda's order)."""
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in _NUMBERS.findall(version.lower())]
