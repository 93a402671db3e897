"""How much a user may store in a folder, as the far side's own tools tell it: df, quota, lfs quota."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.probe import Probe

KIB = 1024
# The file system of a folder and that of its mount point, then what tools for quotas say, if they are there.
_SCRIPT = """cd "$1" || exit 1
pwd -P
echo "-- folder"
df -P -k . | tail -n 1
echo "-- mount"
df -P -k "$(stat -c %m .)" | tail -n 1
echo "-- quota"
if command -v quota >/dev/null; then timeout 5 quota -w 2>/dev/null; fi
echo "-- lfs"
if command -v lfs >/dev/null; then timeout 5 lfs quota -q -u "$(id -un)" . 2>/dev/null; fi
exit 0
"""


@dataclass(frozen=True)
class Volume:
    """A line of `df -P -k`, in bytes."""

    source: str
    size: int
    used: int
    free: int
    mount: str


@dataclass(frozen=True)
class Limit:
    """How much a user may store, and who says so; `bytes` are a soft and a hard limit, or one."""

    told_by: str
    bytes: tuple[int, ...]
    used: int | None = None

    def nearest(self, declared: int) -> int:
        """That of its limits which is nearest to what was declared."""
        return min(self.bytes, key=lambda limit: abs(limit - declared))


@dataclass(frozen=True)
class Space:
    """What the far side tells of a folder."""

    volume: Volume
    limits: tuple[Limit, ...]


def space(probe: Probe, folder: str) -> Space:
    """What is known of a folder.

    Raises:
        FailedError: it cannot be entered, or df says nothing of it.
    """
    answer = probe.sh(_SCRIPT, folder)
    probe.expect(answer.ok, f"a user enters {folder}", "" if answer.ok else answer.words)
    found = parse(answer.out)
    if found is None:
        raise FailedError(f"df tells nothing of {folder}: {answer.words}")
    return found


def parse(out: str) -> Space | None:
    """The answer of the script; None where df says nothing.

    df may tell a user's limit where the folder is a file system of its own, or where its size is not that of the file
    system that it lies on: CephFS and others show a folder's quota so.
    """
    parts = re.split(r"^-- \w+\n", out, flags=re.MULTILINE)
    if len(parts) != 5:  # noqa: PLR2004 - the parts of the script
        return None
    folder, volume, whole = parts[0].strip(), volume_of(parts[1]), volume_of(parts[2])
    if volume is None or whole is None:
        return None
    limits = [*_rows("quota", parts[3], volume.source), *_rows("lfs quota", parts[4], ".")]
    if volume.size != whole.size or volume.mount == folder:
        limits.insert(0, Limit("df", (volume.size,), volume.used))
    return Space(volume, tuple(limits))


def volume_of(line: str) -> Volume | None:
    """A line of `df -P -k`: Filesystem 1024-blocks Used Available Capacity Mounted-on."""
    found = re.match(r"(\S.*?)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+\S+\s+(/.*)$", line.strip())
    if found is None:
        return None
    size, used, free = (int(found[number]) * KIB for number in (2, 3, 4))
    return Volume(found[1], size, used, max(free, 0), found[5])


def _rows(tool: str, text: str, source: str) -> Iterator[Limit]:
    """The limits that a tool prints for a file system: NAME USED QUOTA LIMIT ..., in KiB; 0 is none, * is over."""
    words = text.split()
    for number, word in enumerate(words):
        if word != source:
            continue
        numbers = [value.rstrip("*") for value in words[number + 1 : number + 4]]
        if len(numbers) == 3 and all(value.isdigit() for value in numbers):  # noqa: PLR2004 - used, soft, hard
            used, *limits = (int(value) * KIB for value in numbers)
            if given := tuple(limit for limit in limits if limit):
                yield Limit(tool, given, used)
