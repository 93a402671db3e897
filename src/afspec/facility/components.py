"""What the facility runs on its cluster: each component with its namespace, and whose pods are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from afspec.facility.dns import dns_label
from afspec.facility.jupyter import JupyterKind
from afspec.facility.orchestration import Orchestrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility.facility import Facility

# Namespaces of components that the spec gives none.
USUAL_NAMESPACES = ("triton", "reana", "dask", "dask-gateway", "coffea-casa", "nvidia-device-plugin")

Pods = Literal["users", "services"]
Security = Literal["restricted", "baseline", "privileged"]


class Component(NamedTuple):
    """A component: `pods` are those of users' sessions and workers, which see their storage, or a service's own.

    `pointer` leads to what the spec says of it; `security` is the level of the Pod Security Standards that it needs.
    """

    name: str
    title: str
    namespace: str
    pointer: str
    pods: Pods = "services"
    security: Security = "baseline"


def components(facility: Facility) -> tuple[Component, ...]:
    """What is offered on the facility's cluster, in the order of the spec; empty where no cluster is offered."""
    cluster = facility.orchestration
    if cluster is None or not cluster.offered:
        return ()
    return tuple(_found(facility))


def component(facility: Facility, name: str) -> Component | None:
    """The component of that name, where it is offered on the facility's cluster."""
    return next((found for found in components(facility) if found.name == name), None)


def _found(facility: Facility) -> Iterator[Component]:
    shared = facility.orchestration.namespace if facility.orchestration else None
    yield from _cluster(facility)
    yield from _sessions(facility, shared)
    yield from _dask(facility, shared)
    yield from _services(facility, shared)
    for pool in facility.htcondor_pools:
        grown = next((part for part in pool.elastic if part.offered and part.kind == "autoscale"), None)
        if grown:
            own = grown.workers.namespace if grown.workers else None
            # Where the site makes the pods, it gives them their storage too.
            pods: Pods = "users" if grown.workers and grown.workers.image and pool.shared_home else "services"
            name = dns_label(pool.name, "workers")
            namespace = own or shared or dns_label(pool.name)
            # Jobs start containers of their own, which takes the node's sockets and devices.
            yield Component(name, "HTCondor workers", namespace, f"/batch/{pool.name}", pods, "privileged")


def _cluster(facility: Facility) -> Iterator[Component]:
    """What belongs to the cluster itself; it needs rights that services have not."""
    cluster, gpus = facility.orchestration, facility.gpus
    if cluster and cluster.kind is Orchestrator.VCLUSTER:
        namespace = dns_label("vcluster", cluster.vcluster.name)
        # Its users' pods are pods of the host: a level that lets them have the nodes would give them everybody's.
        yield Component("vcluster", "Virtual cluster", namespace, "/orchestration")
    if gpus and gpus.offered and any(gpu.resource for gpu in gpus.models):
        yield Component("gpu", "NVIDIA device plugin", "nvidia-device-plugin", "/gpus", security="privileged")


def _sessions(facility: Facility, shared: str | None) -> Iterator[Component]:
    for item in facility.jupyter:
        on_cluster = item.kind is JupyterKind.HUB_KUBERNETES or item.spawner == "kubernetes"
        if item.offered and on_cluster:
            name = dns_label(item.name)
            namespace = item.namespace or shared or name
            yield Component(name, item.title or "Notebooks", namespace, f"/jupyter/{item.name}", "users")


def _dask(facility: Facility, shared: str | None) -> Iterator[Component]:
    gateway = facility.dask.gateway if facility.dask else None
    operator = facility.dask.operator if facility.dask else None
    if gateway and gateway.offered and gateway.backend == "kubernetes":
        namespace = gateway.namespace or shared or "dask-gateway"
        yield Component("dask-gateway", "dask-gateway", namespace, "/dask/gateway", "users")
    if operator and operator.offered:
        yield Component(
            "dask-operator", "Dask clusters", operator.namespace or shared or "dask", "/dask/operator", "users"
        )


def _services(facility: Facility, shared: str | None) -> Iterator[Component]:
    services = facility.services
    coffea_casa, triton, reana = services.coffea_casa, services.triton, services.reana
    if coffea_casa and coffea_casa.offered:
        namespace = coffea_casa.namespace or shared or "coffea-casa"
        yield Component("coffea-casa", "coffea-casa", namespace, "/services/coffea_casa", "users")
    for instance in services.servicex:
        if instance.offered:
            name = dns_label(instance.name)
            yield Component(
                name, "ServiceX", instance.namespace or shared or name, f"/services/servicex/{instance.name}"
            )
    # A server that the site runs by itself needs no cluster.
    if triton and triton.offered and triton.server is None:
        # The address that users are promised says where it is.
        promised = triton.service.namespace if triton.service else None
        own = (triton.cluster.namespace if triton.cluster else None) or promised
        yield Component("triton", "Triton", own or shared or "triton", "/services/triton")
    if reana and reana.offered:
        # Its chart's cron jobs name a folder of the node, whatever its values say (REANA chart, cronjobs.yaml).
        namespace = reana.namespace or shared or "reana"
        yield Component("reana", "REANA", namespace, "/services/reana", security="privileged")
