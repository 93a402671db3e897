"""How an image reference becomes an address or a path: the same for jobs, shells and Dask's workers."""

from __future__ import annotations


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
