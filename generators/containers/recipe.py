"""What goes into an image: the site's batch client, a Python environment with a kernel, and places for its binds.

Why each is there: from an image with another scheduler's client no job can be sent; a hub starts a kernel only by an
absolute path; a bind whose target is missing stops a container where Apptainer makes no mount points.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.locks import head_of, parts_of, platforms_of, requirements_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afspec.facility import Facility
    from afspec.facility.images import Build, Image

_CLIENTS = {"slurm": "sbatch", "htcondor": "condor_submit"}
# Packages of the client alone in Debian and Ubuntu, and in EPEL for the derivatives of RHEL.
_APT = {"slurm": "slurm-client", "htcondor": "condor"}
_DNF = {"slurm": "slurm", "htcondor": "condor"}
# What buildah and podman call the sources in a FROM line (containers-transports(5)); they know no other image formats.
_TRANSPORTS = {"docker": "", "docker-archive": "docker-archive:", "oci-archive": "oci-archive:"}
_IS_FILE = re.compile(r"\.(?:so(?:\.[0-9]+)*|conf|cfg|json|key|pem)\Z")
# Where an image keeps its lock and its check.
SHARE = "/usr/local/share/afspec"


class Recipe(NamedTuple):
    """An image in one flavour."""

    image: Image
    build: Build
    flavour: str
    prefix: str
    requirements: tuple[str, ...]
    locks: Mapping[str, str]
    folders: tuple[str, ...]
    files: tuple[str, ...]
    version: str | None

    @property
    def base(self) -> str:
        """What it is built from, as Apptainer takes it."""
        return (self.image.base or "").removeprefix("docker://")

    @property
    def container_base(self) -> str | None:
        """The base in a Containerfile; None where it is one of Apptainer's own images."""
        transport = _TRANSPORTS.get(self.build.source)
        return None if transport is None else transport + self.base

    @property
    def reference(self) -> str:
        """The name that it is pushed under: the first flavour has the image's own, the others are marked in the tag."""
        reference = self.image.reference.partition("@")[0]
        if self.flavour == self.first:
            return reference
        tag = "" if ":" in reference.rpartition("/")[2] else ":latest"
        return f"{reference}{tag}-{self.flavour}"

    @property
    def share(self) -> str:
        """Folder of its lock and its check."""
        return SHARE

    @property
    def channel_options(self) -> tuple[str, ...]:
        """Options of micromamba that name its channels."""
        return tuple(word for channel in self.build.channels for word in ("--channel", channel))

    @property
    def made(self) -> str:
        """The day on which its packages were locked, as the lock says."""
        return head_of(self.image.lock or "").made or "an unknown day"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms that it is built for."""
        return platforms_of(self.image)

    @property
    def python(self) -> str | None:
        """Python's version without its last part, which decides what can be installed."""
        return ".".join(self.build.python.split(".")[:2]) if self.build.python else None

    @property
    def first(self) -> str:
        """The flavour that carries the image's own name."""
        return self.build.flavours[0]

    @property
    def client(self) -> str:
        """The command that sends a job."""
        return _CLIENTS[self.flavour]

    @property
    def apt_packages(self) -> tuple[str, ...]:
        """Packages of Debian and Ubuntu."""
        python = ("python3", "python3-venv") if self.build.manager == "pip" else ()
        return ("ca-certificates", _APT[self.flavour], *python)

    @property
    def dnf_packages(self) -> tuple[str, ...]:
        """Packages of RHEL's derivatives."""
        # RHEL's derivatives have other Pythons than their own as packages of their own.
        python = (f"python{self.python or 3}",) if self.build.manager == "pip" else ()
        return ("ca-certificates", _DNF[self.flavour], *python)

    @property
    def kernels(self) -> str:
        """Folder of the kernels in its environment."""
        return f"{self.prefix}/share/jupyter/kernels"


def recipes(facility: Facility) -> tuple[Recipe, ...]:
    """Every image that the spec says how to build, in each of its flavours."""
    images = facility.images
    if images is None or not images.offered:
        return ()
    return tuple(
        recipe
        for image in images.built
        if image.base and image.build and image.prefix
        for recipe in _flavours(facility, image, image.build, image.prefix)
    )


def _flavours(facility: Facility, image: Image, build: Build, prefix: str) -> Iterable[Recipe]:
    pools = [pool for pool in facility.batch if pool.offered]
    flavours = build.flavours or tuple(pool.scheduler for pool in pools[:1])
    build = build.model_copy(update={"flavours": tuple(dict.fromkeys(flavours))})
    places = _mount_points(facility)
    for flavour in build.flavours:
        yield Recipe(
            image=image,
            build=build,
            flavour=flavour,
            prefix=prefix.rstrip("/"),
            requirements=requirements_of(image),
            locks=_locks(image),
            folders=tuple(place for place in places if not _IS_FILE.search(place)),
            files=tuple(place for place in places if _IS_FILE.search(place)),
            version=next((pool.version for pool in pools if pool.scheduler == flavour), None),
        )


def _locks(image: Image) -> dict[str, str]:
    """The files of an image's lock by name: one for all platforms with pip, one for each with micromamba."""
    if image.lock is None:
        return {}
    return {f"packages{platform and '.'}{platform}.txt": text for platform, text in parts_of(image.lock).items()}


def _mount_points(facility: Facility) -> tuple[str, ...]:
    """What a container must have for the site to mount something there; parts that are a user's own come with it."""
    images, storage = facility.images, facility.storage
    paths = [*(images.binds if images else ())]
    paths += [path for pool in facility.batch if pool.offered for path in pool.binds]
    paths += [area.path for area in (storage.areas if storage else ()) if area.offered]
    if facility.software and facility.software.cvmfs and facility.software.cvmfs.offered:
        paths.append("/cvmfs")
    found = dict.fromkeys(_everybodys(path) for path in paths)
    return tuple(path for path in found if path != "/")


def _everybodys(path: str) -> str:
    """The part of a path above what is a user's own."""
    parts = path.rstrip("/").split("/")
    own = next((index for index, part in enumerate(parts) if "<u" in part), len(parts))
    return "/".join(parts[:own]) or "/"
