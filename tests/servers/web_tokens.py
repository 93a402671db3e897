"""JSON Web Tokens as flask-jwt-extended makes and refuses them (RFC 7519, HS256).

Answers to wrong ones are those of flask-jwt-extended 4, "Configuration of default error messages": 401 for none or an
expired one, 422 for one that cannot be read or is of the wrong type.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from servers.serving import Refusal

if TYPE_CHECKING:
    from servers.serving import Asked


class RefusedToken(Refusal):
    """Why a token is no good, and the status that says so."""


def _code(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as error:
        raise RefusedToken("Invalid header padding", 422) from error


class Issuer:
    """Who makes the tokens, with a key of its own."""

    def __init__(self) -> None:
        self._key = uuid4().bytes

    def issue(self, subject: str, kind: str, seconds: float | None) -> str:
        """A token of a user, for that long or for ever; `kind` is access or refresh."""
        now = int(time.time())
        claims = {"fresh": False, "iat": now, "jti": str(uuid4()), "type": kind, "sub": subject, "nbf": now}
        if seconds is not None:
            claims["exp"] = int(now + seconds)
        text = ".".join(_code(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{text}.{self._sign(text)}"

    def _sign(self, text: str) -> str:
        return _code(hmac.digest(self._key, text.encode(), "sha256"))

    def claims(self, asked: Asked, kind: str) -> dict[str, Any]:
        """What a request's token says.

        Raises:
            RefusedToken: there is none, or it is not one of ours, of this kind and in time.
        """
        if not asked.headers.get("authorization"):
            raise RefusedToken("Missing Authorization Header", 401)
        if asked.bearer is None:
            message = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"
            raise RefusedToken(message, 401)
        text, _, signed = asked.bearer.rpartition(".")
        if text.count(".") != 1:
            raise RefusedToken("Not enough segments", 422)
        claims: dict[str, Any] = _decode(text.partition(".")[2])
        if not hmac.compare_digest(signed, self._sign(text)):
            raise RefusedToken("Signature verification failed", 422)
        if "exp" in claims and claims["exp"] < time.time():
            raise RefusedToken("Token has expired", 401)
        if claims["type"] != kind:
            word = "refresh" if kind == "refresh" else "non-refresh"
            raise RefusedToken(f"Only {word} tokens are allowed", 422)
        return claims
