"""A URL's parts (RFC 3986, 3)."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class Location(NamedTuple):
    """Where a URL leads; `port` is None where it names none, `path` has no slash at its end."""

    scheme: str
    host: str
    port: int | None
    path: str

    def address(self, usual: int) -> str:
        """Host and port, as servers take them; `usual` is the port where the URL names none."""
        return f"{self.host}:{self.port or usual}"


def locate(url: str) -> Location:
    """Take a URL apart.

    Raises:
        ValueError: the port is no number from 0 to 65535.
    """
    parts = urlsplit(url)
    return Location(parts.scheme, parts.hostname or "", parts.port, parts.path.rstrip("/"))
