"""Containers: Apptainer and podman set up for a room, and the unpacked tree of the site's images, for reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.twin.containers import apptainer_for_root, containers, storage_in_a_room
from afspec.twin.engine import Ailment, Daemon, Engine
from afspec.twin.images import unpacked_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility

_WISHES = "images/unpacked.yaml"
_APPTAINER = "/etc/apptainer/apptainer.conf"
_CONTAINERS = "/etc/containers"


class Images(Engine):
    """What runs a user's container; the images themselves are built beforehand, and part of the room from its start."""

    name: ClassVar[str] = "images"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where Apptainer runs users' containers, and images have a registry to come from."""
        images = facility.images
        return images is not None and images.offered and images.runtime == "apptainer" and bool(images.registries)

    def prepare(self) -> None:
        """Settings of the runtimes, and an unpacked tree that is for reading only."""
        self.room.write(_APPTAINER, apptainer_for_root(self.room.read(_APPTAINER)))
        # Apptainer refuses to start where a bound folder is missing; the site has all of them.
        images = self.facility.images
        for bind in images.binds if images else ():
            if not self.room.exists(bind):
                self.room.run(["mkdir", "-p", bind])
        for name, text in (*containers().items(), ("storage.conf", storage_in_a_room())):
            self.room.write(f"{_CONTAINERS}/{name}", text)
        for path in self.unpacked.values():
            if self.room.exists(path):
                self._protect(path)

    @property
    def unpacked(self) -> dict[str, str]:
        """Folders of the unpacked images by their references, whether or not they are there."""
        if not self.files.has(_WISHES):
            return {}
        return unpacked_paths(self.facility, {_WISHES: self.files.text(_WISHES)})

    def daemons(self) -> Sequence[Daemon]:
        """None: containers are processes of their users."""
        return ()

    def ready(self, daemon: Daemon) -> str:
        """Nothing runs."""
        del daemon
        return ""

    def ailments(self) -> list[Ailment]:
        """Images that the site builds, and that are not where they are looked for first."""
        images = self.facility.images
        built = {image.reference for image in (images.named if images else ()) if image.base and image.build}
        return [
            Ailment("unpacked images", f"{path} is empty or cannot be read")
            for reference, path in self.unpacked.items()
            if reference in built and not self.room.exists(f"{path}/bin/sh")
        ]

    def _protect(self, path: str) -> None:
        """Make a folder read-only, as CVMFS is."""
        if self.room.run(["mountpoint", "--quiet", path], check=False).returncode:
            self.room.run(["mount", "--bind", path, path])
            self.room.run(["mount", "-o", "remount,bind,ro", path])
