"""The DaskCluster and the DaskAutoscaler (dask-kubernetes documentation, Custom Resources)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.dask import Operator
from afspec.generators.cluster import cores, manifest, memory

from .pods import USER, container, pod

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators.cluster import Component, Object

# What a user replaces by their own name, in all places.
NAME = f"dask-{USER}"
_API = "kubernetes.dask.org/v1"
_SCHEDULER, _DASHBOARD, _WORKER_DASHBOARD = 8786, 8787, 8788
_HEALTH = {"httpGet": {"port": "http-dashboard", "path": "/health"}}


def dask_cluster(facility: Facility, component: Component) -> Object:
    """A cluster of a scheduler and as few workers as the autoscaler starts with."""
    operator = _operator(facility)
    spec: dict[str, Any] = {}
    if operator.idle:
        spec["idleTimeout"] = operator.idle
    spec["scheduler"] = {"spec": pod(facility, _scheduler(facility, operator)), "service": _service()}
    spec["worker"] = {"replicas": operator.minimum, "spec": pod(facility, _worker(facility, operator))}
    return manifest(facility, component, (_API, "DaskCluster"), NAME, namespace=component.namespace, spec=spec)


def dask_autoscaler(facility: Facility, component: Component) -> Object:
    """How many workers that cluster has: as its scheduler wishes, within the spec's bounds."""
    operator = _operator(facility)
    bounds = {"minimum": operator.minimum, "maximum": max(operator.minimum, operator.maximum)}
    spec = {"cluster": NAME, **bounds}
    return manifest(facility, component, (_API, "DaskAutoscaler"), NAME, namespace=component.namespace, spec=spec)


def _operator(facility: Facility) -> Operator:
    return facility.dask.operator if facility.dask and facility.dask.operator else Operator()


def _scheduler(facility: Facility, operator: Operator) -> dict[str, Any]:
    # `dask scheduler`: distributed has the older script dask-scheduler no more (2026.8).
    arguments = ["dask", "scheduler", "--host", "0.0.0.0"]  # noqa: S104 - in its pod, behind its Service
    ports = [_port("tcp-comm", _SCHEDULER), _port("http-dashboard", _DASHBOARD)]
    return container(facility, "scheduler", arguments, ports, _resources(1, operator.scheduler_memory)) | {
        "readinessProbe": {**_HEALTH, "periodSeconds": 5, "timeoutSeconds": 10},
        "livenessProbe": {**_HEALTH, "initialDelaySeconds": 30, "periodSeconds": 20, "timeoutSeconds": 10},
    }


def _worker(facility: Facility, operator: Operator) -> dict[str, Any]:
    # The operator sets DASK_WORKER_NAME, by which it retires workers, and DASK_SCHEDULER_ADDRESS, which dask reads.
    arguments = ["dask", "worker", "--name", "$(DASK_WORKER_NAME)", "--nthreads", str(operator.cores)]
    arguments += ["--dashboard", "--dashboard-address", str(_WORKER_DASHBOARD)]
    ports = [_port("http-dashboard", _WORKER_DASHBOARD)]
    return container(facility, "worker", arguments, ports, _resources(operator.cores, operator.memory))


def _service() -> dict[str, Any]:
    selector = {"dask.org/cluster-name": NAME, "dask.org/component": "scheduler"}
    named = (("tcp-comm", _SCHEDULER), ("http-dashboard", _DASHBOARD))
    ports = [{"name": name, "protocol": "TCP", "port": port, "targetPort": name} for name, port in named]
    return {"type": "ClusterIP", "selector": selector, "ports": ports}


def _port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _resources(number: int, size: int) -> dict[str, Any]:
    """As much as is kept is what may be used: a worker tells by its limit when to spill."""
    amount = {"cpu": cores(number), "memory": memory(size)}
    return {"requests": dict(amount), "limits": dict(amount)}
