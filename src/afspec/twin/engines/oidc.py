"""The issuers of the facility's hubs: in a private room under their real names, else a plain one on loopback."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from afspec.facility.access import Door
from afspec.facility.jupyter import JupyterKind
from afspec.twin import oidc_provider
from afspec.twin.asking import http_ailment, hub_python
from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.access import Login

# Beside the packages that it imports.
_PROGRAM = "/opt/afspec/oidc"
_PRIVATE = "/etc/afspec/oidc"
# An identity provider of CILogon's that no facility names by accident, and a user whom the facility does not know.
FOREIGN_IDP = "https://github.com/login/oauth/authorize"
STRANGER = "eve"


class Account(NamedTuple):
    """Somebody who can sign in; `idp` is the EntityID of the identity provider, "" where the issuer has none."""

    user: str
    idp: str
    claims: dict[str, Any]

    @property
    def secret(self) -> str:
        """The name of its password among the twin's secrets."""
        return f"password:{self.user}@{self.idp}"


class Issuer(NamedTuple):
    """An issuer as the compiled files describe it, and these files by their names."""

    url: str
    paths: tuple[str, ...]
    settings: tuple[dict[str, Any], ...]

    @property
    def host(self) -> str:
        """Its host name."""
        return urlsplit(self.url).hostname or ""

    def accounts(self, users: Sequence[str]) -> list[Account]:
        """The users and a stranger at the first accepted identity provider; namesakes of the first user elsewhere."""
        hub = self.settings[0]
        accepted = hub["entity_ids"]
        home = accepted[0] if accepted else ""
        # A namesake says to be the user himself: where he comes from must be enough to tell them apart.
        people = [*((user, home) for user in (*users, STRANGER))]
        people += [(users[0], idp) for idp in (*accepted[1:], *([FOREIGN_IDP] if accepted else []))]
        return [Account(user, idp, self._claims(hub, user, idp, number)) for number, (user, idp) in enumerate(people)]

    def _claims(self, hub: dict[str, Any], user: str, idp: str, number: int) -> dict[str, Any]:
        accepted = idp in hub["entity_ids"][1:]
        domain = (urlsplit(idp).hostname if accepted else hub["strip_domain"]) or self.host
        address = f"{user}@{domain}"
        name = address if hub["strip_domain"] else user
        claims = {
            "sub": f"{self.url}/users/{1000 + number}",
            "name": f"{user.title()} of the twin",
            "given_name": user.title(),
            "family_name": "of the twin",
            "preferred_username": user,
            "email": address,
            "eppn": address,
            "idp": idp,
            "idp_name": urlsplit(idp).hostname or "",
        }
        return claims | {hub["username_claim"]: name}


class Oidc(Engine):
    """OpenID Connect providers that play CILogon or the site's own issuer."""

    name: ClassVar[str] = "oidc"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where a hub on a machine of its own has a login with a client."""
        hubs = [item for item in facility.jupyter if item.kind is JupyterKind.HUB_VM and item.offered and item.hub]
        return bool(hubs) and any(True for _ in _logins(facility))

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The issuers' hosts."""
        return [host for login in _logins(facility) if (host := urlsplit(login.issuer_url or "").hostname)]

    def prepare(self) -> None:
        """Program, certificate, and the file of accounts with their passwords."""
        if not self.room.private:
            return
        for name in ("provider.mjs", "page.mjs"):
            self.room.write(f"{_PROGRAM}/{name}", files(oidc_provider).joinpath(name).read_text())
        self.room.make_folder(_PRIVATE, mode=0o700)
        for issuer in self.issuers:
            certificate, key = f"{_PRIVATE}/{issuer.host}.pem", f"{_PRIVATE}/{issuer.host}.key"
            self.room.certificate([issuer.host], certificate, key)
            private = {
                "certificate": certificate,
                "key": key,
                "clients": {hub["client"]["id"]: self._client_secret(hub["client"]["id"]) for hub in issuer.settings},
                "accounts": [
                    {"idp": who.idp, "user": who.user, "password": self.password(who), "claims": who.claims}
                    for who in self.accounts(issuer)
                ],
            }
            self.room.write(self._secrets(issuer), json.dumps(private), mode=0o600)

    def daemons(self) -> Sequence[Daemon]:
        """A provider for each issuer."""
        return [Daemon(f"oidc-{issuer.host}", self._command(issuer), directory=self._folder) for issuer in self.issuers]

    def ready(self, daemon: Daemon) -> str:
        """Whether it publishes its metadata (OpenID Connect Discovery 1.0, 4)."""
        issuer = next(issuer for issuer in self.issuers if daemon.name == f"oidc-{issuer.host}")
        url = f"{issuer.url}/.well-known/openid-configuration"
        return http_ailment(self.room, hub_python(self.facility), url)

    def endpoints(self) -> Sequence[Endpoint]:
        """The issuers."""
        return [Endpoint(f"issuer {issuer.host}", issuer.url) for issuer in self.issuers]

    @property
    def issuers(self) -> list[Issuer]:
        """The issuers that the compiled files name, in order."""
        found: dict[str, list[str]] = {}
        for path in self.files.glob("jupyterhub/**/replica/provider.json"):
            found.setdefault(json.loads(self.files.text(path))["issuer"], []).append(path)
        return [
            Issuer(url, tuple(paths), tuple(json.loads(self.files.text(path)) for path in paths))
            for url, paths in found.items()
        ]

    def accounts(self, issuer: Issuer) -> list[Account]:
        """Who can sign in at an issuer."""
        return issuer.accounts([user.name for user in self.twin.users])

    def password(self, account: Account) -> str:
        """An account's password, made once; an issuer in a room without walls asks for none."""
        return self.twin.secrets.get(account.secret)

    def _client_secret(self, client: str) -> str:
        secrets = (
            login.client.secret for login in _logins(self.facility) if login.client and login.client.id == client
        )
        return self.twin.secrets.of(next(secrets))

    def _command(self, issuer: Issuer) -> tuple[str, ...]:
        python = hub_python(self.facility)
        if self.room.private:
            hubs = (self.files.path(path) for path in issuer.paths)
            node = f"{python.rpartition('/')[0]}/node"
            return (node, f"{_PROGRAM}/provider.mjs", self._secrets(issuer), *hubs)
        port = urlsplit(issuer.url).port or 80
        known = (arg for who in self.accounts(issuer) for arg in ("--user-claims", json.dumps(who.claims)))
        return (python, "-m", "oidc_provider_mock", "--host", issuer.host, "--port", str(port), *known)

    @property
    def _folder(self) -> str:
        return _PRIVATE if self.room.private else "/"

    @staticmethod
    def _secrets(issuer: Issuer) -> str:
        return f"{_PRIVATE}/{issuer.host}.json"


def _logins(facility: Facility) -> list[Login]:
    """The logins that a hub may send its users to."""
    return [login for login in facility.logins if login.offered and login.client and Door.JUPYTER in login.opens]
