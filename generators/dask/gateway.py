"""How a site runs dask-gateway on one machine: what its server is told (dask-gateway 2026.3, Configuration).

Only clusters of local processes are covered: on Kubernetes the gateway's chart is the way.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.jupyter import JupyterKind
from afspec.facility.urls import locate

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.dask import Gateway, GatewayServer

_AUTHENTICATORS = {"jupyterhub": "JupyterHubAuthenticator", "basic": "SimpleAuthenticator"}


class Server(NamedTuple):
    """What the template writes down; addresses are host:port, `prefix` the path below which the proxy answers."""

    proxy: str
    schedulers: str
    prefix: str
    api: str
    authenticator: str
    hub_api: str
    token: SecretRef | None
    backend: str
    state: str
    dask: str
    max_cores: int | None
    idle: int | None

    @classmethod
    def of(cls, facility: Facility) -> Server | None:
        """The server; None where the gateway is not offered, or the spec says too little to run it here."""
        gateway = facility.dask.gateway if facility.dask else None
        if gateway is None or not gateway.offered or gateway.server is None or gateway.backend != "local":
            return None
        authenticator = _AUTHENTICATORS.get(gateway.auth or "", "")
        hub_api = _hub_api(facility) if gateway.auth == "jupyterhub" else ""
        url = _listens_at(gateway)
        if not authenticator or not url or (gateway.auth == "jupyterhub" and not hub_api):
            return None
        settings = gateway.server
        at = locate(url)
        proxy = at.address(80)
        return cls(
            proxy=proxy,
            schedulers=locate(gateway.proxy).address(8786) if gateway.proxy else proxy,
            prefix=at.path,
            api=f"{at.host}:{settings.api_port}",
            authenticator=f"dask_gateway_server.auth.{authenticator}",
            hub_api=hub_api,
            token=settings.token,
            backend=f"dask_gateway_server.backends.local.{_backend(settings)}",
            state=settings.state,
            dask=str(PurePosixPath(settings.python).with_name("dask")) if settings.python else "dask",
            max_cores=gateway.max_cores,
            idle=gateway.idle,
        )


def _listens_at(gateway: Gateway) -> str:
    """The address of the gateway's own proxy: where users see https, another proxy stands before it."""
    return next((url for url in (gateway.internal_url, gateway.url) if url and url.startswith("http://")), "")


def _hub_api(facility: Facility) -> str:
    """The API of the site's own JupyterHub; "" where there is none."""
    hubs = (item.url for item in facility.jupyter if item.kind is JupyterKind.HUB_VM and item.offered and item.url)
    return next((f"{url.rstrip('/')}/hub/api" for url in hubs), "")


def _backend(settings: GatewayServer) -> str:
    return "LocalBackend" if settings.runs_as == "user" else "UnsafeLocalBackend"
