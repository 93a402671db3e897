"""What the twin of a facility needs on the machine, and what its room is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.twin.environments import Environment
from afspec.twin.images.site import site_images
from afspec.twin.needs import Program
from afspec.twin.roots import Root, bookworm, trixie
from afspec.twin.tritonserver import PYTHONS, REVISION, lay_out, obstacle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afspec.facility import Facility
    from afspec.twin.needs import Need

# What makes rooms, and what fills their root file systems.
_PROGRAMS = (
    Program("unshare", "util-linux", "namespaces (unshare)"),
    Program("nsenter", "util-linux", "namespaces (nsenter)"),
    Program("mmdebstrap", "mmdebstrap", "Debian root file systems (mmdebstrap)"),
)
_HUB_PYTHONS = ("3.11", "3.12", "3.13")


def root_of(facility: Facility) -> Root | None:
    """The root file system of the facility's private room: the one that has its scheduler; None for a host room."""
    if facility.htcondor_pools:
        return trixie(facility.name)
    return bookworm(facility.name) if facility.slurm_pools else None


def layers_of(facility: Facility, files: Mapping[str, str]) -> list[Path]:
    """What the private room lies over, the upper ones first; empty for a host room. `files` are as in `needs_of`."""
    root = root_of(facility)
    if root is None:
        return []
    images = site_images(facility, files, root.path)
    return [*([images.path] if images else []), root.path]


def _environments(facility: Facility) -> list[Environment]:
    """The environments of a host room."""
    if root_of(facility):
        return []
    found = [Environment("hub", "environment of JupyterHub and Dask", facility.name, "0.9 GB", _HUB_PYTHONS)]
    triton = facility.services.triton
    if triton and triton.offered and triton.server:
        title = "environment of Triton"
        # Its store of models has nobody else to serve.
        made = Environment(
            "triton", title, facility.name, "0.4 GB", PYTHONS, obstacle, lay_out, REVISION, serves=("triton", "s3")
        )
        found.append(made)
    return found


def environments_of(facility: Facility) -> dict[str, Path]:
    """The environments of a host room by their names below /opt/afspec."""
    return {environment.name: environment.path for environment in _environments(facility)}


def left_out(facility: Facility) -> dict[str, str]:
    """Engines that stay out because what they need cannot be had on this machine, and why; the rest works without."""
    return {
        engine: f"{need.title}: {reason}"
        for need in _environments(facility)
        if need.serves and not need.present() and (reason := need.obstacle())
        for engine in need.serves
    }


def needs_of(facility: Facility, files: Mapping[str, str]) -> list[Need]:
    """What must be installed, in the order in which it can be; `files` are the compiled ones, their texts by path."""
    root = root_of(facility)
    if root is None:
        return list(_environments(facility))
    images = site_images(facility, files, root.path)
    return [*_PROGRAMS, root, *([images] if images else [])]
