"""What the virtual cluster may use of the host's: objects in the host's namespace, out of its users' reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import cores, gpu_choices, memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Facility
    from afspec.facility.orchestration import Container, Quota

# Amounts of the chart's own that the spec did not promise: null takes a default of a chart away (Helm documentation,
# Deleting a default key). Twenty pods, or what is stored beside volumes, would be a limit that nobody declared.
_CHART_AMOUNTS = (
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "count/pods",
    "count/persistentvolumeclaims",
)


def policies(facility: Facility) -> dict[str, Any]:
    """The chart's `policies`."""
    cluster = facility.orchestration
    made: dict[str, Any] = {}
    if cluster is None:
        return made
    if cluster.quota:
        gpus = dict.fromkeys(choice.resource for choice in gpu_choices(facility)) or ("nvidia.com/gpu",)
        made["resourceQuota"] = {"enabled": True, "quota": _quota(cluster.quota, gpus)}
    elif cluster.containers:
        # The chart makes a quota of its own wherever it makes default limits, unless it is told not to.
        made["resourceQuota"] = {"enabled": False}
    if limits := _limits(cluster.containers):
        made["limitRange"] = {"enabled": True, **limits}
    if cluster.network_policy:
        made["networkPolicy"] = {"enabled": cluster.network_policy == "enforced"}
    return made


def _quota(quota: Quota, gpus: Iterable[str]) -> dict[str, Any]:
    said: dict[str, str | None] = dict.fromkeys(_CHART_AMOUNTS)
    if quota.cpu:
        said |= dict.fromkeys(("requests.cpu", "limits.cpu"), cores(quota.cpu))
    if quota.memory:
        said |= dict.fromkeys(("requests.memory", "limits.memory"), memory(quota.memory))
    if quota.gpus:
        said |= {f"requests.{resource}": str(quota.gpus) for resource in gpus}
    if quota.pods:
        said["count/pods"] = str(quota.pods)
    if quota.storage:
        said["requests.storage"] = memory(quota.storage)
    if quota.claims:
        said["count/persistentvolumeclaims"] = str(quota.claims)
    return said


def _limits(container: Container | None) -> dict[str, Any]:
    """A container's limits and requests, each the other's where the spec gives one: a quota may ask for both."""
    limit: dict[str, str] = {}
    kept: dict[str, str] = {}
    if container and (cpu := container.cpu or container.cpu_request):
        limit["cpu"] = cores(cpu)
        kept["cpu"] = cores(container.cpu_request or cpu)
    if container and (size := container.memory or container.memory_request):
        limit["memory"] = memory(size)
        kept["memory"] = memory(container.memory_request or size)
    return {"default": limit, "defaultRequest": kept} if kept else {}
