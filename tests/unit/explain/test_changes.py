"""What becomes of files: lines that go, files that go or are called otherwise, and what only moved."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from afspec.explain.changes import Change, changes
from afspec.generators import Artifact, Format


def file(*lines: str, path: str = "a") -> Artifact:
    return Artifact(path, "".join(f"{line}\n" for line in lines), Format.TEXT)


def of(old: Artifact, *new: Artifact) -> Change:
    return changes([old], new)[old.path]


def test_nothing() -> None:
    assert changes([file("x")], [file("x")]) == {}


def test_line_replaced() -> None:
    found = of(file("x", "y = 1", "z"), file("x", "y = 2", "z"))
    assert found.lines == {2: "y = 2"}
    assert found.said == {2}


def test_line_gone() -> None:
    assert of(file("x", "y", "z"), file("x", "z")).lines == {2: None}


def test_line_added_takes_none_away() -> None:
    found = of(file("x", "z"), file("x", "y", "z"))
    assert (found.lines, found.added) == ({}, 1)


def test_one_of_several_equal_lines() -> None:
    block = ("- name: {}", "  cores: 4", "")
    old = file(*(line.format(name) for name in "abc" for line in block))
    new = file(*(line.format(name) for name in "ac" for line in block))
    assert of(old, new).lines.keys() == {4, 5, 6}


def test_moved_lines_say_what_they_said() -> None:
    assert of(file("a", "b"), file("b", "a")).lines == {}


def test_columns_that_get_wider_say_what_they_said() -> None:
    found = of(file("| a  | b |", "|----|---|", "| cc | d |"), file("| a   | b |", "|-----|---|", "| ccc | d |"))
    assert found.lines.keys() == {1, 2, 3}
    assert found.said == {3}


def test_file_gone() -> None:
    found = of(file("a", "b"))
    assert (found.gone, found.lines) == (True, {1: None, 2: None})


def test_file_called_otherwise() -> None:
    found = of(file("same", "name: a", "same too"), file("same", "name: b", "same too", path="b"))
    assert found.gone
    assert found.lines == {1: None, 2: "name: b", 3: None}
    assert found.said == {2}


def test_new_file_takes_the_place_of_one_that_went_only() -> None:
    found = changes([file("a", "b")], [file("a", "b"), file("c", path="new")])
    assert found == {"new": Change(added=1)}


@given(st.lists(st.sampled_from("abc\t "), max_size=12), st.lists(st.sampled_from("abc\t "), max_size=12))
def test_every_text_that_goes_is_among_the_lines(old: list[str], new: list[str]) -> None:
    found = changes([file(*old)], [file(*new)]).get("a", Change())
    gone = Counter(old) - Counter(new)
    assert set(gone) == {old[number - 1] for number in found.lines}
    assert not gone - Counter(old[number - 1] for number in found.lines)
