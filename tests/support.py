"""What the tests share: small specs, trees made of text, and a generator whose files the test decides."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from afspec.compiler import Action, Frontend, Site, compile_site
from afspec.compiler import build as build_module
from afspec.compiler import toolchain as toolchain_module
from afspec.diagnostics import AfspecError, Diagnostic
from afspec.facility import Facility, validate
from afspec.generators import Artifact, Format, Generator
from afspec.source import Document, Mapping, Node, to_plain
from afspec.source.parser import Parsed, parse
from afspec.source.text import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from afspec.compiler import Outcome

AS_OF = dt.date(2026, 11, 22)
FILE = "spec.yaml"
HEAD = "afspec: 1\nname: toy\ntitle: A toy facility\ndeclared_by: site\n"
# How many lines of a spec HEAD takes.
HEAD_LINES = HEAD.count("\n")


def parsed(text: str, name: str = FILE) -> Parsed:
    """What the parser makes of a text."""
    return parse(SourceFile(name, text, ""))


def tree(text: str, name: str = FILE) -> Node:
    """The tree of a text without errors."""
    result = parsed(text, name)
    assert result.diagnostics == []
    assert result.root is not None
    return result.root


def plain(text: str) -> Any:
    """The plain values of a text without errors."""
    return to_plain(tree(text))


def document(text: str) -> Document:
    """A document of one file that is not on disk."""
    root = tree(text)
    assert isinstance(root, Mapping)
    return Document(root, (SourceFile(FILE, text, ""),))


def facility(body: str = "", head: str = HEAD) -> Facility:
    """The facility of a spec that starts with HEAD."""
    return validate(document(head + body))


def refused(action: Callable[[], object]) -> list[Diagnostic]:
    """The diagnostics of an action that must fail."""
    with pytest.raises(AfspecError) as caught:
        action()
    return caught.value.diagnostics


def places(diagnostics: list[Diagnostic]) -> list[tuple[str, int, int]]:
    """Code, line and column of diagnostics that all point into a file."""
    return [(d.code, d.span.line, d.span.column) for d in diagnostics if d.span]


def codes(diagnostics: list[Diagnostic]) -> list[str]:
    """The codes alone."""
    return [d.code for d in diagnostics]


# Words that YAML 1.1 reads as something else, and marks that mean something in YAML, shells and templates.
TRICKY = st.sampled_from(
    [
        *[
            "yes",
            "no",
            "on",
            "Off",
            "null",
            "~",
            "",
            "1:30",
            "0x1f",
            "1_000",
            "<<",
            "=",
            "!x",
            "&a",
            "*a",
            "- a",
            "a: b",
        ],
        *["{", "[", "#", "a #b", "'", '"', "%", "@", "`", "|", ">", "?", ":", "---", "...", "\t", "\u2028", "\ufeff"],
        *["2026-03-01", "1.30", "007", "1e5", ".inf", "{{ a }}", "$(id)", "../..", "\x00", "\x1b[31m", "\n", " ", "é"],
    ]
)
TEXT = st.one_of(TRICKY, st.text(max_size=12))
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


class Toy(Generator):
    """A generator of the tests, whose files the test decides."""

    name = "toy"

    def __init__(self, *artifacts: Artifact, name: str = "toy") -> None:
        self.artifacts = list(artifacts)
        self.__dict__["name"] = name

    def applies(self, facility: Facility) -> bool:
        return bool(facility.name)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        assert facility.name
        yield from self.artifacts


def text_file(path: str, body: str = "text\n", *, form: Format = Format.TEXT, executable: bool = False) -> Artifact:
    """An artifact, by default one that every check lets pass."""
    return Artifact(path, body, form, executable)


class Workshop:
    """A spec on disk, the generators that there are, and the compiler run over them.

    `generators` may be changed between runs, as the code of generators may.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.output = folder / "build"
        self.site = self.output / "toy"
        self.spec = folder / "toy.yaml"
        self.spec.write_text(HEAD)
        self.generators: dict[str, Generator] = {}
        self.digests: dict[str, str] = {}
        self.give(text_file("a.txt"))
        for module in (build_module, toolchain_module):
            monkeypatch.setattr(module, "all_generators", lambda: self.generators)
        monkeypatch.setattr(build_module, "generator_digests", lambda: dict(self.digests))

    def give(self, *artifacts: Artifact, name: str = "toy", **more: list[Artifact]) -> None:
        """What the generators write from now on."""
        self.generators = {key: Toy(*files, name=key) for key, files in sorted({name: artifacts, **more}.items())}
        self.digests = {key: repr(files) for key, files in {name: artifacts, **more}.items()}

    def request(self, *only: str, force: bool = False, action: Action = Action.WRITE) -> Site:
        return Site(str(self.spec), str(self.output), only, force, action)

    def compile(self, *only: str, force: bool = False, action: Action = Action.WRITE) -> Outcome:
        """What compiling from scratch gives."""
        return compile_site(self.request(*only, force=force, action=action), Frontend(AS_OF).check(str(self.spec)))

    def files(self) -> dict[str, str]:
        """Every file below the site's folder, with its text."""
        return {str(path.relative_to(self.site)): path.read_text() for path in self.site.rglob("*") if path.is_file()}


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether a condition comes true within a time that is long enough for any machine; ends as soon as it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.02)
    return True
