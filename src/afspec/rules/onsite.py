"""What the rules of the cluster (AF39) share: what runs there, as what, and where that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.components import components
from afspec.facility.jupyter import JupyterKind
from afspec.facility.urls import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.components import Component
    from afspec.facility.jupyter import Jupyter
    from afspec.facility.orchestration import Gpu, Quota
    from afspec.facility.services import Triton
    from afspec.facility.urls import Location
    from afspec.facility.workers import Workers


def ways_on_cluster(facility: Facility) -> Iterator[tuple[str, Jupyter]]:
    """The ways to a notebook whose sessions are pods of the facility's cluster, with their pointers."""
    cluster = facility.orchestration
    for way in facility.jupyter if cluster and cluster.offered else ():
        if way.offered and (way.kind is JupyterKind.HUB_KUBERNETES or way.spawner == "kubernetes"):
            yield f"/jupyter/{way.name}", way


def triton_on_cluster(facility: Facility) -> Triton | None:
    """Triton, where it is offered and the facility's cluster runs it."""
    triton, cluster = facility.services.triton, facility.orchestration
    here = triton and triton.offered and triton.server is None and cluster and cluster.offered
    return triton if here else None


def workers_on_cluster(facility: Facility) -> Iterator[tuple[str, str, Workers]]:
    """The pods that HTCondor pools grow by: the pool's pointer, theirs, and what is said of them."""
    cluster = facility.orchestration
    for pool in facility.htcondor_pools if cluster and cluster.offered else ():
        for index, part in enumerate(pool.elastic):
            if part.offered and part.kind == "autoscale" and part.workers is not None:
                yield f"/batch/{pool.name}", f"/batch/{pool.name}/elastic/{index}/workers", part.workers


def hub_pointers(facility: Facility) -> set[str]:
    """Where the spec describes the hubs of the cluster, each a release of the chart of JupyterHub."""
    hubs = {at for at, way in ways_on_cluster(facility) if way.kind is JupyterKind.HUB_KUBERNETES}
    return hubs | {"/services/coffea_casa"}


def quota_of(facility: Facility, namespace: str) -> Quota | None:
    """What a namespace of the facility's services may use: its own quota, else that of all of them."""
    cluster = facility.orchestration
    if cluster is None:
        return None
    own = by_name(cluster.namespaces, namespace)
    return own.quota if own and own.quota else cluster.quota


def namespace_pointer(facility: Facility, component: Component) -> str:
    """Where the spec says in which namespace a component is, or could say it."""
    cluster = facility.orchestration
    pointer = component.pointer
    match pointer.split("/")[1:]:
        case ["orchestration"]:
            return f"{pointer}/vcluster/name"
        case ["gpus"]:
            return pointer
        case ["services", "triton"]:
            triton = facility.services.triton
            named = triton.cluster.namespace if triton and triton.cluster else None
            if triton and triton.service and named is None:
                return f"{pointer}/grpc"
            own = f"{pointer}/cluster/namespace"
        case ["batch", *_]:
            own = f"{pointer}/elastic"
        case _:
            own = f"{pointer}/namespace"
    if cluster is not None and cluster.namespace is not None and component.namespace == cluster.namespace:
        return "/orchestration/namespace"
    return own


class Address(NamedTuple):
    """Where a component of the cluster is published: `pointer` leads to the URL, `made` if afspec publishes it."""

    pointer: str
    url: str
    at: Location
    component: Component
    made: bool = True


def addresses(facility: Facility) -> tuple[Address, ...]:
    """The URLs of what runs on the cluster, without those that only the cluster itself can reach."""
    there = {component.pointer: component for component in components(facility)}
    found = []
    for pointer, field, url, made in _urls(facility) if there else ():
        component = there.get(pointer)
        if component is not None and url and not _inside(at := locate(url)):
            found.append(Address(f"{pointer}/{field}", url, at, component, made))
    return tuple(found)


def _urls(facility: Facility) -> Iterator[tuple[str, str, str | None, bool]]:
    """Of every part that may have one: pointer, field, URL, and whether afspec makes what publishes it."""
    services = facility.services
    for way in facility.jupyter:
        yield f"/jupyter/{way.name}", "url", way.url, way.kind is JupyterKind.HUB_KUBERNETES
    if facility.dask and facility.dask.gateway:
        yield "/dask/gateway", "url", facility.dask.gateway.url, True
    if services.coffea_casa:
        yield "/services/coffea_casa", "url", services.coffea_casa.url, True
    for instance in services.servicex:
        here, store = f"/services/servicex/{instance.name}", instance.object_store
        yield here, "url", instance.url, True
        yield here, "object_store/url", store.url if store else None, not (store and store.external)
    if services.triton and (services.triton.http or "").startswith(("http://", "https://")):
        yield "/services/triton", "http", services.triton.http, False
    if services.reana:
        yield "/services/reana", "url", services.reana.url, True


def _inside(at: Location) -> bool:
    """Whether a host is one of the cluster's own names, which nothing publishes."""
    return ("." not in at.host and "<" not in at.host) or at.host.endswith(
        (".svc", ".svc.cluster.local", ".cluster.local")
    )


def below(path: str, parent: str) -> bool:
    """Whether a path is another or lies below it."""
    return f"{path}/".startswith(f"{parent.rstrip('/')}/")


def cluster_gpus(facility: Facility) -> tuple[Gpu, ...]:
    """The GPU models that nodes of the cluster have: those with a resource."""
    gpus = facility.gpus
    return tuple(gpu for gpu in gpus.models if gpu.resource) if gpus and gpus.offered else ()


def told(facility: Facility, hub: Address, service: Address) -> bool:
    """Whether the hub's own list of services has one that is served at this address."""
    way = next((way for way in facility.jupyter if f"/jupyter/{way.name}" == hub.component.pointer), None)
    told = way.hub.services if way and way.hub else ()
    return any(item.url and below(service.at.path, f"{hub.at.path}/services/{item.name}") for item in told)
