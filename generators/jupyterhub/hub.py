"""A hub on a machine of its own: what the template writes down (JupyterHub 6.1, Configuration Reference)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.jupyter import JupyterKind

from .login import hub_login
from .session import session

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.jupyter import HubService, Jupyter

    from .login import HubLogin
    from .session import Session

# Where a hub listens behind a proxy of the site's own, which has the certificate.
_BEHIND = "http://127.0.0.1:8000"


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
    idle: int | None
    duration: int | None
    login: HubLogin
    session: Session

    @property
    def programs(self) -> str:
        """The folder of the hub's commands."""
        return str(PurePosixPath(self.python).parent)


def hubs(facility: Facility) -> list[Hub]:
    """The offered hubs of which the spec says enough to run them: address, Python, login and spawner."""
    login = hub_login(facility)
    if login is None:
        return []
    return [hub for jupyter in facility.jupyter if (hub := _hub(facility, jupyter, login))]


def _hub(facility: Facility, jupyter: Jupyter, login: HubLogin) -> Hub | None:
    settings = jupyter.hub
    if jupyter.kind is not JupyterKind.HUB_VM or not jupyter.offered or settings is None or settings.python is None:
        return None
    notebooks = session(facility, jupyter)
    if notebooks is None or jupyter.url is None or "<" in jupyter.url:
        return None
    # A machine outside of Kubernetes reads none of its Secrets.
    if any(service.token.kubernetes_secret for service in settings.services):
        return None
    url = jupyter.url.rstrip("/") + "/"
    parts = urlsplit(url)
    tls = bool(settings.certificate and settings.key)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    limits = jupyter.limits
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
        idle=limits.idle if limits else None,
        duration=limits.duration if limits else None,
        login=login,
        session=notebooks,
    )
