"""What pods may do that OKD's restricted-v2 does not let them (OKD documentation, Managing SCCs)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import Component, components, dns_label, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

_RBAC = "rbac.authorization.k8s.io"
_GROUP = "security.openshift.io"
# OKD's own role for its own SCC.
_PRIVILEGED = "system:openshift:scc:privileged"
_VOLUMES = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "nfs", "persistentVolumeClaim", "projected"]


class Need(IntEnum):
    """How much a component needs, each more than the one before."""

    NOTHING = 0
    FIXED_USER = 1
    ANY_USER = 2
    NODE = 3


def need(item: Component) -> Need:
    """What a component needs, as its images and its chart are."""
    if item.name == "reana":
        # Its images name no user and so run as root, its cron jobs name a folder of the node (chart reana 0.95).
        return Need.ANY_USER
    if item.security == "privileged":
        return Need.NODE
    # Sessions, workers and hubs have the numbers that files on the storage areas belong to.
    return Need.FIXED_USER if item.pods == "users" else Need.NOTHING


def constraints(facility: Facility) -> Iterator[Object]:
    """For each namespace that needs more: the SCC, and who may use it. All of it takes a cluster's administrator."""
    needs: dict[str, Need] = {}
    for item in components(facility):
        needs[item.namespace] = max(needs.get(item.namespace, Need.NOTHING), need(item))
    for namespace, level in needs.items():
        if level is Need.NOTHING:
            continue
        role = _PRIVILEGED
        if level is not Need.NODE:
            name = dns_label(facility.name, namespace)
            role = dns_label(facility.name, namespace, "scc")
            yield _constraint(facility, namespace, name, level)
            rule = {
                "apiGroups": [_GROUP],
                "resources": ["securitycontextconstraints"],
                "resourceNames": [name],
                "verbs": ["use"],
            }
            yield manifest(facility, namespace, (f"{_RBAC}/v1", "ClusterRole"), role, rules=[rule])
        yield _binding(facility, namespace, role)


def _constraint(facility: Facility, namespace: str, name: str, level: Need) -> Object:
    """Fields as in restricted-v2, but for what the level is about."""
    any_user = level is Need.ANY_USER
    return manifest(
        facility,
        namespace,
        (f"{_GROUP}/v1", "SecurityContextConstraints"),
        name,
        # Above 0 it goes before restricted-v2, which would give images that run as root another user.
        priority=5 if any_user else 0,
        allowPrivilegedContainer=False,
        allowPrivilegeEscalation=any_user,
        allowHostDirVolumePlugin=any_user,
        allowHostIPC=False,
        allowHostNetwork=False,
        allowHostPID=False,
        allowHostPorts=False,
        readOnlyRootFilesystem=False,
        allowedCapabilities=[],
        defaultAddCapabilities=[],
        requiredDropCapabilities=["MKNOD"] if any_user else ["ALL"],
        runAsUser={"type": "RunAsAny" if any_user else "MustRunAsNonRoot"},
        fsGroup={"type": "RunAsAny"},
        supplementalGroups={"type": "RunAsAny"} if any_user else _groups(facility),
        seLinuxContext={"type": "MustRunAs"},
        seccompProfiles=["runtime/default"],
        volumes=sorted([*_VOLUMES, "secret", *(["hostPath"] if any_user else [])]),
        users=[],
        groups=[],
    )


def _groups(facility: Facility) -> dict[str, Any]:
    """The groups that pods may add: those that the spec names, so that no session claims another's files by one."""
    found = {item.group.gid for item in facility.jupyter if item.offered and item.group}
    gateway = facility.dask.gateway if facility.dask else None
    if gateway and gateway.cluster.group:
        found.add(gateway.cluster.group)
    ranges = [{"min": gid, "max": gid} for gid in sorted(found)]
    return {"type": "MustRunAs", "ranges": ranges} if ranges else {"type": "RunAsAny"}


def _binding(facility: Facility, namespace: str, role: str) -> Object:
    """All accounts of the namespace: charts have one for each of their parts, by names of their own."""
    accounts = {"kind": "Group", "name": f"system:serviceaccounts:{namespace}", "apiGroup": _RBAC}
    return manifest(
        facility,
        namespace,
        (f"{_RBAC}/v1", "RoleBinding"),
        # A binding's role is for ever: one of another role has another name.
        "afspec-scc-privileged" if role == _PRIVILEGED else "afspec-scc",
        namespace=namespace,
        roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        subjects=[accounts],
    )
