"""What all values of the JupyterHub chart have in common: who signs in, secrets, images, address, a site's own cluster.

Zero to JupyterHub 4.4 (JupyterHub 5.5, OAuthenticator 17.4, KubeSpawner 7.0). The hub's pod reads its configuration
from a Secret that the chart makes of the values; `hub.extraConfig` is Python that runs after all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.generators.cluster.components import components
from afspec.generators.cluster.required import Required
from afspec.generators.images import name_and_tag, pull_reference
from afspec.generators.interface import Chart
from afspec.generators.quoting import python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.generators.cluster.publish import Published
    from afspec.generators.oauth import HubLogin

CHART = Chart("jupyterhub", "4.4.0")
# Where every OAuthenticator looks for its client's secret that is not told it otherwise.
CLIENT_SECRET = "OAUTH_CLIENT_SECRET"  # noqa: S105 - a variable's name
# The chart's Secret, Service and port are called so in every release: fullnameOverride is empty.
SERVICE = ("proxy-public", "http")
# A name becomes a folder of the user's, and a part of paths: only what a Unix user can be called passes.
USERNAME = r"[a-z_][a-z0-9_.-]{0,31}\Z"
_SHORT = {"CILogonOAuthenticator": "cilogon", "GlobusOAuthenticator": "globus"}
# Components that sessions ask for things: clusters of Dask, data, inference, workflows.
_FOR_SESSIONS = ("/dask/", "/services/servicex/", "/services/triton", "/services/reana")
_BYTES = (("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20))


class Key(NamedTuple):
    """A key of a Secret."""

    name: str
    key: str


class Authentication(NamedTuple):
    """Who signs in: `config` is for hub.config, `code` for hub.extraConfig, `secrets` are the pod's variables."""

    config: dict[str, Any]
    code: str
    secrets: dict[str, SecretRef]


def authentication(login: HubLogin | None, callback: str | None, admins: tuple[str, ...] = ()) -> Authentication:
    """What the hub is told of a login; without one nobody signs in.

    The chart's default lets in whoever types a name once somebody is allowed, so it is never left in force.
    `callback` is the hub's address to which the issuer sends users back.
    """
    everybody: dict[str, Any] = {"username_pattern": USERNAME}
    if admins:
        everybody["admin_users"] = sorted(admins)
    if login is None:
        return Authentication({"JupyterHub": {"authenticator_class": "null"}, "Authenticator": everybody}, "", {})
    if login.users:
        everybody["allowed_users"] = list(login.users)
    if not (login.users or login.groups):
        everybody["allow_all"] = True
    if login.uid_claim:
        everybody["enable_auth_state"] = True
    section: dict[str, Any] = {
        "login_service": login.title,
        "client_id": login.client_id,
        "oauth_callback_url": callback,
        "authorize_url": login.endpoints.authorize,
        "token_url": login.endpoints.token,
        "userdata_url": login.endpoints.userinfo,
        "scope": list(login.scopes),
        **_names(login),
    }
    if login.groups and login.authenticator.startswith("Globus"):
        section["allowed_globus_groups"] = list(login.groups)
    elif login.groups:
        section |= {"manage_groups": True, "allowed_groups": list(login.groups)}
    config = {
        "JupyterHub": {"authenticator_class": _SHORT.get(login.authenticator, "generic-oauth")},
        "Authenticator": everybody,
        login.authenticator: {key: value for key, value in section.items() if value is not None},
    }
    return Authentication(config, "\n\n".join(_code(login)), {CLIENT_SECRET: login.secret})


def _names(login: HubLogin) -> dict[str, Any]:
    """How a claim becomes a user's name, as far as data can say it."""
    if login.authenticator.startswith("CILogon"):
        derivation: dict[str, Any] = {"username_claim": login.claim}
        if login.strip_domain:
            derivation |= {"action": "strip_idp_domain", "domain": login.strip_domain}
        # Accounts of these identity providers, and of no others.
        return {"idps": {entity: {"username_derivation": dict(derivation)} for entity in login.entity_ids}}
    if login.authenticator.startswith("Globus"):
        # Globus knows accounts of many institutions, and cuts off their domains: only those of this one enter.
        return {"identity_provider": login.strip_domain, "username_claim": login.claim}
    return {} if login.strip_domain else {"username_claim": login.claim}


