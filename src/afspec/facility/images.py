"""Section `images`: how containers are run, which are allowed, and those that have names here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, Named, Platform
from afspec.facility.locks import LockText
from afspec.facility.replica import RegistryReplica
from afspec.facility.words import Base, Flag, Host, Name, Path, Reference, Text, UserPath, Version, Word


class Kernel(Model):
    """A Jupyter kernel inside an image."""

    name: Name = Field(description="Name of the kernel's folder.", examples=["analysis-systems"])
    title: Text | None = Field(None, description="The name that users see.")


class Build(Model):
    """How the site builds an image."""

    source: Literal["docker", "localimage", "docker-archive", "oci-archive"] = Field(
        "docker", description="Where its base comes from (Apptainer's Bootstrap)."
    )
    manager: Literal["pip", "micromamba"] = Field("micromamba", description="What installs its packages.")
    channels: tuple[Word, ...] = Field(("conda-forge",), description="Channels of micromamba, the first goes first.")
    python: Version | None = Field(
        None,
        description="Python's version: the one that micromamba installs; with pip, that of the base's python3.",
        examples=["3.11"],
    )
    requirements: tuple[Text, ...] = Field(
        (), description="Packages with versions; left out, the packages.", examples=[["dask==2026.8.0"]]
    )
    flavours: tuple[Literal["slurm", "htcondor"], ...] = Field(
        (), description="Batch clients, an image each; left out, that of the site's scheduler."
    )


class Image(Named):
    """An image that users of the facility know by name."""

    reference: Reference = Field(description="Registry, repository and tag or digest.")
    base: Base | None = Field(None, description="What it is built from.")
    platforms: tuple[Platform, ...] = Field((), description="Platforms it is built for.")
    packages: tuple[Word, ...] = Field((), description="Packages that matter to users.")
    prefix: Path | None = Field(
        None, description="Prefix of its Python environment.", examples=["/opt/micromamba/envs/analysis-systems"]
    )
    kernel: Kernel | None = Field(None, description="Its Jupyter kernel.")
    cuda: Version | None = Field(None, description="CUDA version inside.")
    batch_client: Literal["htcondor", "slurm", "none"] | None = Field(
        None, description="Batch client inside: jobs can be sent only where the site's scheduler is the same."
    )
    build: Build | None = Field(None, description="How the site builds it.")
    lock: LockText | None = Field(
        None, description="Lock of its packages: `!file` and a path; `afspec lock` makes the file."
    )


class Images(Capability):
    """Containers; the stance is that of running them, the policy says which."""

    runtime: Literal["apptainer", "docker", "podman", "kubernetes"] | None = Field(
        None, description="What runs a user's container."
    )
    version: Version | None = Field(None, description="Version of the runtime.")
    executable: Path | None = Field(None, description="The runtime's command, where it is not on PATH.")
    policy: Literal["any", "unpacked", "allow_list"] | None = Field(
        None, description="any: users bring their own; unpacked: from CVMFS; allow_list: only the site's."
    )
    registries: tuple[Host, ...] = Field((), description="Registries that images are pulled from.")
    unpacked: Path | None = Field(None, description="Folder of unpacked images.", examples=["/cvmfs/unpacked.cern.ch"])
    allowed: tuple[Reference, ...] = Field((), description="The images of an allow-list.")
    binds: tuple[Path, ...] = Field((), description="Paths of the host that a container sees.")
    cache: UserPath | None = Field(None, description="Where pulled layers belong: never a home with a small quota.")
    store: UserPath | None = Field(None, description="Where pulled images (.sif) are kept.")
    gpu_flag: Flag | None = Field(None, description="Whether containers see GPUs through --nv.")
    replica: RegistryReplica = Field(RegistryReplica(), description="How a miniature of the registries runs.")
    named: tuple[Image, ...] = Field((), description="Images with names; the first is the default.")
    planned: tuple[Image, ...] = Field(
        (), description="Images that are compiled but that no user is shown: they are not in the registry yet."
    )

    @property
    def built(self) -> tuple[Image, ...]:
        """Images that the spec says how to build, whether users have them or not."""
        return tuple(image for image in (*self.named, *self.planned) if image.build)
