"""JupyterHub by the compiled configuration; sessions run where the spec's spawner sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.access import Door
from afspec.facility.jupyter import Hub, JupyterKind
from afspec.twin.asking import http_ailment
from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.jupyter import Jupyter

# What a session is given of the hub's variables in a room without walls; by AFSPEC_TWIN a twin knows its own processes.
_KEPT = ("AFSPEC_TWIN", "PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class Service(NamedTuple):
    """A hub of the facility, and its compiled configuration."""

    jupyter: Jupyter
    settings: Hub
    config: str

    @property
    def daemon(self) -> str:
        """What its process is called."""
        return f"hub-{self.jupyter.name}"

    @property
    def url(self) -> str:
        """Where users find it; without a slash at the end."""
        return (self.jupyter.url or "").rstrip("/")

    @property
    def host(self) -> str:
        """The host of its address."""
        return urlsplit(self.url).hostname or ""


class JupyterHub(Engine):
    """The hubs, each with its proxy and its services."""

    name: ClassVar[str] = "jupyterhub"
    after: ClassVar[tuple[str, ...]] = ("oidc", "slurm", "htcondor")

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where a hub on a machine of its own is offered, and the spec says how it runs."""
        return any(True for _ in _hubs(facility))

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The hubs' hosts, and the nodes of Slurm on which the hubs ask for their sessions."""
        hubs = _hubs(facility)
        pools = facility.slurm_pools if any(jupyter.spawner == "slurm" for jupyter in hubs) else ()
        nodes = [name for pool in pools[:1] for name in pool.replica.node_names]
        return [*(host for jupyter in hubs if (host := urlsplit(jupyter.url or "").hostname)), *nodes]

    def prepare(self) -> None:
        """Certificates, secrets that the spec keeps in files, and the folders of the hubs' state."""
        for service in self.services:
            settings = service.settings
            if settings.certificate and settings.key:
                self.room.certificate([service.host], settings.certificate, settings.key)
            self.twin.place(*self._secrets(service))
            self.room.make_folder(settings.state, mode=0o700)

    def daemons(self) -> Sequence[Daemon]:
        """A process for each hub; the proxy is its child."""
        return [
            Daemon(
                service.daemon,
                (service.settings.python or "python3", "-m", "jupyterhub", "-f", self.files.path(service.config))
                + (() if self.room.private else tuple(f"--Spawner.env_keep={name}" for name in _KEPT)),
                environment=self.twin.environment(*self._secrets(service)) | self._path(service),
                directory=service.settings.state,
            )
            for service in self.services
        ]

    def ready(self, daemon: Daemon) -> str:
        """Whether the hub answers through its proxy (JupyterHub documentation, REST API)."""
        service = next(service for service in self.services if service.daemon == daemon.name)
        return http_ailment(self.room, service.settings.python or "python3", f"{service.url}/hub/api/")

    def endpoints(self) -> Sequence[Endpoint]:
        """Where users find the hubs."""
        return [Endpoint(f"jupyterhub {service.jupyter.name}", f"{service.url}/") for service in self.services]

    @property
    def services(self) -> list[Service]:
        """The hubs of which the compiler wrote a configuration."""
        places = (
            (jupyter, settings, path)
            for jupyter in _hubs(self.facility)
            if (settings := jupyter.hub)
            for path in (f"jupyterhub/{jupyter.name}/{_CONFIG}", f"jupyterhub/{_CONFIG}")
        )
        return [Service(*place) for place in places if self.files.has(place[2])]

    def _path(self, service: Service) -> dict[str, str]:
        """The search path with the hub's own commands: the proxy that can do TLS asks it for Node.js."""
        path = self.room.environment().get("PATH", "")
        return {"PATH": f"{(service.settings.python or '').rpartition('/')[0]}:{path}"}

    def _secrets(self, service: Service) -> list[SecretRef]:
        """The references that its configuration reads: the client's secret, and the tokens of services."""
        clients = [
            login.client.secret
            for login in self.facility.logins
            if login.offered and login.client and Door.JUPYTER in login.opens
        ]
        return [*clients, *(item.token for item in service.settings.services)]


_CONFIG = "jupyterhub_config.py"


def _hubs(facility: Facility) -> list[Jupyter]:
    return [
        item
        for item in facility.jupyter
        if item.kind is JupyterKind.HUB_VM and item.offered and item.url and item.hub and item.hub.python
    ]
