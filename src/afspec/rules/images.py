"""AF36: images that users are offered but could not run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import each_image, each_slots, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

UNPACKED = "/cvmfs/unpacked.cern.ch"


class AF3601(Rule):
    """Image is offered, but not on the allow-list."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add it to `images: allowed:`, or offer one that is there."""
        images = facility.images
        if images is None or images.policy != "allow_list":
            return
        for pointer, reference in each_image(facility):
            # A digest pins what the tag allows.
            if not {reference, reference.partition("@")[0]} & set(images.allowed):
                yield unknown(pointer, reference, images.allowed)


class AF3602(Rule):
    """Image carries the batch client of another scheduler."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build a flavour with the site's client: no job can be sent from inside this image, nor Dask workers."""
        schedulers = sorted({pool.scheduler for pool in facility.batch if not refused(pool)})
        if not schedulers:
            return
        for image in facility.images.named if facility.images else ():
            if image.batch_client not in {None, "none", *schedulers}:
                detail = f"`{image.batch_client}`, the site runs {' and '.join(schedulers)}"
                yield Finding(f"/images/named/{image.name}/batch_client", detail)


class AF3603(Rule):
    """Images are unpacked in a CVMFS repository that is not mounted."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the repository to `software: cvmfs: repositories:`, or correct the path."""
        images = facility.images
        if images is None or not (images.unpacked or images.policy == "unpacked"):
            return
        cvmfs = facility.software.cvmfs if facility.software else None
        mounted = cvmfs.repositories if cvmfs else ()
        match PurePosixPath(images.unpacked or UNPACKED).parts:
            case ("/", "cvmfs", repository, *_) if repository not in mounted:
                yield Finding("/images/unpacked" if images.unpacked else "/images/policy", f"`{repository}`")
            case _:  # a site may also unpack images elsewhere
                pass


class AF3604(Rule):
    """Image is built for no processor of the facility."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build it for the architecture of a partition or queue, or correct `platforms:`."""
        there = sorted({slots.architecture.platform for _, _, slots in each_slots(facility) if not refused(slots)})
        if not there:
            return
        for image in facility.images.named if facility.images else ():
            if image.platforms and not set(image.platforms) & set(there):
                detail = f"{', '.join(image.platforms)}, the site has {', '.join(there)}"
                yield Finding(f"/images/named/{image.name}/platforms", detail)
