"""How a service gets its address: host and path of its URL, and what the cluster's ingress needs to serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.orchestration import Orchestrator
from afspec.facility.urls import locate

if TYPE_CHECKING:
    from afspec.facility import Facility

ISSUER_ANNOTATION = "cert-manager.io/cluster-issuer"


class Published(NamedTuple):
    """Where a service is published; `by` is the kind of object, and `path` has no slash at its end.

    `annotations` and `ingress_class` are those of an Ingress; `tls` says whether users speak https.
    """

    host: str
    path: str
    tls: bool
    by: str
    ingress_class: str | None
    annotations: dict[str, str]


def published(facility: Facility, url: str | None) -> Published | None:
    """How a URL is served by the facility's cluster; None where there is no URL, or it names no host."""
    at = locate(url) if url else None
    cluster = facility.orchestration
    if at is None or not at.host or cluster is None:
        return None
    tls = at.scheme == "https"
    if cluster.kind is Orchestrator.OKD:
        return Published(at.host, at.path, tls, "Route", None, {})
    ingress = cluster.ingress
    issuer = {ISSUER_ANNOTATION: ingress.issuer} if tls and ingress and ingress.issuer else {}
    return Published(at.host, at.path, tls, "Ingress", ingress.ingress_class if ingress else None, issuer)
