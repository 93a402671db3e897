"""Dialers open TCP connections to a facility: from this machine, through a login host, or inside a twin's room."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Protocol

from afspec.conformance.trouble import RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 65536


class Dialer(Protocol):
    """Opens connections; `authority` is a file of certificates to trust besides the system's, or None."""

    authority: str | None

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connected TCP socket, or one of a pair that carries the connection's bytes.

        Raises:
            UnreachableError: the name does not resolve, there is no route, or nothing answers in time.
            RefusedError: the host is there, and refuses.
        """


class Direct:
    """Connections of this machine."""

    authority: str | None = None

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        try:
            return socket.create_connection((host, port), timeout)
        except socket.gaierror as error:
            raise UnreachableError(f"{host} does not resolve here", "Is this machine on a network?") from error
        except ConnectionRefusedError as error:
            raise RefusedError(f"{host}:{port} refuses connections") from error
        except OSError as error:
            raise UnreachableError(f"{host}:{port} does not answer: {error}") from error


class OverSsh:
    """Connections through a host that the user can log in to (`ssh -W`): what a browser does with a SOCKS proxy."""

    authority: str | None = None

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        near, far = socket.socketpair()
        with far:
            ssh = subprocess.Popen(  # noqa: S603 - the user's own ssh; it ends with the connection
                [*self._command[:1], "-W", f"{host}:{port}", *self._command[1:]],
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=subprocess.DEVNULL,
            )
        # Whoever ends is waited for, so that nothing of it stays in the table of processes.
        threading.Thread(target=ssh.wait, daemon=True).start()
        near.settimeout(timeout)
        return near


def trust(dialer: Dialer) -> ssl.SSLContext:
    """TLS as browsers check it: the system's authorities, and the dialer's own."""
    context = ssl.create_default_context()
    if dialer.authority:
        context.load_verify_locations(dialer.authority)
    return context


@contextlib.contextmanager
def forwarded(dialer: Dialer, host: str, port: int, timeout: float) -> Iterator[int]:
    """A port of loopback that leads to a facility's, for clients that open their own connections (gRPC, Dask)."""
    dialer.dial(host, port, timeout).close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, dialer, host, port, timeout), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            # Closing alone would leave the thread in accept(2) for ever.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, dialer: Dialer, host: str, port: int, timeout: float) -> None:
    """Carry every connection to a port, until the port is shut: then all of them end."""
    carried: list[tuple[socket.socket, socket.socket, threading.Thread]] = []
    with contextlib.suppress(OSError):
        while True:
            near, _ = server.accept()
            try:
                far = dialer.dial(host, port, timeout)
            except (UnreachableError, RefusedError):
                near.close()
                continue
            thread = threading.Thread(target=_carry, args=(near, far), daemon=True)
            thread.start()
            carried.append((near, far, thread))
    for near, far, thread in carried:
        _shut(near, socket.SHUT_RDWR)
        _shut(far, socket.SHUT_RDWR)
        thread.join()


def _carry(near: socket.socket, far: socket.socket) -> None:
    with near, far:
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    source.settimeout(None)
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    _shut(sink, socket.SHUT_WR)


def _shut(connection: socket.socket, what: int) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(what)
