"""Numbers as XRootD reads them (XRootD documentation, Proxy Storage Services, Configuration Reference)."""

from __future__ import annotations

import re
from typing import NamedTuple

DEFAULT_PORT = 1094
_SUFFIXES = (("t", 1 << 40), ("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10))


class Range(NamedTuple):
    """What a directive takes, in bytes; the server refuses to start with anything else."""

    directive: str
    least: int
    most: int


MEMORY = Range("pfc.ram", 1 << 30, 256 << 30)
BLOCK = Range("pfc.blocksize", 4 << 10, 512 << 20)

# Shares of the disk below which a purge ends and above which one starts: XRootD's own.
LOW, HIGH = "0.90", "0.95"


def xrootd_size(size: int, limits: Range | None = None) -> str:
    """A size with the biggest suffix that keeps it exact; k, m, g and t are powers of 1024.

    Raises:
        ValueError: the size is outside of what the directive takes.
    """
    if limits and not limits.least <= size <= limits.most:
        least, most = xrootd_size(limits.least), xrootd_size(limits.most)
        raise ValueError(f"XRootD takes {least} to {most} for {limits.directive}, not {size} bytes")
    for suffix, factor in _SUFFIXES:
        if size % factor == 0:
            return f"{size // factor}{suffix}"
    return str(size)


def port_of(door: str) -> int:
    """The port of root://host:port; 1094 where none is given (IANA, rootd)."""
    found = re.search(r":([0-9]+)\Z", door)
    return int(found[1]) if found else DEFAULT_PORT
