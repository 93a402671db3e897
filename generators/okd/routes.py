"""Routes: how OKD's router publishes services (OKD documentation, Configuring Routes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import Required, dns_label, manifest, published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

    from .backends import Backend

_ROUTE = ("route.openshift.io/v1", "Route")


def routes(facility: Facility, found: Iterable[Backend]) -> Iterator[Object]:
    """A Route for each; where TLS goes through to the pods nobody sees a path, so that a host has one Route only."""
    hosts: set[tuple[str, str]] = set()
    through = _termination(facility) == "passthrough"
    for item in found:
        spec = _spec(facility, item)
        host = spec.get("host") or spec.get("subdomain") or ""
        if through and host and (item.component.namespace, host) in hosts:
            continue
        hosts.add((item.component.namespace, host))
        yield manifest(facility, item.component, _ROUTE, item.name, namespace=item.component.namespace, spec=spec)


def wanted(facility: Facility, found: Iterable[Backend]) -> Iterator[Required]:
    """The Services of charts that the Routes lead to."""
    services: dict[tuple[str, str], list[Backend]] = {}
    for item in found:
        if item.chart:
            services.setdefault((item.component.namespace, item.service), []).append(item)
    for (namespace, name), items in services.items():
        why = f"the Route {' and '.join(item.name for item in items)} leads to it"
        release = items[0].component.name
        how = f"made by the chart {items[0].chart} for a release called {release} in the namespace {namespace}"
        yield Required("Service", name, why, how, namespace, _port(facility, items[0]))


def _termination(facility: Facility) -> str:
    ingress = facility.orchestration.ingress if facility.orchestration else None
    return ingress.termination if ingress else "edge"


def _port(facility: Facility, item: Backend) -> tuple[str, int]:
    """The port by its name and its number: what ends TLS itself listens for it on a port of its own."""
    return item.secure if item.secure and _termination(facility) != "edge" else item.port


def _spec(facility: Facility, item: Backend) -> dict[str, Any]:
    termination = _termination(facility)
    at = published(facility, item.url) if item.url and "<" not in item.url else None
    spec: dict[str, Any] = {}
    if at:
        spec["host"] = at.host
    elif item.siblings:
        # One name below the router's domain for all; without, OKD would assign a host to each.
        spec["subdomain"] = dns_label(item.component.name, item.component.namespace)
    path = f"{at.path if at else ''}{item.path}"
    if path and termination != "passthrough":
        spec["path"] = path
    spec["to"] = {"kind": "Service", "name": item.service, "weight": 100}
    spec["port"] = {"targetPort": _port(facility, item)[0]}
    if at is None or at.tls:
        spec["tls"] = {"termination": termination, "insecureEdgeTerminationPolicy": "Redirect"}
    return spec
