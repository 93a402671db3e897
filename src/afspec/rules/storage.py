"""AF35: places for files that collide."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class AF3501(Rule):
    """Two storage areas have the same path."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct one of the paths, or describe the place once."""
        first: dict[str, str] = {}
        for area in facility.storage.areas if facility.storage else ():
            if area.path in first:
                yield Finding(f"/storage/areas/{area.name}/path", f"`{area.path}` is that of `{first[area.path]}` too")
            first.setdefault(area.path, area.name)


class AF3502(Rule):
    """Pulled images fill the home."""

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
