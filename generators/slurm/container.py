"""Where a containerised job's image comes from, and what it sees of the host (Apptainer user guide, `exec`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import SlurmPool


class Container(NamedTuple):
    """How a job runs in the facility's default image; paths may hold <user> and <u>."""

    executable: str
    reference: str
    unpacked: str | None
    file: str | None
    cache: str | None
    binds: tuple[str, ...]
    nv: bool
    pulls: bool

    @classmethod
    def of(cls, facility: Facility, pool: SlurmPool) -> Container | None:
        """None where the facility has no Apptainer, or names no image."""
        images, image = facility.images, facility.default_image
        if images is None or image is None or not images.offered or images.runtime != "apptainer":
            return None
        return cls(
            executable=images.executable or "apptainer",
            reference=pull_reference(image.reference),
            unpacked=unpacked_path(images.unpacked, image.reference),
            file=f"{images.store}/{image_file(image.reference)}" if images.store else None,
            cache=_per_user(images.cache) if images.cache else None,
            binds=tuple(dict.fromkeys((*images.binds, *pool.binds))),
            nv=images.gpu_flag is not False,
            pulls=images.policy != "unpacked",
        )


def pull_reference(reference: str) -> str:
    """The reference as docker:// takes it: a tag or a digest, never both (containers-transports(5))."""
    name, at, digest = reference.partition("@")
    if not at:
        return reference
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def unpacked_path(root: str | None, reference: str) -> str | None:
    """The folder that CVMFS unpacks a tag to; None for an image pinned by digest, which a folder cannot prove."""
    if root is None or "@" in reference:
        return None
    tag = "" if ":" in reference.rpartition("/")[2] else ":latest"
    return f"{root}/{reference}{tag}"


def image_file(reference: str) -> str:
    """The file below the site's store, as af_pull of user-setup names it: an image is pulled once for both.

    A colon in a path is a separator to apptainer's --bind.
    """
    return reference.replace(":", "+") + ".sif"


def _per_user(folder: str) -> str:
    """A cache that users would share would belong to whoever came first."""
    return folder if "<user>" in folder else f"{folder}/<user>"
