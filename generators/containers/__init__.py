"""Images: how a site's named images are built, unpacked on CVMFS, and served by a registry on one machine.

`recipe` works out what an image holds (its batch client, its Python environment, its mount points); one script installs
that, and another checks it; the Apptainer definition and the Containerfile both run them. README.md shows the commands
that use the files.
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
        """A folder an image, then `images/unpacked.yaml` and `images/replica/registry.yml`."""
        flavours: dict[str, list[Recipe]] = {}
        for recipe in recipes(facility):
            flavours.setdefault(recipe.image.name, []).append(recipe)
        for name, group in flavours.items():
            yield from self._image(facility, f"images/{name}", group)
        if facility.images and (recipe_of_cvmfs := _unpacked(facility.images)):
            about = f"Images that CVMFS unpacks, for cvmfs_ducc convert: {facility.title}"
            yield self.yaml("images/unpacked.yaml", recipe_of_cvmfs, about)
        if facility.images and facility.images.registries:
            about = f"A registry of images on one machine, for docker-registry serve: {facility.title}"
            yield self.yaml("images/replica/registry.yml", _registry(facility.images), about)

    def _image(self, facility: Facility, folder: str, flavours: list[Recipe]) -> Iterator[Artifact]:
        """What an image's flavours share, and then what each has of its own."""
        first, images = flavours[0], facility.images
        wishes = _wishes(images, [recipe.reference for recipe in flavours]) if images else None
        for name, lock in first.locks.items():
            yield Artifact(f"{folder}/{name}", lock, Format.TEXT)
        if images and wishes and first.image in images.planned:
            about = f"For cvmfs_ducc convert, once the image is in its registry: {facility.title}"
            yield self.yaml(f"{folder}/unpacked.yaml", wishes, about)
        yield self.template(
            "README.md.j2",
            f"{folder}/README.md",
            Format.MARKDOWN,
            facility=facility,
            image=first.image,
            flavours=flavours,
            places=[unpacked_path(images.unpacked, recipe.reference) for recipe in flavours]
            if images and wishes
            else [],
        )
        for recipe in flavours:
            yield from self._flavour(facility, folder, recipe)

    def _flavour(self, facility: Facility, folder: str, recipe: Recipe) -> Iterator[Artifact]:
        values: dict[str, Any] = {"facility": facility, "recipe": recipe}
        path = f"{folder}/{recipe.flavour}"
        script = self.template("install.sh.j2", f"{path}.sh", Format.SHELL, executable=True, **values)
        yield script
        yield self.template("check.sh.j2", f"{path}.check.sh", Format.SHELL, executable=True, **values)
        # Its first line and the comment below it are the script's own.
        _, _, body = script.text.partition("\n\n")
        yield self.template("image.def.j2", f"{path}.def", Format.TEXT, script=Raw(body), **values)
        if recipe.container_base:
            yield self.template("Containerfile.j2", f"{path}.Containerfile", Format.TEXT, **values)


def _unpacked(images: Section) -> dict[str, Any] | None:
    """The wish list for the images that users have."""
    return _wishes(images, [image.reference for image in images.named])


def _wishes(images: Section, references: list[str]) -> dict[str, Any] | None:
    """The wish list of cvmfs_ducc (CernVM-FS documentation, Working with DUCC and Docker Images, syntax v1)."""
    root = images.unpacked
    if root is None or not root.startswith(_CVMFS):
        return None
    paths = [unpacked_path(root, reference) for reference in references]
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
