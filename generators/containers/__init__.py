"""Images: how a site's named images are built, unpacked on CVMFS, and served by a registry on one machine.

`recipe` works out what an image holds (its batch client, its Python environment, its mount points); one script installs
that, and the Apptainer definition and the Containerfile both run it. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from afspec.generators import Artifact, Format, Generator
from afspec.generators.images import unpacked_path
from afspec.generators.quoting import Raw

from .recipe import Recipe, recipes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.images import Images as Section

__all__ = ["Images"]

_CVMFS = "/cvmfs/"


class Images(Generator):
    """Image definitions for Apptainer, podman and docker, CVMFS's list of images, and a registry on one machine."""

    name: ClassVar[str] = "images"

    def applies(self, facility: Facility) -> bool:
        """Where the site offers containers, and builds an image, has one unpacked, or names its registries."""
        images = facility.images
        if images is None or not images.offered:
            return False
        return bool(recipes(facility) or _unpacked(images) or images.registries)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Three files a flavour of an image, then `images/unpacked.yaml` and `images/replica/registry.yml`."""
        for recipe in recipes(facility):
            yield from self._image(facility, recipe)
        if facility.images and (recipe_of_cvmfs := _unpacked(facility.images)):
            about = f"Images that CVMFS unpacks, for cvmfs_ducc convert: {facility.title}"
            yield self.yaml("images/unpacked.yaml", recipe_of_cvmfs, about)
        if facility.images and facility.images.registries:
            about = f"A registry of images on one machine, for docker-registry serve: {facility.title}"
            yield self.yaml("images/replica/registry.yml", _registry(facility.images), about)

    def _image(self, facility: Facility, recipe: Recipe) -> Iterator[Artifact]:
        folder = f"images/{recipe.image.name}"
        script = self.template(
            "install.sh.j2",
            f"{folder}/{recipe.flavour}.sh",
            Format.SHELL,
            executable=True,
            facility=facility,
            recipe=recipe,
        )
        yield script
        # Its first line and the comment below it are the script's own.
        _, _, body = script.text.partition("\n\n")
        yield self.template(
            "image.def.j2",
            f"{folder}/{recipe.flavour}.def",
            Format.TEXT,
            facility=facility,
            recipe=recipe,
            script=Raw(body),
        )
        if recipe.container_base:
            yield self.template(
                "Containerfile.j2",
                f"{folder}/{recipe.flavour}.Containerfile",
                Format.TEXT,
                facility=facility,
                recipe=recipe,
            )


def _unpacked(images: Section) -> dict[str, Any] | None:
    """The wish list of cvmfs_ducc (CernVM-FS documentation, Working with DUCC and Docker Images, syntax v1)."""
    root = images.unpacked
    if root is None or not root.startswith(_CVMFS):
        return None
    paths = [unpacked_path(root, image.reference) for image in images.named]
    wished = [f"https://{path.removeprefix(f'{root}/')}" for path in paths if path]
    if not wished:
        return None
    return {
        "version": 1,
        "user": "cvmfsunpacker",
        "cvmfs_repo": root.removeprefix(_CVMFS).split("/")[0],
        "output_format": "$(scheme)://$(registry)/thin/$(image)",
        "input": wished,
    }


def _registry(images: Section) -> dict[str, Any]:
    """Configuration of the registry (CNCF Distribution documentation, Configuring a registry)."""
    replica = images.replica
    host = images.registries[0]
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": replica.directory}, "delete": {"enabled": True}},
        "http": {
            # By its name: it listens on the one address that the machine's hosts file gives it, and on no other.
            "addr": f"{host}:{replica.port}",
            "host": f"https://{host}" + (f":{replica.port}" if replica.port != 443 else ""),  # noqa: PLR2004 - https
            "tls": {"certificate": replica.certificate, "key": replica.key},
        },
    }
