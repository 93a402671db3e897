"""What an OpenID Connect provider must know to play a hub's issuer in a miniature, without secrets and users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .hub import Hub


def provider(hub: Hub) -> dict[str, Any]:
    """The provider's settings as plain data; `endpoints` are paths on the issuer's host."""
    login = hub.login
    return {
        "issuer": login.issuer,
        "endpoints": {
            "authorize": urlsplit(login.endpoints.authorize).path,
            "token": urlsplit(login.endpoints.token).path,
            "userinfo": urlsplit(login.endpoints.userinfo).path,
        },
        "client": {"id": login.client_id, "redirect_uris": [hub.callback]},
        "scopes": list(login.scopes),
        "username_claim": login.claim,
        "strip_domain": login.strip_domain,
        "entity_ids": list(login.entity_ids),
    }
