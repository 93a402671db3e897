"""XCache: a cache of XRootD files for every door that the site offers, and a source of files to try it with.

`sizes` writes sizes as XRootD reads them and knows its limits, `origin` works out which source a miniature has; the
templates only write that down. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Format, Generator

from .origin import Origin
from .sizes import BLOCK, MEMORY, port_of, xrootd_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor

__all__ = ["XCache"]


class XCache(Generator):
    """Configurations of XRootD caches, and of a source of files for a miniature."""

    name: ClassVar[str] = "xcache"

    def applies(self, facility: Facility) -> bool:
        """Where a cache is offered."""
        return bool(_offered(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`xcache/NAME/xcache.cfg` and `xcache/NAME/replica/origin.cfg`, cache by cache."""
        for door in _offered(facility):
            server = door.server
            yield self.template(
                "xcache.cfg.j2",
                f"xcache/{door.name}/xcache.cfg",
                Format.INI,
                facility=facility,
                door=door,
                port=port_of(door.door),
                memory=xrootd_size(server.memory, MEMORY),
                block=xrootd_size(server.block, BLOCK),
                low=xrootd_size(server.low) if server.low else None,
                high=xrootd_size(server.high) if server.high else None,
            )
            yield self.template(
                "origin.cfg.j2",
                f"xcache/{door.name}/replica/origin.cfg",
                Format.INI,
                facility=facility,
                origin=Origin.of(facility, door),
            )


def _offered(facility: Facility) -> list[XCacheDoor]:
    return [door for door in facility.storage.xcache if door.offered] if facility.storage else []
