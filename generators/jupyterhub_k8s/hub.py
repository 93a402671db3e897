"""The hub itself: who signs in, its secrets, services and database, where it is found, when sessions end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.access import Door
from afspec.facility.jupyter import Hub, Limits
from afspec.generators import hub_chart
from afspec.generators.cluster import published, secret
from afspec.generators.oauth import hub_login
from afspec.generators.quoting import python

from .services import gateway_service, own_services
from .sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.jupyter import Jupyter
    from afspec.generators.cluster import Component, Published, Required
    from afspec.generators.oauth import HubLogin

    from .services import Services

# Variables of the hub's pod, and the keys of Secrets by which the chart itself knows the same.
_COOKIE, _COOKIE_KEY = "JUPYTERHUB_COOKIE_SECRET", "hub.config.JupyterHub.cookie_secret"
_DATABASE = "JUPYTERHUB_DATABASE_URL"
# The label that every namespace has (Kubernetes documentation, Automatic labelling).
_NAMESPACE = "kubernetes.io/metadata.name"
# Seconds that the chart leaves between looks for idle sessions, and between a session's looks for idle kernels.
_EVERY, _LOOK = 600, 300


class Setup(NamedTuple):
    """What all parts of a hub's values are worked out from."""

    facility: Facility
    jupyter: Jupyter
    here: Component
    settings: Hub
    login: HubLogin | None
    at: Published | None
    services: Services

    @property
    def own(self) -> str:
        """The Secret of the hub's own variables."""
        return f"{self.here.name}-secrets"


def chart_values(facility: Facility, jupyter: Jupyter, here: Component) -> tuple[dict[str, Any], list[Required], bool]:
    """The chart's values, what must be there first, and whether nobody can sign in."""
    settings = jupyter.hub or Hub()
    login = hub_login(facility, Door.JUPYTER, settings.login, lambda found: not found.file)
    at = published(facility, jupyter.url) if jupyter.url and "<" not in jupyter.url else None
    services = own_services(settings, gateway_service(facility, here))
    this = Setup(facility, jupyter, here, settings, login, at, services)
    callback = f"{jupyter.url.rstrip('/')}/hub/oauth_callback" if at and jupyter.url else None
    entry = hub_chart.authentication(login, callback, settings.admins)
    secrets = entry.secrets | _secrets(this)
    data = {
        "hub": _hub(this, entry, secrets),
        "proxy": {"service": {"type": "ClusterIP"}},
        "ingress": hub_chart.ingress(at, here.name),
        "cull": _cull(jupyter.limits or Limits(), settings),
        "singleuser": sessions(facility, jupyter, here, login),
        **hub_chart.on_a_sites_cluster(),
    }
    return data, list(_needs(this, secrets)), login is None


def _secrets(this: Setup) -> dict[str, SecretRef]:
    """Variables of the hub's pod beside its client's secret."""
    found = dict(this.services.variables)
    cookie, database = this.settings.cookie_secret, this.settings.database
    known = cookie and cookie.kubernetes_secret
    # Under the chart's own key the chart finds it by itself.
    chart = known and known.key == _COOKIE_KEY and known.name == this.services.existing_secret
    if cookie and not cookie.file and not chart:
        found[_COOKIE] = cookie
    if database and not database.file:
        found[_DATABASE] = database
    return found


def _hub(this: Setup, entry: hub_chart.Authentication, secrets: dict[str, SecretRef]) -> dict[str, Any]:
    config = dict(entry.config)
    if this.at and this.jupyter.url:
        config["JupyterHub"] = {**config["JupyterHub"], "public_url": this.jupyter.url.rstrip("/") + "/"}
    config |= _spawner(this)
    found: dict[str, Any] = {"config": config}
    if this.services.existing_secret:
        found["existingSecret"] = this.services.existing_secret
    if variables := hub_chart.from_secrets(secrets, this.own):
        found["extraEnv"] = variables
    if this.services.values:
        found["services"] = this.services.values
    if this.services.roles:
        found["loadRoles"] = this.services.roles
    found["db"] = _database(this, secrets)
    found |= _bounds(this)
    # The parts run in the order of their names.
    parts = {"10-login": entry.code, "20-references": _code(secrets, this.services)}
    if code := {name: text for name, text in parts.items() if text}:
        found["extraConfig"] = code
    found["networkPolicy"] = {"enabled": True, **_askers(this.services)}
    return found


def _askers(services: Services) -> dict[str, Any]:
    """Leave for pods of other namespaces to ask the hub, which the chart gives to its own alone."""
    chosen = [{"namespaceSelector": {"matchLabels": {_NAMESPACE: name}}} for name in services.namespaces]
    return {"ingress": [{"from": chosen, "ports": [{"port": "http", "protocol": "TCP"}]}]} if chosen else {}


