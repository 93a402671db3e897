"""Connections: refused is not unreachable, and a port that was forwarded lets everything go when it is not needed."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support import until

from afspec.conformance.reach.dial import Direct, OverSsh, forwarded
from afspec.conformance.trouble import FailedError, RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 10
# What `ssh -W host:port` does, without ssh.
SSH = """
import os, socket, sys, threading
host, _, port = sys.argv[2].rpartition(":")
line = socket.create_connection((host, int(port)))
def back():
    while data := line.recv(65536):
        os.write(1, data)
thread = threading.Thread(target=back)
thread.start()
while data := os.read(0, 65536):
    line.sendall(data)
line.shutdown(socket.SHUT_WR)
"""


@contextmanager
def echo() -> Iterator[int]:
    """A port that gives everything back in capitals."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    while data := line.recv(65536):
                        line.sendall(data.upper())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def said(line: socket.socket, words: bytes) -> bytes:
    line.sendall(words)
    line.shutdown(socket.SHUT_WR)
    return b"".join(iter(lambda: line.recv(65536), b""))


def test_a_closed_port_is_the_sites_fault_and_a_lost_name_is_not() -> None:
    with pytest.raises(RefusedError, match="refuses connections") as refused:
        Direct().dial("127.0.0.1", closed_port(), SECONDS)
    assert isinstance(refused.value, FailedError)
    with pytest.raises(UnreachableError, match="does not resolve here"):
        Direct().dial("no-such-host.invalid", 80, SECONDS)


def test_a_host_that_does_not_answer_is_unreachable() -> None:
    # A server that takes no more connections answers nothing: its queue of one is full.
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = []
        try:
            with pytest.raises(UnreachableError, match="does not answer"):  # noqa: PT012 - how many fit is the kernel's
                for _ in range(8):
                    waiting.append(Direct().dial("127.0.0.1", port, 0.2))  # noqa: PERF401 - those that fit are closed
        finally:
            for line in waiting:
                line.close()


def test_a_forwarded_port_leads_there_and_is_shut_afterwards() -> None:
    before = threading.active_count()
    with echo() as port:
        with forwarded(Direct(), "127.0.0.1", port, SECONDS) as near:
            with socket.create_connection(("127.0.0.1", near), SECONDS) as line:
                assert said(line, b"nonce" * 50_000) == b"NONCE" * 50_000
            # One that is still open when it is not needed any more.
            hanging = socket.create_connection(("127.0.0.1", near), SECONDS)
            hanging.sendall(b"x")
            assert hanging.recv(1) == b"X"
        with hanging:
            assert hanging.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", near), SECONDS)
    assert until(lambda: threading.active_count() <= before)


def test_a_port_that_leads_nowhere_is_not_forwarded() -> None:
    with pytest.raises(RefusedError), forwarded(Direct(), "127.0.0.1", closed_port(), SECONDS):
        pytest.fail("it was")


def test_a_service_that_dies_meanwhile_closes_what_it_was_asked() -> None:
    with echo() as port:
        stack = forwarded(Direct(), "127.0.0.1", port, SECONDS)
        near = stack.__enter__()
    try:
        with socket.create_connection(("127.0.0.1", near), SECONDS) as line:
            assert line.recv(1) == b""
    finally:
        stack.__exit__(None, None, None)


def test_through_a_login_host_bytes_come_back_and_nothing_of_ssh_stays(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!{sys.executable}\n{SSH}")
    ssh.chmod(0o700)
    before = threading.active_count()
    with echo() as port, OverSsh([str(ssh), "iana"]).dial("127.0.0.1", port, SECONDS) as line:
        assert said(line, b"nonce") == b"NONCE"
    assert until(lambda: threading.active_count() <= before)
