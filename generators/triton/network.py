"""How Triton's pods are reached, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.services.triton import GRPC_PORT
from afspec.facility.urls import locate
from afspec.generators.cluster import components, manifest

from .workload import HTTP_PORT, METRICS_PORT, NAME, SELECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

    from .cluster import Cluster

_MONITOR = ("monitoring.coreos.com/v1", "PodMonitor")
_ANYWHERE: dict[str, Any] = {"namespaceSelector": {}}


def network(facility: Facility, cluster: Cluster) -> Iterator[Object]:
    """The Service at the promised address, who may use it, and a PodMonitor where Prometheus' operator is there."""
    where, space = cluster.component, cluster.component.namespace
    ports = (("http", HTTP_PORT), ("grpc", cluster.address.port), ("metrics", METRICS_PORT))
    listed = [{"name": name, "port": port, "targetPort": name, "protocol": "TCP"} for name, port in ports]
    service = {"type": "ClusterIP", "selector": SELECTOR, "ports": _apart(listed, cluster.address.port)}
    yield manifest(facility, where, ("v1", "Service"), cluster.address.name, namespace=space, spec=service)
    policy = {
        "podSelector": {"matchLabels": SELECTOR},
        "policyTypes": ["Ingress"],
        "ingress": _rules(facility, cluster),
    }
    yield manifest(facility, where, ("networking.k8s.io/v1", "NetworkPolicy"), NAME, namespace=space, spec=policy)
    if cluster.settings.monitor == "prometheus-operator":
        endpoint = {"port": "metrics", "path": "/metrics", "interval": "15s"}
        spec = {"selector": {"matchLabels": SELECTOR}, "podMetricsEndpoints": [endpoint]}
        yield manifest(facility, where, _MONITOR, NAME, namespace=space, spec=spec)


def _apart(listed: list[dict[str, Any]], grpc: int) -> list[dict[str, Any]]:
    """The ports without another one at the number that is promised for gRPC: a Service has each number once."""
    return [port for port in listed if port["name"] == "grpc" or port["port"] != grpc]


def _rules(facility: Facility, cluster: Cluster) -> list[dict[str, Any]]:
    """Clients' pods reach the server, Prometheus its metrics; what is in Triton's own namespace reaches both."""
    own = cluster.component.namespace
    users = {
        item.namespace: None
        for item in components(facility)
        # The jobs of a pool are users' too.
        if item.namespace != own and (item.pods == "users" or item.pointer.startswith("/batch/"))
    }
    clients = [_namespace(name) for name in users] or [_ANYWHERE]
    watching = _prometheus(facility)
    inside: dict[str, Any] = {"podSelector": {}}
    return [
        {"from": [inside, *clients], "ports": _ports(HTTP_PORT, GRPC_PORT)},
        {"from": [inside, _namespace(watching) if watching else _ANYWHERE], "ports": _ports(METRICS_PORT)},
    ]


def _ports(*numbers: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": number} for number in numbers]


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _prometheus(facility: Facility) -> str | None:
    """The namespace of Prometheus, where its address is that of a Service."""
    url = facility.orchestration.autoscaling.prometheus if facility.orchestration else None
    parts = locate(url).host.split(".") if url else []
    service = len(parts) == 2 or (len(parts) > 2 and parts[2] == "svc")  # noqa: PLR2004 - NAME.NAMESPACE[.svc...]
    return parts[1] if service else None
