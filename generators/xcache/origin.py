"""The source of files of a miniature: the site's own storage where that has a door for XRootD, else a folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .sizes import DEFAULT_PORT

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.storage import XCacheDoor

# What a source without a place in the spec exports; the files of the AGC's list are below it, too.
FOLDER = "/store"
_DOOR = re.compile(r"x?roots?://(?P<host>[^/:]+)(?::(?P<port>[0-9]+))?(?:/|\Z)")


class Origin(NamedTuple):
    """Where it is found, and what it exports."""

    host: str
    port: int
    export: str
    # Folder that exported paths are looked up below; None where they are paths of the machine.
    root: str | None
    state: str

    @classmethod
    def of(cls, facility: Facility, door: XCacheDoor) -> Origin:
        """The source before a cache."""
        settings = door.replica
        for area in facility.storage.areas if facility.storage else ():
            found = _DOOR.match(area.inside) if area.inside and area.offered else None
            if found:
                # Everybody's folders: what comes before the user's name or its first letter.
                export = re.split(r"/[^/]*<", area.path, maxsplit=1)[0] or "/"
                port = int(found["port"] or DEFAULT_PORT)
                return cls(found["host"], port, export, None, settings.directory)
        return cls(settings.source, settings.source_port, FOLDER, f"{settings.directory}/files", settings.directory)
