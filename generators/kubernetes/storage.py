"""The spec's storage areas as volumes: one a namespace of users' pods, since a volume is bound by one claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.cluster import Required, dns_label, manifest, memory, volumes

from .spaces import Space, in_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object, Volume

# The kubelet adds this group to the processes of pods that use the volume (Kubernetes documentation, Storage).
_GID = "pv.beta.kubernetes.io/gid"
_MODES = ["ReadWriteMany"]


def persistent_volumes(facility: Facility, space: Space) -> Iterator[Object]:
    """A namespace's volumes, which belong to the cluster."""
    gid = _gid(facility)
    for volume in _areas(facility, space):
        source = volume.source or {}
        # A folder that is not there is an error, not an empty one on the node's own disk.
        source = {kind: data | ({"type": "Directory"} if kind == "hostPath" else {}) for kind, data in source.items()}
        yield manifest(
            facility,
            space.name,
            ("v1", "PersistentVolume"),
            _name(facility, space, volume),
            annotations={_GID: str(gid)} if gid else None,
            spec={
                "capacity": {"storage": memory(volume.size)},
                "accessModes": _MODES,
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "",
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": space.name,
                    "name": volume.claim,
                },
                **source,
            },
        )


def claims(facility: Facility, space: Space) -> Iterator[Object]:
    """The claims that pods of a namespace name."""
    for volume in _areas(facility, space):
        yield in_namespace(
            facility,
            space,
            ("v1", "PersistentVolumeClaim"),
            volume.claim,
            spec={
                "accessModes": _MODES,
                # Empty, not left out: otherwise the cluster's default class would make an empty volume.
                "storageClassName": "",
                "volumeName": _name(facility, space, volume),
                "resources": {"requests": {"storage": memory(volume.size)}},
            },
        )


def wanted(facility: Facility, space: Space) -> Iterator[Required]:
    """Claims that the site makes: those without a folder in the spec."""
    for volume in volumes(facility) if space.users else ():
        if volume.source is None:
            why = f"pods of users see {volume.target} by it"
            how = "made by the cluster's administrators, as the CSI driver for CVMFS or the site's own volume wants it"
            yield Required("PersistentVolumeClaim", volume.claim, why, how, space.name)


def _areas(facility: Facility, space: Space) -> list[Volume]:
    return [volume for volume in volumes(facility) if volume.source] if space.users else []


def _name(facility: Facility, space: Space, volume: Volume) -> str:
    return dns_label(facility.name, space.name, volume.claim)


def _gid(facility: Facility) -> int | None:
    """The group of sessions, where all have the same one."""
    found = {item.group.gid for item in facility.jupyter if item.offered and item.group}
    return found.pop() if len(found) == 1 else None
