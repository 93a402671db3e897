"""Where a containerised job's image comes from, and what it sees of the host (Apptainer user guide, `exec`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.generators.images import image_file, pull_reference, unpacked_path

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


def _per_user(folder: str) -> str:
    """A cache that users would share would belong to whoever came first."""
    return folder if "<user>" in folder else f"{folder}/<user>"
