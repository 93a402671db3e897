"""What the kit reads of XRootD: addresses, the handshake, reads, entries."""

from __future__ import annotations

import contextlib
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients import xrootd
from afspec.conformance.trouble import FailedError

HELLO = struct.pack(">2sHiii", b"\0\0", 0, 8, 0x511, 1)
PROTOCOL = struct.pack(">2sHiii", b"\0\1", 0, 8, 0x511, 1)


def handshake(said: bytes, *, closed: bool = True) -> str:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(said)
        if closed:
            far.shutdown(socket.SHUT_WR)
        return xrootd.handshake(near, 0.2)


def test_the_version_is_told() -> None:
    assert handshake(HELLO + PROTOCOL, closed=False) == "5.1.1"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "hangs up without a word"),
        (HELLO, "hangs up without a word"),
        (HELLO[:5], "hangs up: it says"),
        (b"HTTP/1.1 400 Bad Request", "no XRootD server"),
        (HELLO + struct.pack(">2sHi4s", b"\0\1", 4003, 4, b"\0\0\0\0"), "no XRootD server"),
        (PROTOCOL + HELLO, "no XRootD server"),
        (struct.pack(">2sHi", b"\0\0", 0, -1), "no XRootD server"),
        (struct.pack(">2sHi", b"\0\0", 0, 2**30), "no XRootD server"),
        (struct.pack(">2sHi", b"\0\0", 0, 0) + PROTOCOL, "too short"),
    ],
)
def test_what_is_no_xrootd_server(said: bytes, words: str) -> None:
    with pytest.raises(FailedError, match=words):
        handshake(said)


def test_silence_is_a_failure() -> None:
    with pytest.raises(FailedError, match="gives no answer within"):
        handshake(b"", closed=False)


@given(said=st.binary(max_size=60))
def test_whatever_is_said_it_is_a_version_or_a_failure(said: bytes) -> None:
    with contextlib.suppress(FailedError):
        assert handshake(said)


@pytest.mark.parametrize("door", ["root://cache.example.org:1094", "root://cache.example.org:1094//"])
def test_the_address_through_a_cache(door: str) -> None:
    through = "root://cache.example.org:1094//root://source:1094//store/file"
    assert xrootd.through(door, "root://source//store/file") == through
    assert xrootd.place(door) == ("cache.example.org", 1094)
    assert xrootd.with_host("root://source:1095//store/file", "other") == "root://other:1095//store/file"


def test_reads() -> None:
    whole = xrootd.parse_read("12\nabc  -\n", "ended 0\n", 100)
    assert (whole.size, whole.digest, whole.trouble) == (12, "abc", "")
    # Enough was read: that the client was cut off is what was wanted.
    assert xrootd.parse_read("100\nabc  -\n", "Run: [ERROR] broken pipe\nended 51\n", 100).trouble == ""
    cut = xrootd.parse_read("12\nabc  -\n", "Run: [ERROR] Server responded with an error\nended 54\n", 100)
    assert cut.trouble == "Run: [ERROR] Server responded with an error"
    assert xrootd.parse_read("0\ne3b0  -\n", "", 100).trouble
    assert xrootd.parse_read("", "", 100).trouble


@given(out=st.text(), err=st.text())
def test_no_words_break_the_reading(out: str, err: str) -> None:
    found = xrootd.parse_read(out, err, 100)
    assert found.trouble or found.digest
    xrootd.parse_entry(out)


def test_entries() -> None:
    said = "Path:   /f\nId:     1\nSize:   15\nMTime:  2026-11-22 22:21:30\nFlags:  528 (IsReadable)\n"
    entry = xrootd.parse_entry(said)
    assert entry == xrootd.Entry(15, "2026-11-22 22:21:30", 528)
    assert entry.from_cache
    assert not xrootd.Entry(15, "", 48).from_cache
    assert xrootd.parse_entry("[ERROR] no such file") is None
