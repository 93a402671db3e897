"""XCache: a cache of XRootD files for every door that the site offers, and a source of files to try it with.

`sizes` writes sizes as XRootD reads them and knows its limits, `origin` works out which source a miniature has; the
templates only write that down: the cache's configuration, what systemd adds to the package's unit, and a probe in the
manner of Nagios' plugins. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from afspec.generators import Artifact, Format, Generator

from .origin import Origin
from .sizes import BLOCK, HIGH, LOW, MEMORY, port_of, xrootd_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor

__all__ = ["XCache"]


class XCache(Generator):
    """Configurations of XRootD caches, their units and probes, and a source of files for a miniature."""

    name: ClassVar[str] = "xcache"

    def applies(self, facility: Facility) -> bool:
        """Where a cache is offered."""
        return bool(_offered(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`xcache/NAME`, cache by cache: the cache's files, and `replica/origin.cfg` for a miniature."""
        for door in _offered(facility):
            folder = f"xcache/{door.name}"
            yield self.template(
                "xcache.cfg.j2", f"{folder}/xcache.cfg", Format.INI, facility=facility, door=door, **_numbers(door)
            )
            yield self.template(
                "override.conf.j2", f"{folder}/systemd/override.conf", Format.INI, facility=facility, door=door
            )
            yield self.template(
                "probe.sh.j2", f"{folder}/probe.sh", Format.SHELL, executable=True, facility=facility, door=door
            )
            yield self.template(
                "origin.cfg.j2",
                f"{folder}/replica/origin.cfg",
                Format.INI,
                facility=facility,
                origin=Origin.of(facility, door),
            )


def _numbers(door: XCacheDoor) -> dict[str, Any]:
    """Port and sizes as the directives take them.

    Marks of a purge are shares of the disk unless the spec has sizes: xrootd does not start where a size is beyond
    its disk, and a capacity is published in round numbers. A size wants a suffix, or it is read as a share.
    """
    server = door.server
    low, high = (max(mark - mark % 1024, 1024) if mark else 0 for mark in (server.low, server.high))
    return {
        "port": port_of(door.door),
        "memory": xrootd_size(server.memory, MEMORY),
        "block": xrootd_size(server.block, BLOCK),
        "low": xrootd_size(low) if low else LOW,
        "high": xrootd_size(high) if high else HIGH,
    }


def _offered(facility: Facility) -> list[XCacheDoor]:
    return [door for door in facility.storage.xcache if door.offered] if facility.storage else []
