"""Rendering: what is refused before anything is written, and that every generator's problems come in one pass."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import Toy, codes, facility, refused, text_file

from afspec.compiler.lock import LOCK_NAME
from afspec.compiler.render import render
from afspec.compiler.verify import problem_of
from afspec.generators import Artifact, Format, Generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

GOOD = [
    (Format.YAML, "# about\na: [1, {b: c}]\n"),
    (Format.YAML, "a: 1\n---\nb: 2\n"),
    (Format.YAML, "a: !vault x\n"),
    (Format.JSON, '{"a": [1, {"b": null}]}\n'),
    (Format.PYTHON, "import os\n\nprint(os.name, {'a': {'b': 1}})\n"),
    (Format.PYTHON, "c.x = 1\n"),
    (Format.INI, "# c\n; c\n\n[section]\na = b\na.b: = c\n+Group = 1\nInclude /etc/x\na=b \\\n  more of it\nqueue\n"),
    (Format.SHELL, "#!/bin/bash\necho ${a#b} ${#a} ${#a[@]}\n"),
    (Format.SHELL, "# sourced\n"),
    (Format.TEXT, "anything {goes} at all\n"),
    (Format.MARKDOWN, "# <user> and `<u>`\n"),
]
BAD = [
    (Format.YAML, "a: b: c\n", "not YAML"),
    (Format.YAML, "a:\n\t- b\n", "not YAML"),
    (Format.YAML, "a: [1\n", "not YAML"),
    (Format.JSON, "{'a': 1}\n", "not JSON"),
    (Format.PYTHON, "x = = 1\n", "line 1"),
    (Format.PYTHON, "if x:\npass\n", "line 2"),
    (Format.INI, "[a]\n%%\n", "line 2"),
    (Format.INI, "a = b\n= c\n", "line 2"),
    (Format.INI, "a = b\\\n", "continued"),
    (Format.SHELL, "echo\n", "#!"),
    (Format.TEXT, "a {{ b }}\n", "{{"),
    (Format.TEXT, "a\n{% if b %}\n", "line 2: template mark {%"),
    (Format.TEXT, "{# b #}\n", "{#"),
    (Format.TEXT, "<%= a %>\n", "<%"),
    (Format.TEXT, "@@HOST@@\n", "@@"),
    (Format.MARKDOWN, "@@HOST@@\n", "@@"),
    (Format.TEXT, "a\n/home/<user>\n", "line 2: <user>"),
    (Format.SHELL, "# /home/<u>\n", "<u>"),
    (Format.TEXT, "a\nb é\n", "line 2 is not ASCII"),
    (Format.TEXT, "a\r\n", "control"),
    (Format.TEXT, "a\0\n", "control"),
    (Format.TEXT, "a", "newline"),
    (Format.TEXT, "", "newline"),
]


@pytest.mark.parametrize(("form", "text"), GOOD)
def test_good_file(form: Format, text: str) -> None:
    assert problem_of(Artifact("a", text, form)) == ""


@pytest.mark.parametrize(("form", "text", "said"), BAD)
def test_bad_file(form: Format, text: str, said: str) -> None:
    assert said in problem_of(Artifact("a", text, form))
    [found] = refused(lambda: render(facility(), [Toy(Artifact("a", text, form))]))
    assert (found.code, found.place) == ("AF4002", "a")
    assert said in found.message


@pytest.mark.parametrize("path", ["a", "a/b", "a.b/c-d_e", "0", "a/.b", "a/_b", "A/b.tar.gz", "afspec.lock"])
def test_good_path(path: str) -> None:
    assert problem_of(text_file(path)) == ""


@pytest.mark.parametrize(
    "path",
    [
        *["", "/a", "../a", "a/../b", "a/..", "..", ".", "./a", "a//b", "a/", ".a", "-a", "a b", "a\nb", "a\0", "~a"],
        *["a\\b", "é", "a/./b", "a/...", "$a", "a\n", ".afspec.journal.json"],
    ],
)  # fmt: skip
def test_path_that_leaves_the_folder(path: str) -> None:
    [found] = refused(lambda: render(facility(), [Toy(text_file(path))]))
    assert found.code == "AF4004"


class Failing(Generator):
    """Raises what it is told to."""

    name = "failing"

    def __init__(self, error: BaseException, *, late: bool = False) -> None:
        self.error, self.late = error, late

    def applies(self, facility: Facility) -> bool:
        if not self.late:
            raise self.error
        return bool(facility)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        yield text_file(facility.name)
        raise self.error


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [ValueError("no such thing"), RecursionError("too deep"), AttributeError("x")])
def test_generator_that_fails(error: Exception, late: bool) -> None:  # noqa: FBT001
    [found] = refused(lambda: render(facility(), [Failing(error, late=late)]))
    file, _, line = found.place.rpartition(":")
    assert (found.code, file) == ("AF4001", __file__)
    assert Path(__file__).read_text().splitlines()[int(line) - 1].strip() == "raise self.error"
    assert "generator failing failed" in found.message
    assert str(error) in found.message
    assert type(error).__name__ in found.message


def test_generator_that_is_stopped_by_a_person_is_not_a_defect() -> None:
    with pytest.raises(KeyboardInterrupt):
        render(facility(), [Failing(KeyboardInterrupt())])


@pytest.mark.parametrize(
    ("generators", "said"),
    [
        ([Toy(text_file("a"), name="x"), Toy(text_file("a"), name="y")], "x and y both write a"),
        ([Toy(text_file("a"), text_file("a"), name="x")], "x and x both write a"),
        ([Toy(text_file("a"), name="x"), Toy(text_file("a/b"), name="y")], "x writes the file a, y the file a/b"),
        ([Toy(text_file("a/b/c"), text_file("a"), name="x")], "x writes the file a, x the file a/b/c"),
        ([Toy(text_file(LOCK_NAME), name="x")], f"afspec and x both write {LOCK_NAME}"),
    ],
)
def test_one_path_belongs_to_one_generator(generators: list[Generator], said: str) -> None:
    found = refused(lambda: render(facility(), generators))
    assert set(codes(found)) == {"AF4003"}
    assert said in found[0].message


def test_all_problems_in_one_pass() -> None:
    toys = [Failing(ValueError("x")), Toy(text_file("../a"), text_file("b", "c"), text_file("d"), name="toy")]
    assert codes(refused(lambda: render(facility(), toys))) == ["AF4001", "AF4004", "AF4002"]


class Absent(Toy):
    """Does not apply."""

    def applies(self, facility: Facility) -> bool:
        return facility.name != "toy"


def test_generator_that_does_not_apply_has_no_files() -> None:
    assert dict(render(facility(), [Absent(text_file("a"), name="x"), Toy(text_file("b"), name="y")])) == {
        "x": [],
        "y": [text_file("b")],
    }
