"""Reading a file: what is accepted, and what is refused before it is parsed."""

from __future__ import annotations

import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import codes, refused

from afspec.diagnostics import AfspecError
from afspec.source.text import MAX_BYTES, decode, read_bytes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: 1\nb: \xe9\n", "AF0004", 2, 1),
        ("a: 1\n".encode("utf-16"), "AF0004", 1, 1),
        (b"\0a\0:\0 \0001\0\n", "AF0005", 1, 1),
        (b"a: 1\nb: \x00x\n", "AF0005", 2, 4),
        ("é: 1\nbé: \x1b[31m\n".encode(), "AF0005", 2, 5),
        (b"a: \x7f\n", "AF0005", 1, 4),
    ],
)
def test_text_that_is_refused_has_a_place(data: bytes, code: str, line: int, column: int) -> None:
    [found] = refused(lambda: decode("f", data))
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column) == (code, line, column)


def test_utf16_is_called_by_its_name() -> None:
    [found] = refused(lambda: decode("f", "a: é\n".encode("utf-16")))
    assert "UTF-16" in found.message


@pytest.mark.parametrize("data", [b"", b"\n", b"  \r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_empty_file(data: bytes) -> None:
    assert codes(refused(lambda: decode("f", data))) == ["AF0014"]


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode("f", b"\xef\xbb\xbfa: 1\n").text == "a: 1\n"


def test_digest_is_that_of_the_bytes() -> None:
    assert decode("f", b"\xef\xbb\xbfa: 1\n").sha256 != decode("f", b"a: 1\n").sha256


@given(st.binary(max_size=60))
def test_bytes_are_text_or_a_diagnostic(data: bytes) -> None:
    try:
        assert decode("f", data).text
    except AfspecError as error:
        assert codes(error.diagnostics)[0] in {"AF0004", "AF0005", "AF0014"}  # noqa: PT017 - either is right


def test_absent_file(tmp_path: Path) -> None:
    assert codes(refused(lambda: read_bytes(str(tmp_path / "none")))) == ["AF0001"]
    (tmp_path / "file").touch()
    assert codes(refused(lambda: read_bytes(str(tmp_path / "file/below")))) == ["AF0001"]


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_path_that_no_file_has(path: str) -> None:
    assert codes(refused(lambda: read_bytes(path))) == ["AF0002"]


def test_folder_is_not_a_file(tmp_path: Path) -> None:
    assert codes(refused(lambda: read_bytes(str(tmp_path)))) == ["AF0002"]


def test_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert codes(refused(lambda: read_bytes(str(tmp_path / "pipe")))) == ["AF0002"]


def test_device_is_not_a_file() -> None:
    assert codes(refused(lambda: read_bytes("/dev/zero"))) == ["AF0002"]


def test_file_that_breaks_off_while_it_is_read() -> None:
    # Its first page is mapped nowhere: reading there is an input/output error, as on a disk that fails.
    (found,) = refused(lambda: read_bytes("/proc/self/mem"))
    assert (found.code, found.message) == ("AF0002", "file cannot be read: Input/output error")


def test_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert codes(refused(lambda: read_bytes(str(tmp_path / "loop")))) == ["AF0002"]


def test_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.touch()
    os.truncate(path, 100_000_000)
    tracemalloc.start()
    try:
        [found] = refused(lambda: read_bytes(str(path)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.code == "AF0003"
    assert "100,000,000" in found.message
    assert peak < MAX_BYTES


def test_largest_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_bytes(str(path))) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert codes(refused(lambda: read_bytes(str(path)))) == ["AF0003"]
