"""A hub on a machine of its own: what the template writes down (JupyterHub 6.1, Configuration Reference)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.jupyter import JupyterKind, Limits

from .login import hub_login
from .session import session

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.jupyter import Hub as Settings
    from afspec.facility.jupyter import HubService, Jupyter
    from afspec.generators.oauth import HubLogin

    from .session import Session

# Where a hub listens behind a proxy of the site's own, which has the certificate.
_BEHIND = "http://127.0.0.1:8000"
# Seconds between looks for idle kernels, and those that a batch job is given to start.
_LOOK = 300
_QUEUE = 300


class Hub(NamedTuple):
    """What the template writes down; times are in seconds."""

    name: str
    title: str
    url: str
    bind: str
    address: str
    callback: str
    certificate: str | None
    key: str | None
    python: str
    proxy: str
    state: str
    api_port: int
    proxy_port: int
    unix: bool
    admins: tuple[str, ...]
    services: tuple[HubService, ...]
    limits: Limits
    settings: Settings
    login: HubLogin
    session: Session

    @property
    def programs(self) -> str:
        """The folder of the hub's commands."""
        return str(PurePosixPath(self.python).parent)

    @property
    def culler(self) -> list[str]:
        """The command that ends idle and old sessions; empty where the spec limits neither."""
        idle, oldest, every = self.limits.idle, self.limits.duration, self.settings.culling.every
        if not (idle or oldest):
            return []
        command = [self.python, "-m", "jupyterhub_idle_culler", f"--timeout={idle or oldest}"]
        command += [f"--max-age={oldest}"] if oldest else []
        return command + ([f"--cull-every={every}"] if every else [])

    @property
    def arguments(self) -> list[str]:
        """What every session's server is told: it ends idle kernels, and itself where the hub could not."""
        kernels, idle = self.settings.culling.kernels, self.limits.idle
        if not kernels:
            return []
        found = [
            f"--MappingKernelManager.cull_idle_timeout={kernels}",
            f"--MappingKernelManager.cull_interval={min(kernels, _LOOK)}",
        ]
        return [*found, f"--ServerApp.shutdown_no_activity_timeout={idle}"] if idle else found

    @property
    def start_timeout(self) -> int | None:
        """Seconds until a start is given up; a wrapper of several spawners has less patience than its batch jobs."""
        return self.settings.start_timeout or (_QUEUE if self.session.mixed else None)


def hubs(facility: Facility) -> list[Hub]:
    """The offered hubs of which the spec says enough to run them: address, Python, login and spawner."""
    return [hub for jupyter in facility.jupyter if (hub := _hub(facility, jupyter))]


def _hub(facility: Facility, jupyter: Jupyter) -> Hub | None:
    settings = jupyter.hub
    if jupyter.kind is not JupyterKind.HUB_VM or not jupyter.offered or settings is None or settings.python is None:
        return None
    login, notebooks = hub_login(facility, jupyter), session(facility, jupyter)
    if login is None or notebooks is None or jupyter.url is None or "<" in jupyter.url:
        return None
    # A machine outside of Kubernetes reads none of its Secrets.
    secrets = [service.token for service in settings.services] + [settings.database, settings.cookie_secret]
    if any(secret and secret.kubernetes_secret for secret in secrets):
        return None
    url = jupyter.url.rstrip("/") + "/"
    parts = urlsplit(url)
    tls = bool(settings.certificate and settings.key)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Hub(
        name=jupyter.name,
        title=jupyter.title or "JupyterHub",
        url=url,
        bind=f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"
        if tls or parts.scheme == "http"
        else _BEHIND + parts.path,
        # Sessions on other machines must reach the hub; where there are none, nobody else needs to.
        address=parts.hostname or "127.0.0.1" if notebooks.script else "127.0.0.1",
        callback=f"{url}hub/oauth_callback",
        certificate=settings.certificate if tls else None,
        key=settings.key if tls else None,
        python=settings.python,
        proxy=settings.proxy or "configurable-http-proxy",
        state=settings.state,
        api_port=settings.api_port,
        proxy_port=settings.proxy_port,
        unix=settings.runs_as == "user",
        admins=tuple(sorted(settings.admins)),
        services=settings.services,
        limits=jupyter.limits or Limits(),
        settings=settings,
        login=login,
        session=notebooks,
    )
