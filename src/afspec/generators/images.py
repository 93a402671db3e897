"""How an image reference becomes an address or a path: the same for jobs, shells and Dask's workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afspec.facility import Facility


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
    """The file below the site's store that an image is pulled to, once for jobs and shells.

    A colon in a path is a separator to apptainer's --bind.
    """
    return reference.replace(":", "+") + ".sif"


def name_and_tag(reference: str) -> tuple[str, str]:
    """The two halves that charts ask for, which they join with a colon: latest where the reference has no tag.

    A digest goes with the tag, or is split as registry/image@sha256 and its digits.
    """
    place, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{place}{slash}{name}", tag or "latest"


def site_images(facility: Facility) -> dict[str, str]:
    """Images that the site's users may have, by the names that they see; the first is the usual one.

    Of an allow-list those that are on it, and no others: first those that have names.
    """
    there = facility.images
    if there is None or not there.offered:
        return {}
    if there.policy != "allow_list":
        return {image.name: image.reference for image in there.named}
    named = {image.reference: image.name for image in there.named}
    found: dict[str, str] = {}
    for reference in sorted(there.allowed, key=lambda reference: reference not in named):
        short = reference.rpartition("/")[2]
        found[named.get(reference) or (reference if short in found else short)] = reference
    return found
