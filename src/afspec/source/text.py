"""Reading a spec file: the one place that touches the disk for input, with bounds on what it accepts."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import NamedTuple

from afspec.diagnostics import CODES, AfspecError, Diagnostic, Severity, Span

MAX_BYTES = 1 << 20
# What YAML 1.2 calls printable, less the C1 controls and surrogates (chapter 5.1).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SourceFile(NamedTuple):
    """A file that was read: the name that diagnostics use, its text, and the digest of its bytes."""

    name: str
    text: str
    sha256: str


def fail(code: str, message: str = "", *, span: Span | None = None, place: str = "", hint: str = "") -> AfspecError:
    """An error with the code's own title and advice where nothing better is given."""
    known = CODES[code]
    diagnostic = Diagnostic(
        code, Severity.ERROR, message or known.title, span=span, place=place, hint=hint or known.advice
    )
    return AfspecError([diagnostic])


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: str) -> bytes:
    """The bytes of an ordinary file of at most 1 MiB.

    Raises:
        AfspecError: AF0001, AF0002 or AF0003.
    """
    try:
        # O_NONBLOCK: a named pipe must not hang the compiler.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise fail("AF0001", f"file not found: {path}", place=path) from error
    except (OSError, ValueError) as error:
        raise fail("AF0002", f"file cannot be read: {error}", place=path) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)  # fdopen refuses directories with an error of its own
        raise fail("AF0002", "not an ordinary file", place=path)
    try:
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(MAX_BYTES + 1) if status.st_size <= MAX_BYTES else b""
    except OSError as error:  # a file system that went away, or a bad disk
        raise fail("AF0002", f"file cannot be read: {error.strerror or error}", place=path) from error
    if status.st_size > MAX_BYTES or len(data) > MAX_BYTES:
        raise fail(
            "AF0003",
            f"file has {max(status.st_size, len(data)):,} bytes, a spec at most {MAX_BYTES:,}",
            place=path,
        )
    return data


def decode(name: str, data: bytes) -> SourceFile:
    """The text of a file, checked to be UTF-8 without control characters.

    Raises:
        AfspecError: AF0004, AF0005 or AF0014.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        what = "file looks like UTF-16" if utf16 else f"byte {data[error.start]:#04x} is not UTF-8"
        raise fail("AF0004", what, span=Span(name, line, 1, line, 2)) from error
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
        message = f"character U+{ord(found.group()):04X} is not allowed"
        raise fail("AF0005", message, span=Span(name, line, column, line, column + 1))
    if not text.strip():
        raise fail("AF0014", "file is empty", place=name)
    return SourceFile(name, text, digest(data))
