"""AF36: images that users are offered but could not run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.locks import digest_of_wanted, head_of
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import each_image, each_listed, each_slots, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

UNPACKED = "/cvmfs/unpacked.cern.ch"


class AF3601(Rule):
    """Image is offered, but not on the allow-list.

    The hub refuses to start a session with an image that its list does not have, and the user has chosen it from the
    site's own form.
    """

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
    """Image carries the batch client of another scheduler.

    The client inside the image decides which scheduler a session can send jobs to: with HTCondor's at a Slurm site,
    neither `sbatch` nor dask-jobqueue finds anything.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build a flavour with the site's client: no job can be sent from inside this image, nor Dask workers."""
        schedulers = sorted({pool.scheduler for pool in facility.batch if not refused(pool)})
        if not schedulers:
            return
        for pointer, image in each_listed(facility):
            if image.batch_client not in {None, "none", *schedulers}:
                detail = f"`{image.batch_client}`, the site runs {' and '.join(schedulers)}"
                yield Finding(f"{pointer}/batch_client", detail)


class AF3603(Rule):
    """Images are unpacked in a CVMFS repository that is not mounted.

    Users are told to run images from a folder that is empty: every one of them is "not found".
    """

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
    """Image is built for no processor of the facility.

    Its programs end with "Exec format error" on every node that there is.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build it for the architecture of a partition or queue, or correct `platforms:`."""
        usable = [at for at in each_slots(facility) if not refused(at.slots) and not refused(at.pool)]
        there = sorted({at.slots.architecture.platform for at in usable})
        if not there:
            return
        for pointer, image in each_listed(facility):
            if image.platforms and not set(image.platforms) & set(there):
                detail = f"{', '.join(image.platforms)}, the site has {', '.join(there)}"
                yield Finding(f"{pointer}/platforms", detail)


class AF3605(Rule):
    """Lock is older than what the image wants.

    The image is built from the lock. A package that was added since is not in it, and a version that was raised stays
    as it was.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Run `afspec lock SPEC`: the packages that are locked are those of an earlier state of the spec."""
        for pointer, image in each_listed(facility):
            if image.lock is None or image.build is None:
                continue
            head = head_of(image.lock)
            if head.wanted != digest_of_wanted(image):
                detail = f"made {head.made}" if head.wanted else "it does not say what it was made from"
                # Not the lock's own place, its first line: nobody edits that.
                yield Finding(pointer, f"`{image.name}`, {detail}")


class AF3608(Rule):
    """Partition or queue has a processor that an image is not built for.

    A job that lands there ends with "Exec format error", while the same job runs elsewhere: users take it for a broken
    node.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Build the image for that platform, too, or leave the partition to jobs that bring another image."""
        usable = [at for at in each_slots(facility) if not refused(at.slots) and not refused(at.pool)]
        there = {at.slots.architecture.platform for at in usable}
        for image in facility.images.named if facility.images else ():
            # An image that fits none is AF3604.
            if not set(image.platforms) & there:
                continue
            for at in usable:
                if at.slots.architecture.platform not in image.platforms:
                    detail = f"{at.slots.architecture}, and `{image.name}` is for {', '.join(image.platforms)}"
                    yield Finding(f"{at.pointer}/architecture", detail)
