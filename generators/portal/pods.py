"""Templates of pods (Kubernetes API, core/v1 PodTemplate): what a session has whoever it is for.

What belongs to one session is the portal's: the pod's name, its user, the token, the command that starts the notebook,
and how much of the limits was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.jupyter import Limits
from afspec.generators.cluster import (
    component,
    cores,
    dns_label,
    gpu_choices,
    labels,
    manifest,
    memory,
    pod_volumes,
)
from afspec.generators.images import pull_reference, site_images
from afspec.generators.inputs import first_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter
    from afspec.generators.cluster import Component, GpuChoice, Object

_KIND = ("v1", "PodTemplate")
# What a server and a kernel need, and is kept for a session that asks for no more.
_KEPT_CORES, _KEPT_MEMORY = 1, 2 * 1024**3
# The usual taint of nodes with GPUs (NVIDIA GPU Operator documentation).
_TAINT = "nvidia.com/gpu"
# Where a notebook's server listens unless it is told otherwise (Jupyter Server documentation).
_PORT = 8888


def pod_templates(facility: Facility, jupyter: Jupyter, here: Component) -> Iterator[Object]:
    """A template without a GPU, then one for each GPU of the cluster."""
    yield _template(facility, jupyter, here, None)
    if jupyter.limits is None or jupyter.limits.gpus is None or jupyter.limits.gpus:
        for gpu in gpu_choices(facility):
            yield _template(facility, jupyter, here, gpu)


def _template(facility: Facility, jupyter: Jupyter, here: Component, gpu: GpuChoice | None) -> Object:
    name = dns_label(here.name, "gpu", gpu.name) if gpu else dns_label(here.name, "cpu")
    template = {"metadata": {"labels": labels(facility, here)}, "spec": _spec(facility, jupyter, here, gpu)}
    return manifest(facility, here, _KIND, name, namespace=here.namespace, template=template)


def _spec(facility: Facility, jupyter: Jupyter, here: Component, gpu: GpuChoice | None) -> dict[str, Any]:
    claims, mounts = pod_volumes(facility)
    limits = jupyter.limits or Limits()
    found: dict[str, Any] = {"restartPolicy": "Always"}
    if limits.duration:
        # The cluster itself ends a session that lasted as long as one may.
        found["activeDeadlineSeconds"] = limits.duration
    operator = component(facility, "dask-operator")
    account = facility.dask.operator.service_account if facility.dask and facility.dask.operator else None
    if operator and account:
        found["serviceAccountName"] = account
    else:
        found["automountServiceAccountToken"] = False
    if jupyter.group:
        found["securityContext"] = {"supplementalGroups": [jupyter.group.gid]}
    if gpu:
        found |= {"nodeSelector": dict(gpu.selector)} if gpu.selector else {}
        taints = dict.fromkeys((_TAINT, gpu.resource))
        found["tolerations"] = [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in taints]
    found["containers"] = [_container(facility, jupyter, here, gpu, mounts)]
    # The 64 MB of shared memory that a container has by itself are too few for loaders of data on a GPU.
    found["volumes"] = [*claims, {"name": "shm", "emptyDir": {"medium": "Memory"}}]
    return found


def _container(
    facility: Facility, jupyter: Jupyter, here: Component, gpu: GpuChoice | None, mounts: list[dict[str, Any]]
) -> dict[str, Any]:
    image = next(iter(site_images(facility).values()))
    found: dict[str, Any] = {"name": "notebook", "image": pull_reference(image)}
    found["ports"] = [{"name": "notebook", "containerPort": jupyter.port or _PORT}]
    if variables := [{"name": name, "value": value} for name, value in _environment(facility, here)]:
        found["env"] = variables
    found["resources"] = _resources(jupyter.limits or Limits(), gpu)
    found["volumeMounts"] = [*mounts, {"name": "shm", "mountPath": "/dev/shm"}]  # noqa: S108 - the pod's own
    return found


def _resources(limits: Limits, gpu: GpuChoice | None) -> dict[str, Any]:
    """At most what a session may ask for; what is kept for it is what it needs, and GPUs."""
    most: dict[str, str] = {}
    kept: dict[str, str] = {}
    if limits.cpu:
        most["cpu"], kept["cpu"] = cores(limits.cpu), cores(min(limits.cpu, _KEPT_CORES))
    if limits.memory:
        most["memory"], kept["memory"] = memory(limits.memory), memory(min(limits.memory, _KEPT_MEMORY))
    if gpu:
        most[gpu.resource] = kept[gpu.resource] = "1"
    return {key: value for key, value in (("limits", most), ("requests", kept)) if value}


def _environment(facility: Facility, here: Component) -> Iterator[tuple[str, str]]:
    """Variables that are the same for every user: the near cache, Rucio's site, and the namespace of Dask clusters."""
    if cache := first_cache(facility):
        yield "AF_XCACHE", cache.door
    rucio = facility.software.rucio if facility.software else None
    if rucio and rucio.offered and rucio.site:
        yield "SITE_NAME", rucio.site
    operator = component(facility, "dask-operator")
    told = facility.dask.operator if facility.dask else None
    if operator and operator.namespace != here.namespace and told and told.service_account:
        # KubeCluster takes the session's own otherwise, where the account may start nothing.
        yield "DASK_KUBERNETES__NAMESPACE", operator.namespace
