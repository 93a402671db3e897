"""Who checks a hub's users: the issuer's addresses, the hub's client, and how a claim becomes a user's name.

What hubs on machines and hubs on a cluster share; each writes it down in its own way. OAuthenticator 17.4
documentation; where an issuer's kind tells its addresses: CILogon's OpenID Connect page, Keycloak's and dex's discovery
documents, INDIGO IAM's, Globus Auth's developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.access import Endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from afspec.facility import Facility
    from afspec.facility.access import Door, Login
    from afspec.facility.common import SecretRef


class Kind(NamedTuple):
    """What a kind of issuer tells of itself; an address is what follows the issuer's."""

    authenticator: str
    authorize: str | None
    token: str | None
    userinfo: str | None
    scopes: tuple[str, ...]
    claim: str
    groups: str = "groups"


_GENERIC = "generic.GenericOAuthenticator"
_USUAL = ("openid", "profile", "email")
_KEYCLOAK = "/protocol/openid-connect"
_KINDS: Mapping[str, Kind] = {
    "cilogon": Kind(
        "cilogon.CILogonOAuthenticator",
        "/authorize",
        "/oauth2/token",
        "/oauth2/userinfo",
        ("openid", "email", "org.cilogon.userinfo", "profile"),
        "eppn",
        "isMemberOf",
    ),
    "globus": Kind(
        "globus.GlobusOAuthenticator",
        "/v2/oauth2/authorize",
        "/v2/oauth2/token",
        "/v2/oauth2/userinfo",
        ("openid", "profile", "urn:globus:auth:scope:transfer.api.globus.org:all"),
        "preferred_username",
    ),
    "keycloak": Kind(
        _GENERIC, f"{_KEYCLOAK}/auth", f"{_KEYCLOAK}/token", f"{_KEYCLOAK}/userinfo", _USUAL, "preferred_username"
    ),
    "dex": Kind(_GENERIC, "/auth", "/token", "/userinfo", _USUAL, "preferred_username"),
    "atlas-iam": Kind(_GENERIC, "/authorize", "/token", "/userinfo", _USUAL, "preferred_username"),
    "oidc": Kind(_GENERIC, None, None, None, _USUAL, "sub"),
}


class HubLogin(NamedTuple):
    """A login as an authenticator of a hub knows it."""

    name: str
    title: str
    module: str
    authenticator: str
    issuer: str
    endpoints: Endpoints
    client_id: str
    secret: SecretRef
    scopes: tuple[str, ...]
    claim: str
    strip_domain: str | None
    entity_ids: tuple[str, ...]
    users: tuple[str, ...]
    groups: tuple[str, ...]
    groups_claim: str
    uid_claim: str | None

    @property
    def state(self) -> str:
        """Where the authenticator keeps what the issuer says of a user."""
        return "cilogon_user" if self.module.endswith("cilogon") else "oauth_user"


def hub_login(
    facility: Facility, door: Door, named: str | None, readable: Callable[[SecretRef], bool]
) -> HubLogin | None:
    """The login that a hub behind `door` asks: the `named` one, else of those that open it the first described.

    Federated ones come first. None where no such login tells the hub's client with a secret that the hub can read,
    the issuer's addresses and, for CILogon, the EntityIDs, for Globus the domain: GlobusOAuthenticator cuts off any,
    and alice of elsewhere would be alice.
    """
    opening = [
        login for login in facility.logins if login.offered and door in login.opens and named in {None, login.name}
    ]
    ordered = sorted(opening, key=lambda login: not login.federated)
    return next((found for login in ordered if (found := _described(login, readable))), None)


def _described(login: Login, readable: Callable[[SecretRef], bool]) -> HubLogin | None:
    kind = _KINDS.get(login.method)
    issuer = login.issuer_url
    if kind is None or issuer is None or login.client is None or login.lacking:
        return None
    if not readable(login.client.secret):
        return None
    endpoints = login.endpoints or _endpoints(kind, issuer)
    if endpoints is None:
        return None
    if any("<" in url for url in (issuer, endpoints.authorize, endpoints.token, endpoints.userinfo)):
        return None
    module, _, authenticator = kind.authenticator.partition(".")
    return HubLogin(
        name=login.name,
        title=_title(login, issuer),
        module=f"oauthenticator.{module}",
        authenticator=authenticator,
        issuer=issuer,
        endpoints=endpoints,
        client_id=login.client.id,
        secret=login.client.secret,
        # dex tells the groups of those only who ask for them; the others, with the profile.
        scopes=(*kind.scopes, "groups") if login.groups and login.method == "dex" else kind.scopes,
        claim=login.username_claim or kind.claim,
        strip_domain=login.strip_domain,
        entity_ids=login.entity_ids,
        users=tuple(sorted(login.users)),
        groups=tuple(sorted(login.groups)),
        groups_claim=login.groups_claim or kind.groups,
        uid_claim=login.uid_claim,
    )


def _endpoints(kind: Kind, issuer: str) -> Endpoints | None:
    """The issuer's addresses as its kind tells them."""
    if kind.authorize is None or kind.token is None or kind.userinfo is None:
        return None
    return Endpoints(authorize=issuer + kind.authorize, token=issuer + kind.token, userinfo=issuer + kind.userinfo)


def _title(login: Login, issuer: str) -> str:
    """What the button says: "Sign in with ..."."""
    known = {"cilogon": "CILogon", "globus": "Globus"}
    host = urlsplit(issuer).hostname or ""
    return known.get(login.method) or (login.name if host.replace(".", "").isdigit() else host)
