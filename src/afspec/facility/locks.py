"""The lock of an image's packages: text in the package manager's own form, whose head says what it was made from.

`afspec lock` makes it; here it is read, without network and without the manager.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import AfterValidator, WithJsonSchema

from afspec.facility.quantities import wrong
from afspec.facility.words import TEMPLATE_MARKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.facility.images import Image

LONGEST_LOCK = 1 << 20
DEFAULT_PLATFORM = "linux/amd64"
# What conda calls the platforms (conda documentation, Managing channels: subdirectories).
SUBDIRS = {"linux/amd64": "linux-64", "linux/arm64": "linux-aarch64"}
_HEAD = re.compile(r"# ([a-z]+): (.*)")
_PLATFORM = re.compile(r"# platform: ([a-z0-9-]+)\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
# What git leaves where two branches have made a lock each.
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?!\S).*", re.MULTILINE)
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;=\[]+)")


_AGAIN = "remove the file, and make it again with `afspec lock`."


def _lock(value: str) -> str:
    if not value.isascii() or not value.endswith("\n") or len(value) > LONGEST_LOCK:
        raise wrong("the text of a lock", value[:20], "Write `!file` and the path of a file that `afspec lock` made.")
    if any(not line.isprintable() for line in value.splitlines()) or "\r" in value or TEMPLATE_MARKS.search(value):
        raise wrong("the text of a lock", value[:20], f"This is not what `afspec lock` writes: {_AGAIN}")
    if found := _CONFLICT.search(value):
        raise wrong("the text of a lock", found.group()[:20], f"A merge left its marks in it: {_AGAIN}")
    return value


LockText = Annotated[
    str,
    AfterValidator(_lock),
    WithJsonSchema({"type": "string", "title": "Lock", "maxLength": LONGEST_LOCK}),
]


class Head(NamedTuple):
    """The comments that a lock begins with; a word that is absent is empty."""

    manager: str
    python: str
    platforms: tuple[str, ...]
    wanted: str
    made: str
    resolver: str


def head_of(lock: str) -> Head:
    """What a lock says of itself; all of it empty where afspec did not make it."""
    said: dict[str, str] = {}
    for line in lock.splitlines():
        if not line.startswith("#"):
            break
        if found := _HEAD.fullmatch(line):
            said.setdefault(found[1], found[2])
    return Head(
        manager=said.get("manager", ""),
        python=said.get("python", ""),
        platforms=tuple(said.get("platforms", "").split()),
        wanted=said.get("wanted", ""),
        made=said.get("made", ""),
        resolver=said.get("resolver", ""),
    )


def parts_of(lock: str) -> dict[str, str]:
    """A lock by its conda platforms, as marked in it; "" is the key where it is marked by none.

    Each part is a file that the package manager takes; comments stay.
    """
    parts: dict[str, list[str]] = {}
    current = parts.setdefault("", [])
    for line in lock.splitlines(keepends=True):
        if found := _PLATFORM.match(line.rstrip("\n")):
            current = parts.setdefault(found[1], [])
        current.append(line)
    head = parts.pop("")
    if not parts:
        return {"": "".join(head)}
    return {platform: "".join([*head, *lines]) for platform, lines in parts.items()}


def pins_of(lock: str) -> Iterator[tuple[str, str]]:
    """Name and version of every package in a lock, or in a part of one; a name may come again for a platform."""
    for line in lock.splitlines():
        if found := _PIN.match(line):
            yield found[1], found[2]


def digest_of_wanted(image: Image) -> str:
    """A digest of all that decides which packages an image gets: what a lock's head must say to fit the spec."""
    build = image.build
    if build is None:
        return ""
    lines = [
        f"manager {build.manager}",
        f"python {build.python or ''}",
        *_rows("platform", platforms_of(image)),
        *_rows("requirement", requirements_of(image)),
    ]
    if build.manager == "micromamba":
        lines += [f"channel {channel}" for channel in build.channels]
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _rows(word: str, values: Iterable[str]) -> list[str]:
    return [f"{word} {value}" for value in sorted(values)]


def platforms_of(image: Image) -> tuple[str, ...]:
    """The platforms that an image's packages are locked for."""
    return image.platforms or (DEFAULT_PLATFORM,)


def requirements_of(image: Image) -> tuple[str, ...]:
    """Packages of an image's environment, with ipykernel where it has a kernel, and Python where it is a package."""
    build = image.build
    if build is None:
        return ()
    wanted: list[str] = list(build.requirements or image.packages)
    names = {found.group().lower() for text in wanted if (found := _NAME.match(text))}
    if image.kernel and "ipykernel" not in names:
        wanted.append("ipykernel")
    if build.manager == "micromamba" and "python" not in names:
        wanted.insert(0, f"python={build.python}" if build.python else "python")
    return tuple(wanted)
