"""A registry of images: Debian's docker-registry under the real name, with the site's own images in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.twin.engine import Daemon, Endpoint, Engine
from afspec.twin.images import digests_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.images import Images

_CONFIG = "images/replica/registry.yml"
_PLACE = "/etc/docker/registry/afspec.yml"


class Registry(Engine):
    """Serves what was pushed when the images were built; what is pushed to it later is kept until the twin is down."""

    name: ClassVar[str] = "registry"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where containers are offered and a registry is named."""
        images = facility.images
        return images is not None and images.offered and bool(images.registries)

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The first of the site's registries."""
        return _section(facility).registries[:1]

    def prepare(self) -> None:
        """Its configuration, certificate and storage."""
        images = _section(self.facility)
        self.room.make_folder(images.replica.directory)
        self.room.certificate(images.registries[:1], images.replica.certificate, images.replica.key)
        self.room.write(_PLACE, self.files.text(_CONFIG))

    def daemons(self) -> Sequence[Daemon]:
        """The one server."""
        # Signs the state of uploads, which a server of its own making would not know again after a restart.
        environment = {"REGISTRY_HTTP_SECRET": self.twin.secrets.get("registry-http")}
        return [Daemon("registry", ("docker-registry", "serve", _PLACE), environment=environment)]

    def ready(self, daemon: Daemon) -> str:
        """Whether its API answers over TLS (OCI Distribution Specification, end-1)."""
        del daemon
        command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "3", "--output", "/dev/null", self.url]
        done = self.room.run(command, timeout=5, check=False)
        return done.stderr.strip() if done.returncode else ""

    def endpoints(self) -> Sequence[Endpoint]:
        """Its API."""
        return [Endpoint("registry", self.url)]

    @property
    def url(self) -> str:
        """The base of its API."""
        images = _section(self.facility)
        port = "" if images.replica.port == 443 else f":{images.replica.port}"  # noqa: PLR2004 - https
        return f"https://{images.registries[0]}{port}/v2/"

    @property
    def digests(self) -> str | None:
        """Path in the room of the file (JSON) with the digest of each of the site's images; None where it has none."""
        path = digests_path(self.facility)
        return path if path and self.room.exists(path) else None


def _section(facility: Facility) -> Images:
    if facility.images is None:
        raise LookupError(f"{facility.name} has no containers")
    return facility.images
