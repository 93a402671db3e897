"""XRootD as a user asks it: the handshake over a bare connection, reads and entries with the site's own client."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from afspec.conformance.clients.atlas import missing, with_tool
from afspec.conformance.trouble import FailedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import socket

    from afspec.conformance.probe import Probe

# XRootD Protocol 5: the client's 20 bytes, then kXR_protocol (3006) of a client of version 5.2.0, on stream 1.
_HELLO = struct.pack(">5i", 0, 0, 0, 4, 2012) + struct.pack(">2sHiBB10xi", b"\0\1", 3006, 0x520, 0, 0, 0)
_HEADER = struct.Struct(">2sHi")
_LONGEST = 4096
PORT = 1094
# Clients that find nobody must not try for half an hour (XRootD Client Configuration).
_SOON = "export XRD_CONNECTIONWINDOW=10 XRD_CONNECTIONRETRY=1 XRD_STREAMERRORWINDOW=0 XRD_REQUESTTIMEOUT=20"
# The first $2 bytes of $1: how many there are, their digest, and how xrdcp ended. A client that still sends when
# enough was read ends with an error of its own.
_READ = f"""{_SOON}
kept=$(mktemp "/tmp/$3.XXXXXX") || exit 1
trap 'rm -f "$kept"' 0
trap 'exit 1' 1 2 15
{{ xrdcp --nopbar --silent "$1" -; echo "ended $?" >&2; }} | head -c "$2" >"$kept"
wc -c <"$kept"
sha256sum <"$kept"
"""
_STAT = f'{_SOON}\nxrdfs "$1" stat "$2"'


@dataclass(frozen=True)
class Read:
    """The begin of a file: bytes, SHA-256, seconds; `trouble` is what the client complained of, "" if of nothing."""

    size: int
    digest: str
    seconds: float
    trouble: str = ""


@dataclass(frozen=True)
class Entry:
    """What a server says of a file: its size, when it was changed last, flags (XRootD Protocol, kXR_stat)."""

    size: int
    changed: str
    flags: int

    @property
    def from_cache(self) -> bool:
        """Whether the server says that it has it from its cache (kXR_cachersp)."""
        return bool(self.flags & 512)


def place(url: str) -> tuple[str, int]:
    """Host and port of a door or a file: root://host:port//path."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"not an address of XRootD: {url}")
    return parts.hostname, parts.port or PORT


def through(door: str, url: str) -> str:
    """The address of a file through a cache: <door>//root://host:port//path, always with a port."""
    return f"{door.rstrip('/')}//{with_host(url, place(url)[0])}"


def with_host(url: str, host: str) -> str:
    """The same file at another host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{host}:{parts.port or PORT}//{parts.path.lstrip('/')}"


def handshake(connection: socket.socket, seconds: float) -> str:
    """Greet a server; the result is the version of the protocol that it speaks.

    Raises:
        FailedError: it says nothing within `seconds`, hangs up, or speaks another protocol.
    """
    connection.settimeout(seconds)
    try:
        connection.sendall(_HELLO)
        hello = _answer(connection, b"\0\0")
        protocol = _answer(connection, b"\0\1")
    except TimeoutError:
        raise FailedError(f"it takes the connection and gives no answer within {seconds:g} s") from None
    except OSError as error:
        raise FailedError(f"it broke the connection: {error}") from error
    if len(hello) < 8 or len(protocol) < 8:  # noqa: PLR2004 - two numbers of four bytes each
        raise FailedError("its answer is too short for XRootD")
    (version,) = struct.unpack(">i", protocol[:4])
    return f"{version >> 8:x}.{version >> 4 & 15:x}.{version & 15:x}"


def _answer(connection: socket.socket, stream: bytes) -> bytes:
    head = _exactly(connection, _HEADER.size)
    found, status, size = _HEADER.unpack(head)
    if found != stream or status != 0 or not 0 <= size <= _LONGEST:
        raise FailedError(f"no XRootD server: it answers {head!r}")
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            begin = f": it says {data!r}" if data else " without a word"
            raise FailedError(f"it hangs up{begin}")
        data += more
    return data


def read(probe: Probe, url: str, most: int, *, timeout: float) -> Read:
    """The first `most` bytes of a file, with the xrdcp of the far side.

    Raises:
        UnverifiedError: it has none.
    """
    answer = with_tool(probe, "xrdcp", "xrootd", _READ, (url, str(most), probe.name), timeout=timeout)
    if missing(answer):
        message, hint = "there is no XRootD client in the session", "It comes with xrootd-client, or `lsetup xrootd`."
        probe.unverified(Reason.PREREQUISITE_ABSENT, message, hint)
    return parse_read(answer.out, answer.err, most, answer.seconds)


def parse_read(out: str, err: str, most: int, seconds: float = 0) -> Read:
    """What came of a read, from what the script wrote."""
    words = out.split()
    size, digest = (int(words[0]), words[1]) if len(words) > 1 and words[0].isdigit() else (0, "")
    ended = re.search(r"^ended (\d+)$", err, re.MULTILINE)
    if size == most or (ended and ended[1] == "0" and digest):
        return Read(size, digest, seconds)
    lines = [line.strip() for line in err.splitlines() if line.strip() and not line.startswith("ended ")]
    return Read(size, digest, seconds, lines[-1] if lines else "xrdcp ended without a word")


def stat(probe: Probe, server: str, path: str, *, timeout: float) -> Entry | None:
    """What a server (root://host:port) says of a path, with the xrdfs of the far side; None where it says nothing."""
    answer = with_tool(probe, "xrdfs", "xrootd", _STAT, (server, path), timeout=timeout)
    return parse_entry(answer.out) if answer.ok else None


def parse_entry(out: str) -> Entry | None:
    """The entry that `xrdfs stat` prints; None where that is none."""
    fields = dict(re.findall(r"^(\w+):\s+(.+?)\s*$", out, re.MULTILINE))
    size, flags = fields.get("Size", ""), fields.get("Flags", "").split(" ")[0]
    if not (size.isdigit() and flags.isdigit() and "MTime" in fields):
        return None
    return Entry(int(size), fields["MTime"], int(flags))
