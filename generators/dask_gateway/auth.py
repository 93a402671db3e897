"""How the gateway knows its users (dask-gateway 2026.3, Authentication), with every credential by reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind
from afspec.facility.urls import locate
from afspec.generators.cluster import Required, component, dns_label, secret
from afspec.generators.hub_chart import Key, in_secret
from afspec.generators.ways import gateway_hub

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.dask import Gateway
    from afspec.facility.jupyter import Jupyter
    from afspec.generators.cluster import Component

# What the chart of JupyterHub calls its Secret, and the key of a service's token in it (z2jh, hub.services).
HUB_SECRET = "hub"  # noqa: S105 - a name
HUB_NAME = "dask-gateway"
HUB_KEY = f"hub.services.{HUB_NAME}.apiToken"
# The Service of a hub's own port in every release of JupyterHub's chart (z2jh, Resource Reference).
HUB_SERVICE, HUB_PORT = "hub", 8081
SECRET, KEY = "dask-gateway", "credential"
VARIABLE = "DASK_GATEWAY_CREDENTIAL"

_PASSWORD = f"""\
import os

# Without a password the gateway would take anybody's word.
if not os.environ["{VARIABLE}"]:
    raise ValueError("the users' password is empty")
c.SimpleAuthenticator.password = os.environ["{VARIABLE}"]
"""
# The chart mounts nothing of the site's into the gateway's pod, and a variable holds no bytes of any kind.
_KEYTAB = f"""\
import base64
import os
import tempfile

_descriptor, _keytab = tempfile.mkstemp(suffix=".keytab")
with os.fdopen(_descriptor, "wb") as _file:
    _file.write(base64.b64decode("".join(os.environ["{VARIABLE}"].split()), validate=True))
c.KerberosAuthenticator.keytab = _keytab
"""


class Auth(NamedTuple):
    """`values` of gateway.auth, the gateway's `environment`, code for its configuration, and what must be there."""

    values: dict[str, Any]
    environment: list[dict[str, Any]]
    code: str | None
    required: tuple[Required, ...]

    @classmethod
    def of(cls, facility: Facility, gateway: Gateway, namespace: str) -> Auth | None:
        """None where the spec says too little: the chart's default lets everybody in as anybody."""
        if gateway.auth == "jupyterhub":
            return _hub(facility, gateway, namespace)
        if gateway.auth == "basic":
            return _simple(gateway, namespace)
        if gateway.auth == "kerberos" and gateway.cluster.server_image:
            return _kerberos(gateway, namespace)
        return None


def _hub(facility: Facility, gateway: Gateway, namespace: str) -> Auth | None:
    hub = gateway_hub(facility, gateway)
    on_cluster = component(facility, dns_label(hub.name)) if hub and hub.kind is JupyterKind.HUB_KUBERNETES else None
    if hub is None or (on_cluster is None and hub.url is None):
        return None
    required = []
    if on_cluster is None:
        name, key = _credential(gateway, HUB_SECRET, HUB_KEY)
        required.append(secret(namespace, name, (key,), f"the gateway's token of the JupyterHub at {hub.url}"))
        base = (hub.url or "").rstrip("/")
    else:
        there = _hubs_token(gateway, hub, on_cluster, namespace)
        # In the hub's own namespace the gateway reads what the hub reads.
        name, key = _credential(gateway, *(there if namespace == on_cluster.namespace else (HUB_SECRET, HUB_KEY)))
        base = f"http://{HUB_SERVICE}.{on_cluster.namespace}:{HUB_PORT}{locate(hub.url).path if hub.url else ''}"
        why = "the gateway asks the hub who its users are"
        required.append(
            Required(
                "Service",
                HUB_SERVICE,
                why,
                f"the release of JupyterHub ({hub.name})",
                on_cluster.namespace,
                (HUB_PORT,),
            )
        )
        required.append(_token(Key(name, key), namespace, there, on_cluster.namespace))
    asked = {"apiTokenFromSecretName": name, "apiTokenFromSecretKey": key, "apiUrl": f"{base}/hub/api"}
    if on_cluster:
        # Then a token must have the scope to ask the gateway, which that hub's values give to users and sessions.
        asked["jupyterhubServiceName"] = HUB_NAME
    return Auth({"type": "jupyterhub", "jupyterhub": asked}, [], None, tuple(required))


def _hubs_token(gateway: Gateway, hub: Jupyter, here: Component, namespace: str) -> Key:
    """Where the hub has the gateway's token: as its services say, or the gateway's own in one namespace with it.

    JupyterHub's chart makes what neither says, in its Secret (generator jupyterhub-k8s, services).
    """
    listed = by_name(hub.hub.services, HUB_NAME) if hub.hub else None
    told = gateway.server.token if gateway.server and namespace == here.namespace else None
    if listed:
        found = in_secret(listed.token, f"{here.name}-secrets")
    else:
        own = told.kubernetes_secret if told else None
        found = Key(own.name, own.key) if own and own.name != HUB_SECRET else None
    return found or Key(HUB_SECRET, HUB_KEY)


def _token(own: Key, namespace: str, there: Key, hubs: str) -> Required:
    """The gateway's token: what the hub has, or a copy of it."""
    why = "the gateway's token of JupyterHub"
    if namespace == hubs and own == there:
        if own.name != HUB_SECRET:
            return secret(namespace, own.name, (own.key,), why)
        return Required("Secret", own.name, why, "the release of JupyterHub makes it", namespace, (own.key,))
    escaped = there.key.replace(".", "\\.")
    copy = (
        f"kubectl -n {hubs} get secret {there.name} -o jsonpath='{{.data.{escaped}}}' | base64 -d | "
        f"kubectl -n {namespace} create secret generic {own.name} --from-file={own.key}=/dev/stdin"
    )
    return Required("Secret", own.name, why, copy, namespace, (own.key,))


def _credential(gateway: Gateway, name: str = SECRET, key: str = KEY) -> tuple[str, str]:
    """The Secret's name and key; a variable of a machine is a key of that name, and a file is on no cluster."""
    told = gateway.server.token if gateway.server else None
    return (told and in_secret(told, SECRET)) or (name, key)


def _variable(name: str, key: str) -> list[dict[str, Any]]:
    return [{"name": VARIABLE, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}]


def _simple(gateway: Gateway, namespace: str) -> Auth:
    name, key = _credential(gateway)
    required = secret(namespace, name, (key,), "the password that all users of the gateway share")
    return Auth({"type": "simple"}, _variable(name, key), _PASSWORD, (required,))


def _kerberos(gateway: Gateway, namespace: str) -> Auth:
    name, key = _credential(gateway)
    why = "the keytab of the gateway's HTTP principal, in Base64"
    how = f"base64 http.keytab | kubectl -n {namespace} create secret generic {name} --from-file={key}=/dev/stdin"
    required = Required("Secret", name, why, how, namespace, (key,))
    return Auth({"type": "kerberos"}, _variable(name, key), _KEYTAB, (required,))