def _bounds(this: Setup) -> dict[str, Any]:
    """Where the hub is below its host, and how many sessions it has."""
    settings, found = this.settings, dict[str, Any]()
    if this.at and this.at.path:
        found["baseUrl"] = f"{this.at.path}/"
    if settings.starting:
        found["concurrentSpawnLimit"] = settings.starting
    if settings.running:
        found["activeServerLimit"] = settings.running
    if settings.named_servers:
        found |= {"allowNamedServers": True, "namedServerLimitPerUser": settings.named_servers}
    return found


def _spawner(this: Setup) -> dict[str, Any]:
    """Traits of KubeSpawner for which the chart has no value."""
    traits: dict[str, Any] = {}
    group = this.jupyter.group
    if group:
        traits["supplemental_gids"] = [group.gid]
        if this.login and this.login.uid_claim:
            traits["gid"] = group.gid
    kernels, idle = this.settings.culling.kernels, this.jupyter.limits.idle if this.jupyter.limits else None
    if kernels:
        # The session itself ends a kernel that does nothing, and itself without kernels where the hub is away.
        traits["args"] = [
            f"--MappingKernelManager.cull_idle_timeout={kernels}",
            f"--MappingKernelManager.cull_interval={min(kernels, _LOOK)}",
            *([f"--ServerApp.shutdown_no_activity_timeout={idle}"] if idle else []),
        ]
    return {"KubeSpawner": traits} if traits else {}


def _database(this: Setup, secrets: dict[str, SecretRef]) -> dict[str, Any]:
    if _DATABASE in secrets:
        return {"type": "other"}
    cluster = this.facility.orchestration
    volume = {"pvc": {"storageClassName": cluster.storage_class}} if cluster and cluster.storage_class else {}
    return {"type": "sqlite-pvc", **volume}


def _code(secrets: dict[str, SecretRef], services: Services) -> str:
    """Python that takes secrets from the pod's variables, where the chart would have them in its values."""
    lines = []
    if _DATABASE in secrets:
        lines.append(f"c.JupyterHub.db_url = os.environ[{python(_DATABASE)}].strip()")
    if _COOKIE in secrets:
        lines.append(f"c.JupyterHub.cookie_secret = bytes.fromhex(os.environ[{python(_COOKIE)}].strip())")
    if services.tokens:
        tokens = ", ".join(f"{python(name)}: {python(variable)}" for name, variable in services.tokens.items())
        lines += [
            f"tokens = {{{tokens}}}",
            "for service in c.JupyterHub.services:",
            '    if service["name"] in tokens:',
            '        service["api_token"] = os.environ[tokens[service["name"]]].strip()',
        ]
    return "\n".join(["import os", "", *lines, ""]) if lines else ""


def _cull(limits: Limits, settings: Hub) -> dict[str, Any]:
    """When sessions end; where the spec says neither how long they may idle nor how long they last, by the chart."""
    idle, oldest = limits.idle, limits.duration
    timeout = idle or oldest
    if timeout is None:
        return {"enabled": True}
    every = settings.culling.every or (timeout // 2 if timeout < 2 * _EVERY else None)
    found: dict[str, Any] = {"enabled": True, "timeout": timeout}
    if every:
        found["every"] = max(every, 1)
    if oldest:
        found["maxAge"] = oldest
    return found


def _needs(this: Setup, secrets: dict[str, SecretRef]) -> Iterator[Required]:
    """Secrets that the hub reads, each with all of its keys, and what publishes it."""
    keys: dict[str, dict[str, str]] = {}
    why = {
        hub_chart.CLIENT_SECRET: "the hub's client at its issuer",
        _COOKIE: "signs cookies, in hexadecimal",
        _DATABASE: "URL of the database",
        **dict.fromkeys(this.services.tokens.values(), "token of a service"),
    }
    for variable, reference in secrets.items():
        if at := hub_chart.in_secret(reference, this.own):
            keys.setdefault(at.name, {})[at.key] = why[variable]
    for key in this.services.existing_keys:
        keys.setdefault(this.services.existing_secret or "", {})[key] = "token of a service"
    cookie = this.settings.cookie_secret.kubernetes_secret if this.settings.cookie_secret else None
    if cookie and _COOKIE not in secrets:
        keys.setdefault(cookie.name, {})[cookie.key] = why[_COOKIE]
    for name, found in keys.items():
        yield secret(this.here.namespace, name, tuple(found), "; ".join(dict.fromkeys(found.values())))
    yield from hub_chart.ingress_needs(this.at, this.here.name, this.here.namespace)
