"""`!file`: a value that is the text of a file, with its place in that file, through bases and into the lock file."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import AS_OF, codes, refused

from afspec.compiler import Action, Frontend, Site, compile_site, unchanged
from afspec.diagnostics import Diagnostic, Span, render_text
from afspec.source import Document, Loader, Mapping, Scalar, to_plain
from afspec.source.nodes import Sequence
from afspec.source.pointer import step

if TYPE_CHECKING:
    from afspec.source import Node


def load(folder: Path, files: dict[str, str], absent: str | None = None) -> Document:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return Loader(absent=absent).load(str(folder / next(iter(files))))


def problems(folder: Path, files: dict[str, str]) -> list[Diagnostic]:
    return refused(lambda: load(folder, files))


def node(document: Document, *parts: str) -> Scalar:
    found: Node = document.root
    for part in parts:
        there = step(found, part)
        assert there is not None
        found = there[0]
    assert isinstance(found, Scalar)
    return found


def test_the_value_is_the_text_and_its_place_is_the_file(tmp_path: Path) -> None:
    found = load(tmp_path, {"specs/a.yaml": "x:\n  - !file ../locks/l.lock\n", "locks/l.lock": "one\ntwo: 2\n"})
    value = node(found, "x", "0")
    assert value.text == "one\ntwo: 2\n"
    assert value.span == Span(str(tmp_path / "locks/l.lock"), 1, 1, 1, 2)
    assert [Path(file.name).name for file in found.files] == ["a.yaml", "l.lock"]


@given(st.text(alphabet=string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", ""), min_size=1))
def test_nothing_in_a_file_is_yaml(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if not text.strip():
            found = problems(Path(folder), {"a.yaml": "x: !file t\n", "t": text})
            assert codes(found) == ["AF1007"]
            return
        assert to_plain(load(Path(folder), {"a.yaml": "x: !file t\n", "t": text}).root) == {"x": text}


@pytest.mark.parametrize("text", ["1", "true", "null", "~", "1.30"])
def test_a_text_that_looks_like_something_else_stays_a_text(text: str, tmp_path: Path) -> None:
    assert to_plain(load(tmp_path, {"a.yaml": "x: !file t\n", "t": text}).root) == {"x": text}


def test_a_base_names_files_relative_to_itself_and_an_overlay_overrides_or_removes_them(tmp_path: Path) -> None:
    files = {
        "sites/a.yaml": "extends: ../base/b.yaml\nm: {two: !file here, three: null}\n",
        "sites/here": "site's\n",
        "base/b.yaml": "m: {one: !file here, two: !file here, three: !file here}\n",
        "base/here": "base's\n",
    }
    found = load(tmp_path, files)
    assert to_plain(found.root)["m"] == {"one": "base's\n", "two": "site's\n"}
    assert node(found, "m", "one").span.file == str(tmp_path / "base/here")
    # Each that was read counts: who changes it may change what is compiled.
    names = [str(Path(file.name).relative_to(tmp_path)) for file in found.files]
    assert names == ["sites/a.yaml", "sites/here", "base/b.yaml", "base/here"]


def test_bases_that_are_kept_keep_their_files(tmp_path: Path) -> None:
    load(
        tmp_path,
        {"a.yaml": "extends: b.yaml\n", "b.yaml": "x: !file t\n", "t": "text\n", "c.yaml": "extends: b.yaml\n"},
    )
    loader = Loader()
    for spec in ("a.yaml", "c.yaml"):
        found = loader.load(str(tmp_path / spec))
        assert [Path(file.name).name for file in found.files] == [spec, "b.yaml", "t"]
        assert loader.sources[str(tmp_path / "t")] == ["text"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x: !file t\n", ("AF1007", 1, 4)),
        ("y: 1\nx: {z: !file ../../nowhere}\n", ("AF1007", 2, 8)),
        ("x: !file /etc/hostname\n", ("AF1007", 1, 4)),
        ("x: !file ''\n", ("AF1007", 1, 4)),
        ("x: !file .\n", ("AF1007", 1, 4)),
        ("!file t: 1\n", ("AF0011", 1, 1)),
        ("!file t\n", ("AF0011", 1, 1)),
        ("x: !file {a: 1}\n", ("AF0011", 1, 4)),
        ("x: !file [a]\n", ("AF0011", 1, 4)),
    ],
)
def test_what_cannot_be_read_is_shown_where_it_is_named(text: str, found: tuple[str, int, int], tmp_path: Path) -> None:
    first = problems(tmp_path, {"a.yaml": text})[0]
    assert first.span is not None
    assert (first.code, first.span.line, first.span.column) == found


def test_every_missing_file_is_reported_in_one_pass(tmp_path: Path) -> None:
    found = problems(tmp_path, {"a.yaml": "x: !file s\ny: !file t\nx: 1\n"})
    assert codes(found) == ["AF1007", "AF1007", "AF0007"]
    assert "afspec lock" in found[0].hint


@pytest.mark.parametrize(("data", "code"), [(b"a\nb\xe9\n", "AF0004"), (b"a\nb\x00\n", "AF0005")])
def test_what_is_wrong_in_a_file_is_shown_in_that_file(data: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(data)
    [found] = problems(tmp_path, {"a.yaml": "x: !file t\n"})
    assert found.span is not None
    assert (found.code, found.span.file, found.span.line) == (code, str(tmp_path / "t"), 2)


def test_a_file_is_not_larger_than_a_spec(tmp_path: Path) -> None:
    [found] = problems(tmp_path, {"a.yaml": "x: !file t\n", "t": "x" * ((1 << 20) + 1)})
    assert found.code == "AF1007"
    assert "bytes" in found.message


def test_a_named_pipe_hangs_nobody(tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    os.mkfifo(tmp_path / "t")
    assert codes(problems(tmp_path, {"a.yaml": "x: !file t\n"})) == ["AF1007"]


def test_where_it_is_no_error_something_stands_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = load(tmp_path, {"a.yaml": "x: !file t\ny: !file s\n", "s": "there\n"}, absent="none\n")
    assert to_plain(found.root) == {"x": "none\n", "y": "there\n"}
    assert node(found, "x").span.file == str(tmp_path / "t")
    assert [Path(file.name).name for file in found.files] == ["a.yaml", "s"]


def test_where_it_is_no_error_a_file_with_nothing_in_it_is_as_one_that_is_not_there(tmp_path: Path) -> None:
    """Otherwise an empty lock could not be made, and the hint would say to make it."""
    assert to_plain(load(tmp_path, {"a.yaml": "x: !file t\n", "t": "\n"}, absent="none\n").root) == {"x": "none\n"}


def test_an_alias_repeats_the_text(tmp_path: Path) -> None:
    found = load(tmp_path, {"a.yaml": "x: &t !file t\ny: [*t]\n", "t": "text\n"})
    assert to_plain(found.root) == {"x": "text\n", "y": ["text\n"]}
    assert isinstance(found.root, Mapping)
    assert isinstance(found.root.entries["y"].value, Sequence)


SPEC = """
afspec: 1
name: toy
title: A toy facility
declared_by: site
images:
  stance: promised
  named:
    - {name: af, reference: "hub.example.org/a/af:1", lock: !file t.lock}
