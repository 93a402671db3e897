"""What the spec says of the gateway on the cluster, as the chart's values and the Ingress both need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.urls import locate
from afspec.generators.cluster import component
from afspec.generators.ways import worker_image

from .auth import Auth

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.dask import Gateway

# The release's name in the README's command, and so what its objects are called.
RELEASE = "dask-gateway"
_TRAEFIK = "traefik-"
_WEB = 80


class Plan(NamedTuple):
    """`name` is that of the chart's objects, `prefix` the path below which the gateway answers.

    `web` and `tcp` are the proxy's ports for HTTP and for schedulers; the same number means one port for both.
    """

    gateway: Gateway
    namespace: str
    name: str
    prefix: str
    web: int
    tcp: int
    image: str | None
    auth: Auth

    @property
    def service(self) -> str:
        """The Service of the gateway's proxy."""
        return f"{_TRAEFIK}{self.name}"

    @classmethod
    def of(cls, facility: Facility) -> Plan | None:
        """None where no gateway is offered on the cluster, or nothing says how it knows its users."""
        found = component(facility, "dask-gateway")
        gateway = facility.dask.gateway if facility.dask else None
        if found is None or gateway is None:
            return None
        auth = Auth.of(facility, gateway, found.namespace)
        if auth is None:
            return None
        inside = locate(gateway.internal_url) if gateway.internal_url else None
        outside = locate(gateway.url) if gateway.url else None
        web = (inside.port if inside else None) or _WEB
        schedulers = locate(gateway.proxy).port if gateway.proxy else None
        image = worker_image(facility)
        return cls(
            gateway,
            found.namespace,
            _name(inside.host if inside else ""),
            (inside or outside).path if inside or outside else "",  # type: ignore[union-attr]
            web,
            schedulers or web,
            gateway.cluster.image or (image.reference if image else None),
            auth,
        )


def _name(host: str) -> str:
    """The name that gives the proxy's Service the host that the spec tells: traefik-NAME."""
    label = host.partition(".")[0]
    return label.removeprefix(_TRAEFIK) if label.startswith(_TRAEFIK) else RELEASE
