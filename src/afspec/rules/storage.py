"""AF35: places for files that collide."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Final

from afspec.diagnostics import Severity
from afspec.facility.quantities import format_duration
from afspec.facility.urls import locate
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import longest_job, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor

_ROOT: Final = re.compile(r"x?roots?://")
_XROOTD_PORT: Final = 1094


class AF3501(Rule):
    """Two storage areas have the same path.

    What is purged in one area is then purged in the other, too, and quotas are counted twice.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct one of the paths, or describe the place once."""
        first: dict[str, str] = {}
        for area in facility.storage.areas if facility.storage else ():
            if area.path in first:
                yield Finding(f"/storage/areas/{area.name}/path", f"`{area.path}` is that of `{first[area.path]}` too")
            first.setdefault(area.path, area.name)


class AF3502(Rule):
    """Pulled images fill the home.

    Apptainer keeps what it pulls. A few images of several GB fill a home of 20 GB, and then neither logins nor
    notebooks can write.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give `images: cache:` a folder outside the home, or describe a scratch area: Apptainer caches in the home."""
        images, storage = facility.images, facility.storage
        # Images from CVMFS are run in place: nothing is pulled.
        if images is None or images.runtime != "apptainer" or not images.offered or images.policy == "unpacked":
            return
        if images.cache is None:
            if storage is None or storage.area("scratch") is None:
                yield Finding("/images/cache", "no cache and no scratch area")
            return
        cache = PurePosixPath(images.cache)
        for area in storage.areas if storage else ():
            if area.purpose == "home" and cache.is_relative_to(area.path):
                yield Finding("/images/cache", f"`{images.cache}` lies in `{area.name}`")


class AF3503(Rule):
    """Files are removed while a job that wrote them may still run.

    The input of the last hour was staged in the first: a purge that is shorter than the longest job takes it away, and
    the job fails on a file that was there.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct `purge:`, or lower the longest job; `max_walltime:` is that of a queue, else of its pool."""
        jobs = [(job, pool) for pool in facility.batch if not refused(pool) and (job := longest_job(pool)) is not None]
        if not jobs:
            return
        longest, pool = max(jobs, key=lambda row: row[0])
        for area in facility.storage.areas if facility.storage else ():
            if area.purge is not None and area.purge < longest:
                detail = f"{format_duration(area.purge)}, a job in `{pool.name}` may run {format_duration(longest)}"
                yield Finding(f"/storage/areas/{area.name}/purge", detail)


class AF3504(Rule):
    """Address cannot pass the cache as it should.

    A file is asked of an XCache as <door>//root://host:port//path: with https in that place nothing is cached, a door
    behind a door fails, and some caches want the source's port written out.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the source's own root:// address with its port; the door is put before it when a file is read."""
        caches = [cache for cache in facility.storage.xcache if cache.offered] if facility.storage else []
        rules = facility.agc.rewrites if facility.agc else ()
        prefixes = {rule.prefix.rstrip("/") for rule in rules}
        for index, rule in enumerate(rules):
            new = rule.replacement.rstrip("/")
            why = _misses(new, caches[0]) if caches else ""
            if not why and any(f"{new}/".startswith(f"{prefix}/") for prefix in prefixes):
                why = "begins with another prefix, and is not rewritten again"
            if why:
                yield Finding(f"/agc/rewrites/{index}/replacement", f"`{rule.replacement}` {why}")
        servers = {_server(cache.door): cache.name for cache in caches}
        for area in facility.storage.areas if facility.storage else ():
            for side, door in (("inside", area.inside), ("outside", area.outside)):
                if door and _ROOT.match(door) and (cache := servers.get(_server(door))):
                    yield Finding(f"/storage/areas/{area.name}/{side}", f"`{door}` is the door of the cache `{cache}`")


def _misses(address: str, cache: XCacheDoor) -> str:
    """Why an address cannot be put behind the door of a cache; "" if it can."""
    if not _ROOT.match(address):
        return f"is no root:// address, and passes by `{cache.name}`"
    if _ROOT.search(address, 1):
        return "goes through a cache already"
    if cache.source_port and locate(address).port is None:
        return f"has no port, and `{cache.name}` wants one"
    return ""


def _server(door: str) -> tuple[str, int]:
    place = locate(door)
    return place.host, place.port or _XROOTD_PORT
