"""The images that a site builds, as the compiler wrote them: what is to be built, and under which names it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.facility import Facility

FOLDER = "images/"
_WISHES = "images/unpacked.yaml"
_RECIPE = ".Containerfile"
# Locks of packages: every flavour installs the same.
_PACKAGES = "packages."
# The command in the head of each Containerfile says what the image is to be called.
_TAG = "# podman build --tag "


class Definition(NamedTuple):
    """An image in one flavour; `files` are the compiled ones that it is built from, by name."""

    image: str
    flavour: str
    reference: str
    unpacked: str | None
    files: Mapping[str, str]

    @property
    def container_file(self) -> str:
        """Name of the Containerfile."""
        return f"{self.flavour}{_RECIPE}"

    @property
    def definition_file(self) -> str:
        """Name of Apptainer's definition."""
        return f"{self.flavour}.def"

    @property
    def repository(self) -> str:
        """The reference without its registry: what the registry itself calls it."""
        return self.reference.partition("/")[2]


def definitions(facility: Facility, files: Mapping[str, str]) -> tuple[Definition, ...]:
    """Every image that the compiler wrote a Containerfile for; `files` are the compiled ones by path."""
    unpacked = unpacked_paths(facility, files)
    return tuple(_definition(path, files, unpacked) for path in sorted(files) if path.endswith(_RECIPE))


def _definition(path: str, files: Mapping[str, str], unpacked: Mapping[str, str]) -> Definition:
    folder, _, name = path.rpartition("/")
    flavour = name.removesuffix(_RECIPE)
    words = next(line for line in files[path].splitlines() if line.startswith(_TAG)).removeprefix(_TAG).split()
    return Definition(
        image=folder.rpartition("/")[2],
        flavour=flavour,
        reference=words[0],
        unpacked=unpacked.get(words[0]),
        files={part: text for part, text in _beside(folder, files) if part.startswith((f"{flavour}.", _PACKAGES))},
    )


def _beside(folder: str, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names and texts of the files of a folder."""
    for path, text in files.items():
        place, _, name = path.rpartition("/")
        if place == folder:
            yield name, text


def unpacked_paths(facility: Facility, files: Mapping[str, str]) -> dict[str, str]:
    """Where CVMFS would unpack images to, by their references: what the compiled wish list asks for."""
    images = facility.images
    if images is None or images.unpacked is None or _WISHES not in files:
        return {}
    wished = [str(url).removeprefix("https://") for url in yaml.safe_load(files[_WISHES])["input"]]
    return {reference: f"{images.unpacked}/{reference}" for reference in wished}


def digests_path(facility: Facility) -> str | None:
    """Path in a room of the file (JSON) with each image's digest by its reference; None without a registry."""
    images = facility.images
    return f"{images.replica.directory}/digests.json" if images and images.registries else None
