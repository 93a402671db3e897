"""What OKD's router leads to: Services that charts make, by the names that they have for a release.

A release is called as its component. Names and ports are those of the charts' own templates: jupyterhub 4.4
(proxy/service.yaml), servicex 1.0.32 (app/service.yaml, and MinIO's of bitnami), reana 0.95 (reana-server.yaml,
reana-ui.yaml).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.jupyter import JupyterKind
from afspec.generators.cluster import Component, components, dns_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.services import ServiceX

_IN_CLUSTER = (".svc", ".svc.cluster.local", ".local", "localhost")


class Backend(NamedTuple):
    """A Service and where it is published: `path` below `url`, or at an address that OKD assigns.

    `secure` is its port with TLS, name and number, where it has one. `siblings` says that others share its host.
    `chart` makes the Service; "" where afspec's own files do.
    """

    name: str
    component: Component
    service: str
    port: tuple[str, int]
    chart: str
    url: str | None = None
    path: str = ""
    secure: tuple[str, int] | None = None
    siblings: bool = False


def backends(facility: Facility) -> Iterator[Backend]:
    """Every Service that users reach from outside, in the order of the spec.

    A portal is the site's own, and dask-gateway brings its own Route.
    """
    for item in components(facility):
        kind = item.pointer.split("/")[1:3]
        if kind[0] == "jupyter" or kind == ["services", "coffea_casa"]:
            yield from _hub(facility, item)
        elif kind == ["services", "servicex"]:
            yield from _servicex(facility, item)
        elif kind == ["services", "reana"]:
            yield from _reana(facility, item)
        elif kind == ["services", "triton"]:
            yield from _triton(facility, item)


def _hub(facility: Facility, item: Component) -> Iterator[Backend]:
    """The hub's proxy; coffea-casa is an instance of the same chart."""
    found = next((hub for hub in facility.jupyter if f"/jupyter/{hub.name}" == item.pointer), None)
    if found and found.kind is not JupyterKind.HUB_KUBERNETES:
        return
    coffea_casa = facility.services.coffea_casa
    url = found.url if found else coffea_casa.url if coffea_casa else None
    yield Backend(item.name, item, "proxy-public", ("http", 80), "jupyterhub", url, secure=("https", 443))


def _servicex(facility: Facility, item: Component) -> Iterator[Backend]:
    spec: ServiceX = next(one for one in facility.services.servicex if item.pointer.endswith(f"/{one.name}"))
    yield Backend(item.name, item, f"{item.name}-servicex-app", ("tcp", 8000), "servicex", spec.url)
    store = spec.object_store
    if store and store.url and not store.external:
        name = dns_label(item.name, "minio")
        yield Backend(name, item, f"{item.name}-minio", ("minio-api", 9000), "servicex", store.url)


def _reana(facility: Facility, item: Component) -> Iterator[Backend]:
    """One host for the pages and the API, which is where the pages look for it."""
    url = facility.services.reana.url if facility.services.reana else None
    for name, service, path in (("api", "server", "/api"), ("oauth", "server", "/oauth"), ("ui", "ui", "")):
        yield Backend(
            dns_label(item.name, name), item, f"{item.name}-{service}", ("http", 80), "reana", url, path, siblings=True
        )


def _triton(facility: Facility, item: Component) -> Iterator[Backend]:
    """Only where an address for HTTP is promised outside the cluster: models are no business of everybody's.

    Without an image or models no server is made, and nothing that a Route could lead to.
    """
    triton = facility.services.triton
    served = triton and triton.cluster and triton.cluster.image and (triton.repository or triton.folder)
    url = triton.http if triton and served else None
    if triton and url and "://" in url and not url.split("/")[2].partition(":")[0].endswith(_IN_CLUSTER):
        service = triton.service.name if triton.service else "triton"
        yield Backend(item.name, item, service, ("http", 8000), "", url)
