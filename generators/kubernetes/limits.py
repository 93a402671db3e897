"""What the cluster's administrators set for each namespace: who may do what to nodes, how much, and by default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afspec.facility.orchestration import Orchestrator
from afspec.generators.cluster import cores, gpu_choices, manifest, memory, volumes

from .spaces import LEVELS, Space, cluster_of, in_namespace, quota_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Quota
    from afspec.generators.cluster import Object

PODS_LABEL = "afspec/pods"
WARNING = "afspec/warning"
NOT_ENFORCED = (
    "This cluster does not enforce NetworkPolicy objects: every pod can reach every other, whatever they say."
)
# Versions by which the standards go; others than Kubernetes' own are told nothing by (Pod Security Admission).
_KUBERNETES = re.compile(r"1\.[0-9]+")
# What a container is counted with that asks for nothing: a namespace with a quota refuses pods that say nothing.
_SMALL_CPU = "100m"
_SMALL_MEMORY = "256Mi"


def administered(facility: Facility, space: Space) -> Iterator[Object]:
    """A namespace with its quota and limits, which those who work in it may not change."""
    yield _namespace(facility, space)
    quota = quota_of(facility, space)
    if quota and (hard := _hard(facility, space, quota)):
        yield in_namespace(facility, space, ("v1", "ResourceQuota"), "afspec", spec={"hard": hard})
    if limits := _limits(facility, space, quota):
        limit = {"type": "Container", **limits}
        yield in_namespace(facility, space, ("v1", "LimitRange"), "afspec", spec={"limits": [limit]})


def _namespace(facility: Facility, space: Space) -> Object:
    cluster = cluster_of(facility)
    found = _KUBERNETES.match(cluster.version or "")
    version = f"v{found.group()}" if found else "latest"
    # Told, not refused: what would not be allowed one level further up.
    stricter = LEVELS[max(LEVELS.index(space.security) - 1, 0)]
    labels = {PODS_LABEL: "users" if space.users else "services"}
    for mode, level in (("enforce", space.security), ("warn", stricter), ("audit", stricter)):
        labels[f"pod-security.kubernetes.io/{mode}"] = level
        labels[f"pod-security.kubernetes.io/{mode}-version"] = version
    if cluster.kind is Orchestrator.OKD:
        # OKD sets these labels itself, by what a namespace's accounts may, where it is not told to leave them.
        labels["security.openshift.io/scc.podSecurityLabelSync"] = "false"
    notes = {WARNING: NOT_ENFORCED} if cluster.network_policy == "not_enforced" else None
    return manifest(facility, space.name, ("v1", "Namespace"), space.name, extra_labels=labels, annotations=notes)


def _hard(facility: Facility, space: Space, quota: Quota) -> dict[str, str]:
    """The quota's resources. Claims on storage areas hold nothing of the cluster's own, and count on top."""
    areas = [volume for volume in volumes(facility) if volume.source] if space.users else []
    by_class = cluster_of(facility).storage_class
    hard: dict[str, str] = {}
    if quota.cpu:
        hard["requests.cpu"] = cores(quota.cpu)
    if quota.memory:
        hard["requests.memory"] = memory(quota.memory)
    if quota.gpus:
        named = dict.fromkeys(choice.resource for choice in gpu_choices(facility)) or {"nvidia.com/gpu": None}
        hard |= {f"requests.{resource}": str(quota.gpus) for resource in named}
    if quota.pods:
        hard["pods"] = str(quota.pods)
    if quota.storage and by_class:
        hard[f"{by_class}.storageclass.storage.k8s.io/requests.storage"] = memory(quota.storage)
    elif quota.storage:
        hard["requests.storage"] = memory(quota.storage + sum(area.size for area in areas))
    if quota.claims:
        hard["persistentvolumeclaims"] = str(quota.claims + len(areas))
    return hard


def _limits(facility: Facility, space: Space, quota: Quota | None) -> dict[str, Any]:
    """What containers get that ask for nothing; where a quota counts them, they must ask for something."""
    said = None if space.system else cluster_of(facility).containers
    most: dict[str, str] = {}
    kept: dict[str, str] = {}
    if said and said.cpu:
        most["cpu"] = cores(said.cpu)
    if said and said.memory:
        most["memory"] = memory(said.memory)
    if said and said.cpu_request:
        kept["cpu"] = cores(said.cpu_request)
    elif quota and quota.cpu and "cpu" not in most:
        kept["cpu"] = _SMALL_CPU
    if said and said.memory_request:
        kept["memory"] = memory(said.memory_request)
    elif quota and quota.memory and "memory" not in most:
        kept["memory"] = _SMALL_MEMORY
    return {key: value for key, value in (("default", most), ("defaultRequest", kept)) if value}
