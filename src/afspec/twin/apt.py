"""What this machine's own apt is set to: a mirror of Debian, and how it is reached (sources.list(5), apt.conf(5))."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ETC_APT = Path("/etc/apt")
# Releases by name only: other repositories have suites called "stable" too.
_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "sid"})
# Settings of apt that say how a mirror is reached and how strictly its index is judged.
_PASSED_ON = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIPv")


class _Source(NamedTuple):
    uris: list[str]
    suites: list[str]
    components: list[str]


def _one_line(text: str) -> Iterator[_Source]:
    """Entries in one-line style: deb [option=value ...] URI suite component..."""
    for line in text.splitlines():
        before, bracket, rest = line.partition("#")[0].partition("[")
        words = (before + rest.partition("]")[2] if bracket else before).split()
        if len(words) > 3 and words[0] == "deb":  # noqa: PLR2004 - type, URI, suite and at least one component
            yield _Source([words[1]], [words[2]], words[3:])


def _deb822(text: str) -> Iterator[_Source]:
    """Entries in deb822 style: paragraphs of fields."""
    for paragraph in text.split("\n\n"):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields.get(name, []).extend(line.split())
            else:
                name, _, value = line.partition(":")
                name = name.lower()
                fields[name] = value.split()
        if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
            yield _Source(fields.get("uris", []), fields.get("suites", []), fields.get("components", []))


def _sources(folder: Path) -> Iterator[_Source]:
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            yield from _one_line(path.read_text())
        elif path.suffix == ".sources":
            yield from _deb822(path.read_text())


def debian_mirror(folder: Path = ETC_APT) -> str:
    """The first mirror of Debian that apt is set to; "" where there is none."""
    for source in _sources(folder):
        if "main" in source.components and _RELEASES.intersection(source.suites) and source.uris:
            return source.uris[0]
    return ""


def settings() -> list[str]:
    """This machine's settings of apt that matter for reaching a mirror, each as a line of apt.conf."""
    if not shutil.which("apt-config"):
        return []
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S607
    return [
        line.rstrip(";")
        for line in dump.stdout.splitlines()
        if line.startswith(_PASSED_ON) and not line.endswith('"";')
    ]
