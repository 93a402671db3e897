"""How users sign in to REANA: by an OpenID Connect issuer, in the form that the chart has for Keycloak's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import dns_label
from afspec.generators.quoting import one_line

if TYPE_CHECKING:
    from afspec.facility.access import Login

    from .instance import Instance


def provider(login: Login) -> str:
    """The name by which the provider's settings and its secrets find each other."""
    return dns_label(login.name)


def login(item: Instance) -> dict[str, Any]:
    """`login`, and the form for local accounts taken away: REANA has either.

    Without one the chart's local accounts stay, which administrators make.
    """
    found = item.login
    if found is None or found.issuer_url is None:
        return {}
    entry = {
        "name": provider(found),
        "type": "keycloak",
        "config": {
            "title": one_line(item.facility.label or item.facility.name),
            "base_url": found.issuer_url.partition("/realms/")[0],
            "realm_url": found.issuer_url,
            **_addresses(found, found.issuer_url),
        },
    }
    return {"login": [entry], "components": {"reana_ui": {"local_users": False}}}


def _addresses(found: Login, issuer: str) -> dict[str, str]:
    """The issuer's addresses, by the spec or by Keycloak's own layout (Keycloak documentation, OpenID Connect)."""
    if found.endpoints:
        ends = found.endpoints
        return {"auth_url": ends.authorize, "token_url": ends.token, "userinfo_url": ends.userinfo}
    base = f"{issuer}/protocol/openid-connect"
    return {"auth_url": f"{base}/auth", "token_url": f"{base}/token", "userinfo_url": f"{base}/userinfo"}
