"""What publishes the gateway: the hub, as one of its services, or else an Ingress or Route of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.urls import locate
from afspec.generators.cluster import manifest, published

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators.cluster import Object

    from .plan import Plan


def publication(facility: Facility, plan: Plan) -> Object | None:
    """The Ingress or Route; None where a hub serves the address, or there is none."""
    url = plan.gateway.url
    at = published(facility, url)
    if url is None or at is None or by_hub(facility, url):
        return None
    path = plan.prefix or "/"
    spec: dict[str, Any]
    if at.by == "Route":
        spec = {
            "host": at.host,
            # A path at the root is no path.
            **({"path": path} if path != "/" else {}),
            "to": {"kind": "Service", "name": plan.service, "weight": 100},
            "port": {"targetPort": "web"},
            # The proxy behind it has no certificate.
            **({"tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"}} if at.tls else {}),
        }
        kind = ("route.openshift.io/v1", "Route")
    else:
        backend = {"service": {"name": plan.service, "port": {"name": "web"}}}
        rule = {"host": at.host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
        spec = {
            **({"ingressClassName": at.ingress_class} if at.ingress_class else {}),
            **({"tls": [{"hosts": [at.host], "secretName": f"{plan.name}-tls"}]} if at.tls else {}),
            "rules": [rule],
        }
        kind = ("networking.k8s.io/v1", "Ingress")
    return manifest(
        facility, "dask-gateway", kind, plan.name, namespace=plan.namespace, annotations=at.annotations, spec=spec
    )


def by_hub(facility: Facility, url: str) -> bool:
    """Whether the address is one of a hub's services (JupyterHub documentation, Services): HUB/services/NAME/."""
    at = locate(url)
    hubs = (locate(item.url) for item in facility.jupyter if item.offered and item.url)
    return any(at.host == hub.host and f"{at.path}/".startswith(f"{hub.path}/services/") for hub in hubs)