def _code(login: HubLogin) -> Iterator[str]:
    """What data cannot say: a domain that is cut off only where it is the site's own, groups, numbers of users."""
    plain = not login.authenticator.startswith(("CILogon", "Globus"))
    if login.strip_domain and plain:
        yield f'''\
def _username(claims):
    """The user's name: the claim without its domain, where that is the site's own."""
    claim = str(claims.get({python(login.claim)}) or "")
    name, _, domain = claim.partition("@")
    return name if domain.lower() == {python(login.strip_domain.lower())} else claim


c.OAuthenticator.username_claim = _username
'''
    if login.groups and not login.authenticator.startswith("Globus"):
        yield f'''\
def _groups(state):
    """The user's groups, as the issuer's claim lists them; Keycloak writes a group as a path."""
    claims = (state or dict()).get({python(login.state)}) or dict()
    found = claims.get({python(login.groups_claim)}) or []
    return set(str(group).lstrip("/") for group in ([found] if isinstance(found, str) else found))


c.OAuthenticator.auth_state_groups_key = _groups
'''
    if login.uid_claim:
        yield f'''\
async def _uid(spawner):
    """The user's number on the site's file systems; nobody's session runs as root."""
    state = await spawner.user.get_auth_state() or dict()
    uid = int((state.get({python(login.state)}) or dict()).get({python(login.uid_claim)}) or 0)
    if uid < 1:
        raise ValueError("the login told no number of a user's account; sign in again")
    return uid


c.KubeSpawner.uid = _uid
'''


def in_secret(reference: SecretRef, own: str) -> Key | None:
    """Where a cluster keeps a secret; None where a pod cannot have it.

    A variable of the hub's pod comes from the key of its name in the hub's own Secret, which is called `own`. A file
    of a machine is on no cluster.
    """
    if reference.env:
        return Key(own, reference.env)
    there = reference.kubernetes_secret
    return Key(there.name, there.key) if there else None


def from_secrets(secrets: Mapping[str, SecretRef], own: str) -> dict[str, Any]:
    """Variables for extraEnv whose values come from Secrets."""
    found = {name: in_secret(reference, own) for name, reference in secrets.items()}
    return {name: {"valueFrom": {"secretKeyRef": {"name": at.name, "key": at.key}}} for name, at in found.items() if at}


def image(reference: str) -> dict[str, str]:
    """A reference as the chart takes it: it puts name, colon and tag together again, so a digest may be cut there."""
    name, tag = name_and_tag(pull_reference(reference))
    return {"name": name, "tag": tag}


def memory(size: int) -> str | int:
    """Bytes as JupyterHub takes them: its 4G are 4 GiB; a plain number where no such unit divides them."""
    return next((f"{size // factor}{unit}" for unit, factor in _BYTES if size % factor == 0), size)


def ingress(at: Published | None, name: str) -> dict[str, Any]:
    """The chart's Ingress for an address; none where there is no address, or a Route of OKD's serves it."""
    if at is None or at.by != "Ingress":
        return {"enabled": False}
    found: dict[str, Any] = {"enabled": True}
    if at.ingress_class:
        found["ingressClassName"] = at.ingress_class
    if at.annotations:
        found["annotations"] = dict(at.annotations)
    found["hosts"] = [at.host]
    if at.tls:
        found["tls"] = [{"hosts": [at.host], "secretName": f"{name}-tls"}]
    return found


def ingress_needs(at: Published | None, name: str, namespace: str) -> Iterator[Required]:
    """What the Ingress leans on: its class, who issues its certificate, or the certificate itself."""
    if at is None or at.by != "Ingress":
        return
    if at.ingress_class:
        yield Required("IngressClass", at.ingress_class, f"serves {at.host}", "the cluster's administrators have it")
    if not at.tls:
        return
    if at.annotations:
        issuer = next(iter(at.annotations.values()))
        how = "the cluster's administrators have it, with cert-manager"
        yield Required("ClusterIssuer", issuer, f"issues the certificate of {at.host}", how)
    else:
        how = f"kubectl -n {namespace} create secret tls {name}-tls --cert=tls.crt --key=tls.key"
        yield Required("Secret", f"{name}-tls", f"certificate of {at.host}", how, namespace, ("tls.crt", "tls.key"))


def on_a_sites_cluster() -> dict[str, Any]:
    """What the chart does for clusters that are rented and grow, and a site's own does not want.

    The scheduler of its own packs users onto few nodes so that others can be given back, and needs rights on the whole
    cluster. Pullers put every image onto every node, batch and GPU nodes included, and an upgrade waits for them:
    images of analyses have many gigabytes.
    """
    return {
        "rbac": {"create": True},
        "scheduling": {
            "userScheduler": {"enabled": False},
            "userPlaceholder": {"enabled": False},
            "podPriority": {"enabled": False},
        },
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
    }


def no_privileged_pods() -> dict[str, Any]:
    """Sessions without the privileged container that shuts off a cloud's metadata server by iptables.

    Namespaces of the Pod Security level baseline refuse every such pod, and the chart's NetworkPolicy of sessions lets
    nothing through to that server either.
    """
    return {"cloudMetadata": {"blockWithIptables": False}}


def to_services(facility: Facility) -> list[dict[str, Any]]:
    """Rules of egress that let sessions talk to the facility's services that are for them, wherever those run.

    The chart's own rules go by addresses, and those of pods are private: they shut sessions off from such services,
    and where they allow private addresses, some networks still do not take pods for addresses (Cilium).
    """
    others = {item.namespace for item in components(facility) if item.pointer.startswith(_FOR_SESSIONS)}
    if not others:
        return []
    chosen = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(others)}
    return [{"to": [{"namespaceSelector": {"matchExpressions": [chosen]}}]}]
