"""Services that ask the hub: each with a token by reference, and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.jupyter import JupyterKind
from afspec.generators.cluster import component
from afspec.generators.ways import gateway_hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.jupyter import Hub, HubService
    from afspec.generators.cluster import Component

GATEWAY = "dask-gateway"
# What users and their sessions may do by JupyterHub's own account (RBAC Reference, Default roles), and ask the gateway:
# it refuses tokens that nobody gave that, of other services for one.
_ASK = f"access:services!service={GATEWAY}"
_ROLES = {"user": ("self", _ASK), "server": ("users:activity!user", "access:servers!server", _ASK)}
# The Secret that the chart makes by itself, whatever the release is called.
CHARTS_OWN = "hub"


class Services(NamedTuple):
    """`values` is for hub.services, `roles` for hub.loadRoles.

    Tokens come from `existing_secret` by the chart's own keys, or from variables of the hub's pod: `tokens` are their
    names by service, `variables` where each is. A service with neither gets a token that the chart makes and keeps.
    `namespaces` are those whose pods ask the hub itself.
    """

    values: dict[str, Any]
    roles: dict[str, Any]
    existing_secret: str | None
    existing_keys: tuple[str, ...]
    tokens: dict[str, str]
    variables: dict[str, SecretRef]
    namespaces: tuple[str, ...]


class Service(NamedTuple):
    """A service, as the hub knows it; `token` is None where the chart makes one.

    One of the facility's own, in its `namespace`, is no page to look at.
    """

    name: str
    url: str | None
    scopes: tuple[str, ...]
    token: SecretRef | None
    namespace: str | None = None


def gateway_service(facility: Facility, here: Component) -> Service | None:
    """dask-gateway, where it knows its users from this hub: it asks the hub, and has its address below the hub's.

    The hub's proxy sends what is below its own /services/dask-gateway/ on to the address inside the cluster.
    """
    gateway = facility.dask.gateway if facility.dask else None
    there = component(facility, GATEWAY)
    if gateway is None or there is None or gateway.auth != "jupyterhub":
        return None
    mine = gateway_hub(facility, gateway)
    if mine is None or mine.kind is not JupyterKind.HUB_KUBERNETES or f"/jupyter/{mine.name}" != here.pointer:
        return None
    below = f"{mine.url.rstrip('/')}/services/{GATEWAY}" if mine.url else None
    url = None
    if below and gateway.url and gateway.url.rstrip("/") == below:
        inside = urlsplit(gateway.internal_url or f"http://traefik-{GATEWAY}.{there.namespace}")
        url = f"{inside.scheme}://{inside.netloc}"
    # In another namespace the gateway has a copy of what the chart makes for the hub.
    token = gateway.server.token if gateway.server and there.namespace == here.namespace else None
    known = token.kubernetes_secret if token else None
    return Service(GATEWAY, url, (), token if known and known.name != CHARTS_OWN else None, there.namespace)


def own_services(settings: Hub, gateway: Service | None) -> Services:
    """The spec's services, and dask-gateway where they lack it."""
    listed = [_service(item) for item in settings.services]
    found = {item.name: item for item in ([gateway] if gateway else []) + listed}
    if gateway and (told := found[gateway.name]) is not gateway:
        found[gateway.name] = told._replace(url=told.url or gateway.url, namespace=gateway.namespace)
    existing = next(_known(found.values()), None)
    values, roles, keys, tokens, variables = {}, {}, [], {}, {}
    for item in found.values():
        values[item.name] = _values(item)
        if item.scopes:
            role = f"service-{item.name.lower()}-role"
            roles[role] = {"scopes": list(item.scopes), "services": [item.name]}
        at = item.token.kubernetes_secret if item.token else None
        if at and at.name == existing and at.key == _key(item.name):
            keys.append(at.key)
        elif item.token and not item.token.file:
            variable = "TOKEN_" + "".join(c if c.isalnum() else "_" for c in item.name.upper())
            while variable in variables:
                variable += "_"
            tokens[item.name] = variable
            variables[variable] = item.token
    if gateway:
        roles |= {name: {"scopes": list(scopes)} for name, scopes in _ROLES.items()}
    asking = tuple(sorted({item.namespace for item in found.values() if item.namespace}))
    return Services(values, roles, existing, tuple(keys), tokens, variables, asking)


def _service(item: HubService) -> Service:
    return Service(item.name, item.url, item.scopes, item.token)


def _values(item: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if item.url:
        found["url"] = item.url
    if item.namespace:
        found["display"] = False
    return found


def _key(service: str) -> str:
    """The key by which the chart knows a service's token."""
    return f"hub.services.{service}.apiToken"


def _known(services: Any) -> Iterator[str]:
    """Secrets that hold a token by the chart's own key."""
    for item in services:
        at = item.token.kubernetes_secret if item.token else None
        if at and at.key == _key(item.name):
            yield at.name
