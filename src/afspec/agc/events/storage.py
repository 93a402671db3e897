"""Bytes of a file by their place, from a disk or over the network."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from afspec.agc.events.trouble import is_remote

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seek, bytes.
Place = tuple[int, int]

# Seconds that a server may take for an answer; its clients would wait for up to half an hour.
PATIENCE: Final = 60
_CONNECT: Final = 15
# Reading this much more is cheaper than another request.
_GAP: Final = 64 * 1024
_LONGEST: Final = 8 * 1024 * 1024


class ShortError(Exception):
    """The file ends before the bytes that were asked for."""


class Storage(Protocol):
    """Where bytes come from.

    Attributes:
        remote: whether it pays to announce what will be read.
    """

    remote: bool

    def announce(self, places: Sequence[Place]) -> None:
        """What will be asked for soon, once each."""

    def get(self, seek: int, size: int) -> memoryview:
        """Bytes, valid until the next call.

        Raises:
            ShortError: the file is too short.
            Exception: whatever clients raise.
        """

    def close(self) -> None:
        """Let go of the file."""


class Local:
    """A file on a disk. It is read, not mapped: a mapped file that someone truncates ends the process by a signal."""

    remote = False

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._buffer = memoryview(bytearray(1 << 18))

    @property
    def size(self) -> int:
        """Bytes of the file as it is now."""
        return os.fstat(self._file).st_size

    def announce(self, places: Sequence[Place]) -> None:
        """The operating system reads ahead by itself."""

    def get(self, seek: int, size: int) -> memoryview:
        if size > len(self._buffer):
            self._buffer = memoryview(bytearray(size + size // 4))
        found = self._buffer[:size]
        done = 0
        while done < size:
            more = os.preadv(self._file, [found[done:]], seek + done)
            if not more:
                raise ShortError(f"it ends {size - done} bytes before it should")
            done += more
        return found

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def options(file: str) -> dict[str, Any]:
    """What fsspec's clients are told beside the address: how long to wait."""
    if file.startswith(("http://", "https://")):
        import aiohttp  # noqa: PLC0415 (only where a file needs it)

        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=PATIENCE, connect=_CONNECT)}}
    return {"timeout": PATIENCE} if file.startswith("root://") else {}


def merged(places: Sequence[Place], gap: int = _GAP, longest: int = _LONGEST) -> list[tuple[int, int]]:
    """Ranges (first byte, after the last) that cover places, with at most `gap` bytes wasted between two of them."""
    found: list[tuple[int, int]] = []
    for seek, size in sorted(places):
        if found and seek - found[-1][1] <= gap and max(seek + size, found[-1][1]) - found[-1][0] <= longest:
            found[-1] = found[-1][0], max(seek + size, found[-1][1])
        else:
            found.append((seek, seek + size))
    return found


class Remote:
    """A file on a server: what was announced is fetched in few requests, while other work goes on."""

    remote = True

    def __init__(self, file: str) -> None:
        import fsspec.core  # noqa: PLC0415 (only where a file needs it)

        self._system, self._path = fsspec.core.url_to_fs(file, **options(file))
        self._worker = ThreadPoolExecutor(1, "afspec-agc-fetch")
        self._coming: list[tuple[frozenset[Place], Future[dict[Place, memoryview]]]] = []
        self._here: dict[Place, memoryview] = {}
        self._failed = False

    def announce(self, places: Sequence[Place]) -> None:
        if places:
            self._coming.append((frozenset(places), self._worker.submit(self._fetch, tuple(places))))

    def get(self, seek: int, size: int) -> memoryview:
        place = (seek, size)
        for at, (places, future) in enumerate(self._coming):
            if place in places:
                del self._coming[at]
                self._here.update(future.result())
                break
        found = self._here.pop(place, None)
        if found is None:
            found = self._fetch((place,))[place]
        if len(found) < size:
            raise ShortError(f"it ends {size - len(found)} bytes before it should")
        return found

    def close(self) -> None:
        self._worker.shutdown(wait=True, cancel_futures=True)
        if self._failed:
            # The file system, which is shared, keeps the connection that broke: the next try wants a new one.
            with suppress(Exception):
                self._system.invalidate_cache(self._path)

    def _fetch(self, places: tuple[Place, ...]) -> dict[Place, memoryview]:
        ranges = merged(places)
        starts, stops = [first for first, _ in ranges], [last for _, last in ranges]
        try:
            bodies = self._system.cat_ranges([self._path] * len(ranges), starts, stops, on_error="raise")
        except Exception:
            self._failed = True
            raise
        views = [memoryview(body) for body in bodies]
        found = {}
        at = 0
        for seek, size in sorted(places):
            while seek + size > stops[at]:
                at += 1
            found[seek, size] = views[at][seek - starts[at] : seek - starts[at] + size]
        return found


def storage(file: str) -> Storage:
    """Open a file, by its path or address."""
    return Remote(file) if is_remote(file) else Local(file.removeprefix("file://"))
