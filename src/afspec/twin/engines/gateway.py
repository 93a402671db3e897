"""dask-gateway's server by the compiled configuration; clusters are processes beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from afspec.twin.asking import http_ailment, hub_python
from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.dask import Gateway as Service

_CONFIG = "dask/gateway/dask_gateway_config.py"
# What a cluster's processes are given of the gateway's variables: also the mark by which a twin knows its own.
_INHERITED = '["PATH", "HOME", "LANG", "LC_ALL", "AFSPEC_TWIN"]'


class Gateway(Engine):
    """dask-gateway-server, its proxy, and the clusters that users ask it for."""

    name: ClassVar[str] = "gateway"
    after: ClassVar[tuple[str, ...]] = ("jupyterhub",)

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where the site runs the gateway itself, with clusters of local processes."""
        gateway = facility.dask.gateway if facility.dask else None
        return bool(gateway and gateway.offered and gateway.server and gateway.backend == "local")

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The host of its address, where that has a name."""
        gateway = facility.dask.gateway if facility.dask else None
        name = urlsplit((gateway.url or "") if gateway else "").hostname or ""
        return [name] if name and not name[0].isdigit() else []

    def prepare(self) -> None:
        """Its token, where the spec keeps it in a file, and the folder of its state."""
        if server := self._service.server:
            self.twin.place(server.token)
            self.room.make_folder(server.state, mode=0o711)

    def daemons(self) -> Sequence[Daemon]:
        """The server, which starts the proxy."""
        server = self._service.server
        return [
            Daemon(
                "gateway",
                (
                    str(Path(hub_python(self.facility)).with_name("dask-gateway-server")),
                    *("-f", self.files.path(_CONFIG)),
                    f"--LocalBackend.inherited_environment={_INHERITED}",
                ),
                environment=self.twin.environment(server.token if server else None),
                directory=server.state if server else "/",
            )
        ]

    def ready(self, daemon: Daemon) -> str:
        """Whether the API answers through the proxy."""
        del daemon
        return http_ailment(self.room, hub_python(self.facility), f"{self._url}/api/health")

    def endpoints(self) -> Sequence[Endpoint]:
        """Its address."""
        return [Endpoint("gateway", self._url)]

    @property
    def _service(self) -> Service:
        gateway = self.facility.dask.gateway if self.facility.dask else None
        if gateway is None:
            raise LookupError("the spec has no dask-gateway")
        return gateway

    @property
    def _url(self) -> str:
        return (self._service.url or "").rstrip("/")
