"""A twin's private room as the kit reaches it: commands as a user of it, connections inside its network."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from typing import TYPE_CHECKING

from afspec.conformance.trouble import RefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class InRoom:
    """Connections of a private room: opened in its network, to its own names, with its own authority trusted."""

    def __init__(self, first: int, hosts: Mapping[str, str], authority: Path) -> None:
        self._network = f"/proc/{first}/ns/net"
        self._hosts = dict(hosts)
        self.authority: str | None = str(authority)

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        address = self._hosts.get(host, host)
        if not address.replace(".", "").isdigit() and address != "localhost":
            raise UnreachableError(f"{host} does not resolve in the twin")
        connection = _in_thread(self._socket)
        connection.settimeout(timeout)
        try:
            connection.connect((address, port))
        except ConnectionRefusedError as error:
            connection.close()
            raise RefusedError(f"{host}:{port} refuses connections") from error
        except OSError as error:
            connection.close()
            raise UnreachableError(f"{host}:{port} does not answer: {error}") from error
        return connection

    def _socket(self) -> socket.socket:
        """A socket of the room's network.

        It stays in the network in which it was made (setns(2)): the thread that makes it enters the room and ends
        there, no other ever does.
        """
        network = os.open(self._network, os.O_RDONLY)
        try:
            if _LIBC.setns(network, _CLONE_NEWNET):
                number = ctypes.get_errno()
                raise UnreachableError(f"the room's network cannot be entered: {os.strerror(number)}")
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            os.close(network)


def _in_thread(make: Callable[[], socket.socket]) -> socket.socket:
    """What a function gives in a thread that ends with it."""
    made: list[socket.socket] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            made.append(make())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]