"""


def compiled(folder: Path) -> bool:
    """Compile the spec; whether there was anything to do."""
    site = Site(str(folder / "toy.yaml"), str(folder / "build"), (), force=False, action=Action.WRITE)
    if unchanged(site):
        return False
    compile_site(site, Frontend(AS_OF).check(site.spec))
    return True


def test_a_change_of_the_file_is_a_change_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPEC)
    lock = tmp_path / "t.lock"
    lock.write_text("numpy==2.4.6\n")
    assert [compiled(tmp_path), compiled(tmp_path)] == [True, False]
    lock.write_text("numpy==2.4.7\n")
    assert [compiled(tmp_path), compiled(tmp_path)] == [True, False]
    lock.unlink()
    assert codes(refused(lambda: compiled(tmp_path))) == ["AF1007"]


MERGED = "a==1\n<<<<<<< HEAD\nb==1\n=======\nb==2\n>>>>>>> other\n"


@pytest.mark.parametrize("text", ["numpy", "{{ x }}\n", "a\tb\n", "é\n", "a\r\n", MERGED, "=======\n"])
def test_a_lock_that_could_be_more_than_a_lock_is_refused_in_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPEC)
    (tmp_path / "t.lock").write_bytes(text.encode())
    frontend = Frontend(AS_OF)
    [found] = refused(lambda: frontend.check(str(tmp_path / "toy.yaml")))
    assert found.code == "AF2005"
    assert found.span is not None
    assert found.span.file == str(tmp_path / "t.lock")
    assert f"{tmp_path}/t.lock:1:1" in render_text(found, frontend.lines, colour=False)


@pytest.mark.parametrize(
    ("text", "words"), [(MERGED, "A merge left its marks in it"), ("a\tb\n", "not what `afspec lock`")]
)
def test_what_is_wrong_with_a_lock_is_said_with_what_to_do(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(SPEC)
    (tmp_path / "t.lock").write_text(text)
    [found] = refused(lambda: Frontend(AS_OF).check(str(tmp_path / "toy.yaml")))
    assert words in found.hint
    assert "remove the file, and make it again" in found.hint
