"""How pods get the facility's storage areas: a claim each, in every namespace where users' pods run.

Areas that say how they get into a pod (`mount:`) have a PersistentVolume of their own a namespace, since a volume is
bound by one claim (Kubernetes documentation, Persistent Volumes); CVMFS comes by the claim that the site already has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.storage import UNTOLD_SIZE
from afspec.generators.cluster.names import dns_label

if TYPE_CHECKING:
    from afspec.facility import Facility


class Volume(NamedTuple):
    """A storage area for pods: claim `claim` mounted at `target`; `source` is the PersistentVolume's own.

    Without a source the claim is made by the site, as for CVMFS. `propagation` lets mounts of the node through.
    """

    name: str
    claim: str
    target: str
    source: dict[str, Any] | None
    size: int
    read_only: bool = False
    propagation: str | None = None


def volumes(facility: Facility) -> tuple[Volume, ...]:
    """The storage areas that pods of users can mount, in the order of the spec."""
    found = []
    for area, mount in facility.storage.mounted if facility.storage else ():
        source: dict[str, Any] = (
            {"nfs": {"server": mount.server, "path": mount.source}}
            if mount.server
            else {"hostPath": {"path": mount.source}}
        )
        name = dns_label(area.name)
        # Not the quota, which is a user's and may change: a claim without a class can never be resized.
        found.append(Volume(name, name, mount.target, source, UNTOLD_SIZE))
    cvmfs = facility.software.cvmfs if facility.software else None
    if cvmfs and cvmfs.claim and (cvmfs.stance is None or cvmfs.offered):
        found.append(
            Volume("cvmfs", cvmfs.claim, "/cvmfs", None, UNTOLD_SIZE, read_only=True, propagation="HostToContainer")
        )
    return tuple(found)


def pod_volumes(facility: Facility) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A pod's `volumes` and a container's `volumeMounts` for all of them."""
    found = volumes(facility)
    claims = [{"name": item.name, "persistentVolumeClaim": {"claimName": item.claim}} for item in found]
    mounts: list[dict[str, Any]] = []
    for item in found:
        mount: dict[str, Any] = {"name": item.name, "mountPath": item.target}
        if item.read_only:
            mount["readOnly"] = True
        if item.propagation:
            mount["mountPropagation"] = item.propagation
        mounts.append(mount)
    return claims, mounts
