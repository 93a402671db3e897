"""What the pages on clusters show: command lines of Helm, kubectl and oc, overlays, and the files that they name."""

from __future__ import annotations

import re
import shlex
import textwrap
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from afspec.generators.dask_gateway import DaskGateway
from pages import ROOT, blocks
from verify_support import compiled

from afspec.twins import find

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SITES = ("bnl", "uchicago", "slac")
# Pages on all generators.
README, MANIFESTS = ROOT / "README.md", ROOT / "docs/manifests.md"
_LINE = re.compile(r"^(?:helm|kubectl|oc) ", re.MULTILINE)
PAGES = [
    README,
    MANIFESTS,
    *(page for page in sorted(ROOT.glob("generators/*/README.md")) if _LINE.search(page.read_text())),
]
PROGRAMS = ("helm", "kubectl", "oc")
# Words that stand for a name of the reader's: SITE, HUB, NAMESPACE, vcluster-NAME.
_PLACEHOLDER = re.compile(r"(?<![A-Za-z_])[A-Z][A-Z]+(?![A-Za-z_])")
_PATH = re.compile(r"(?<![\w/])(?:\.\./)*build/[\w./-]*[\w]")
_OPERATORS = set("|&;()<>")
_SENTENCE = re.compile(r"`((?:helm|kubectl|oc) [^`]+)`")


class Shown(NamedTuple):
    """A command; `line` is the whole line that it is part of, or "" for a mention in a sentence."""

    words: tuple[str, ...]
    line: str

    def given(self, *names: str) -> list[str]:
        """The values of an option by any of its names."""
        found = [self.words[i + 1] for i, word in enumerate(self.words[:-1]) if word in names]
        return found + [word.split("=", 1)[1] for word in self.words if word.split("=")[0] in names and "=" in word]

    @property
    def verb(self) -> str:
        """What it does: upgrade, apply, create."""
        rest = list(self.words[1:])
        while rest and rest[0].startswith("-"):
            rest = rest[2:]
        return rest[0] if rest else ""


def lines(page: Path) -> Iterator[str]:
    """The lines of code of a page, those joined that end in a backslash."""
    joined = ""
    for is_code, line in blocks(page.read_text()):
        if is_code:
            joined += line.strip().removesuffix("\\")
            if line.endswith("\\"):
                continue
            yield joined
        joined = ""


def shown(page: Path) -> list[Shown]:
    """The commands of Helm, kubectl and oc in a page."""
    found = [Shown(words, line) for line in lines(page) for words in _commands(line)]
    for is_code, line in blocks(page.read_text()):
        if not is_code:
            found += [Shown(words, "") for text in _SENTENCE.findall(line) for words in _commands(text)]
    return found


def _commands(line: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    with suppress(ValueError):  # a script of many lines, in quotes
        words = list(lexer)
    command: list[str] = []
    for word in [*words, ";"]:
        # What follows `--` is a command that another one starts.
        if set(word) <= _OPERATORS or word == "--":
            if command and command[0] in PROGRAMS:
                yield tuple(command)
            command = []
        else:
            command.append(word)


def paths(text: str) -> list[str]:
    """What a text names of build/, from there on."""
    return [found.lstrip("./") for found in _PATH.findall(text)]


def pattern(text: str) -> re.Pattern[str]:
    """What a name or path stands for, where it has placeholders; the first of a kind is a group of that name."""
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        key = match[0]
        again = key in seen
        seen.add(key)
        return f"(?P={key})" if again else f"(?P<{key}>[^/]+)"

    parts, last = [], 0
    for match in _PLACEHOLDER.finditer(text):
        parts += [re.escape(text[last : match.start()]), group(match)]
        last = match.end()
    return re.compile("".join(parts) + re.escape(text[last:]))


def filled(text: str, names: Mapping[str, str]) -> str:
    """A text with names for its placeholders; those that are not known become some name."""
    return _PLACEHOLDER.sub(lambda match: names.get(match[0], "some"), text)


@cache
def built() -> dict[str, str]:
    """What is compiled for the three sites, by path from build/ on.

    None of them has dask-gateway's own Ingress, which pages show too: it is made where no hub publishes the gateway.
    """
    found = {f"build/{site}/{path}": text for site in SITES for path, text in compiled(f"sites/{site}.yaml").items()}
    facility = find("sites/uchicago.yaml").facility
    assert facility.dask
    assert facility.dask.gateway
    gateway = facility.dask.gateway.model_copy(update={"url": "https://dask.example.org/"})
    alone = facility.model_copy(update={"dask": facility.dask.model_copy(update={"gateway": gateway})})
    return {f"build/uchicago/{item.path}": item.text for item in DaskGateway().render(alone)} | found


def folders() -> set[str]:
    """The folders of it."""
    return {str(parent) for path in built() for parent in Path(path).parents}


def bindings(path: str) -> list[dict[str, str]]:
    """What placeholders of a path may stand for, so that there is such a file or folder."""
    found = [pattern(path).fullmatch(one) for one in sorted({*built(), *folders()})]
    return [match.groupdict() for match in found if match]


class Overlay(NamedTuple):
    """An overlay that a page shows: its path, which the page names before it, and its text."""

    path: str
    text: str

    @property
    def data(self) -> Any:
        """What it holds."""
        return yaml.safe_load(self.text)


def overlays(page: Path) -> list[Overlay]:
    """The overlays that a page shows, each after the name of its file."""
    found: list[Overlay] = []
    path, block = "", []
    for is_code, line in [*blocks(page.read_text()), (False, "")]:
        if is_code:
            block.append(line)
            continue
        # A block may begin with the name itself, in a comment.
        text = textwrap.dedent("\n".join(block))
        named = re.findall(r"overlays/[\w/.-]+\.yaml", line if not block else text.split("\n")[0])
        if block:
            if named and text.startswith("#"):
                path = named[-1]
            if path and re.match(r"(#.*\n)?(\w+:)", text):
                found.append(Overlay(path, text))
            path = ""
        elif named:
            path = named[-1]
        if line.strip() or block:
            block = []
    return found
