"""Execute pods: a Deployment, where the spec has their image, and the configuration that makes each a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import cores, gpu_choices, labels, manifest, memory, pod_volumes
from afspec.generators.quoting import classad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import GpuChoice, Object

    from .growth import Growth

_FILE = "90-afspec.conf"
_CONFIG = f"/etc/condor/config.d/{_FILE}"
_TOKENS = "/etc/condor/afspec-tokens.d"
_MIB = 1024**2
# What HTCondor's daemons need themselves of a pod's memory, in MiB: jobs that had all of it would be killed.
_DAEMONS = 256
# The usual taint of nodes with GPUs (NVIDIA GPU Operator documentation).
_TAINT = "nvidia.com/gpu"


def execute(facility: Facility, growth: Growth) -> Iterator[Object]:
    """The configuration and the Deployment; it has no number of replicas, which is the autoscaler's to say."""
    if not growth.workers.image:
        return
    space = growth.component.namespace
    name = growth.deployment
    gpu = _gpu(facility, growth)
    data = {_FILE: _config(growth, gpu)}
    yield manifest(
        facility, growth.component, ("v1", "ConfigMap"), name, namespace=space, extra_labels=growth.labels, data=data
    )
    template = {
        "metadata": {"labels": labels(facility, growth.component) | growth.labels},
        "spec": _pod(facility, growth, gpu),
    }
    spec = {"selector": {"matchLabels": growth.labels}, "template": template}
    yield manifest(
        facility,
        growth.component,
        ("apps/v1", "Deployment"),
        name,
        namespace=space,
        extra_labels=growth.labels,
        spec=spec,
    )


def _config(growth: Growth, gpu: GpuChoice | None) -> str:
    """What a pod cannot tell by itself: it sees the processors and the memory of the whole node."""
    workers = growth.workers
    size = workers.memory // _MIB
    lines = [f"CONDOR_HOST = {growth.pool.head}"] if growth.pool.head else []
    lines += [
        # Nothing outside reaches a pod, by its address and by the namespace's policies: it connects itself to who
        # wants it, and learns of them from the collector (HTCondor manual, HTCondor Connection Brokering).
        "CCB_ADDRESS = $(COLLECTOR_HOST)",
        f"NUM_CPUS = {workers.cores}",
        f"MEMORY = {max(size - _DAEMONS, size // 2)}",
        "use FEATURE : PartitionableSlot",
        f"GLIDEIN_ResourceName = {classad(growth.resource)}",
        "STARTD_ATTRS = $(STARTD_ATTRS) GLIDEIN_ResourceName",
        f"SEC_TOKEN_SYSTEM_DIRECTORY = {_TOKENS}",
    ]
    if scratch := _scratch(growth):
        lines.append(f"EXECUTE = {scratch}")
    if gpu:
        lines.append("use FEATURE : GPUs")
    return "\n".join(lines) + "\n"


def _pod(facility: Facility, growth: Growth, gpu: GpuChoice | None) -> dict[str, Any]:
    # No seccomp profile: the usual one keeps jobs from starting containers of their own.
    volumes, mounts = pod_volumes(facility) if growth.component.pods == "users" else ([], [])
    volumes = [
        {"name": "condor", "configMap": {"name": growth.deployment}},
        {"name": "token", "secret": {"secretName": growth.secret, "defaultMode": 0o400}},
        *volumes,
    ]
    mounts = [
        {"name": "condor", "mountPath": _CONFIG, "subPath": _FILE, "readOnly": True},
        {"name": "token", "mountPath": _TOKENS, "readOnly": True},
        *mounts,
    ]
    if scratch := _scratch(growth):
        volumes.append({"name": "execute", "emptyDir": {}})
        mounts.append({"name": "execute", "mountPath": scratch})
    container: dict[str, Any] = {"name": "execute", "image": growth.workers.image}
    if growth.pool.head:
        # Images of the field take it from there as well, and write it into their configuration.
        container["env"] = [{"name": "CONDOR_HOST", "value": growth.pool.head}]
    container |= {"resources": _resources(growth, gpu), "volumeMounts": mounts}
    made: dict[str, Any] = {"automountServiceAccountToken": False}
    if gpu and gpu.selector:
        made["nodeSelector"] = gpu.selector
    if gpu:
        taints = dict.fromkeys((_TAINT, gpu.resource))
        made["tolerations"] = [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in taints]
    return made | {"containers": [container], "volumes": volumes}


def _scratch(growth: Growth) -> str | None:
    """The folder of jobs' own files, where it is the same for all users."""
    scratch = growth.pool.scratch
    return scratch if scratch and "<" not in scratch else None


def _gpu(facility: Facility, growth: Growth) -> GpuChoice | None:
    """The GPU that each pod asks for."""
    if not growth.workers.gpus:
        return None
    choices = gpu_choices(facility)
    return next((choice for choice in choices if growth.workers.gpu in {None, choice.name}), None)


def _resources(growth: Growth, gpu: GpuChoice | None) -> dict[str, Any]:
    amount = {"cpu": cores(growth.workers.cores), "memory": memory(growth.workers.memory)}
    if gpu:
        amount[gpu.resource] = str(growth.workers.gpus)
    return {"requests": dict(amount), "limits": dict(amount)}
