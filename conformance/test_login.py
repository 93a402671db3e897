"""Logins: issuers answer, hubs know who has signed in by the declared name, and refuse whom they should."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from afspec.conformance.checks import check
from afspec.conformance.clients.hub import TOKEN, Hub, base_of, token_name
from afspec.conformance.clients.pages import object_of, said
from afspec.conformance.clients.signin import FOREIGN, Account, is_in, sign_in
from afspec.conformance.subjects_notebooks import first_hub, hub_logins
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.access import Login
    from afspec.facility.jupyter import Jupyter

# What a provider's metadata must have (OpenID Connect Discovery 1.0, 3), besides the issuer.
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LISTS = ("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported")


@check("AF-LOGIN-001", "discovery")
def test_issuer_names_itself(probe: Probe) -> None:
    """The issuer's metadata, its keys, and the addresses that the spec declares."""
    login: Login = probe.value
    issuer = login.issuer_url or ""
    web = probe.web(issuer)
    found = object_of(web.get("/.well-known/openid-configuration"), "the issuer's metadata")
    named = str(found.get("issuer", ""))
    probe.expect(named.rstrip("/") == issuer, "the issuer names itself as declared", named)
    addresses = {name: str(found.get(name, "")) for name in _ADDRESSES}
    for name, address in addresses.items():
        probe.expect(urlsplit(address).scheme in {"https", urlsplit(issuer).scheme}, f"it has a {name}", address)
    missing = [name for name in _LISTS if not isinstance(found.get(name), list) or not found[name]]
    probe.expect(not missing, "its metadata has what OpenID Connect requires", ", ".join(missing))
    keys = object_of(web.get(addresses["jwks_uri"]), "the issuer's address of keys").get("keys")
    probe.expect(isinstance(keys, list) and keys, "it publishes keys to verify its tokens with")
    _as_declared(probe, login, found)


def _as_declared(probe: Probe, login: Login, found: dict[str, Any]) -> None:
    if login.endpoints is None:
        return
    declared = {
        "authorization_endpoint": login.endpoints.authorize,
        "token_endpoint": login.endpoints.token,
        "userinfo_endpoint": login.endpoints.userinfo,
    }
    other = {name: found.get(name) for name, address in declared.items() if found.get(name) != address}
    probe.expect(not other, "its addresses are those that the hub was told of", other or "")


@check("AF-LOGIN-002", "known")
def test_hub_knows_who_signed_in(probe: Probe) -> None:
    """The hub's own word on the user whose token it is."""
    login: Login = probe.value
    me = Hub(probe, _hub(probe), _token(probe, login)).me()
    name = str(me.get("name", ""))
    probe.expect(name == probe.user, "the hub knows the user by the name that she has at the facility", name)
    if login.strip_domain:
        kept = name.lower().endswith(f"@{login.strip_domain.lower()}")
        probe.expect(not kept, f"@{login.strip_domain} is cut off", name)
    probe.expect(me.get("kind", "user") == "user", "she is a user, no service", me.get("kind"))
    probe.expect(me.get("admin") is not True, "she does not administer the hub")


def _hub(probe: Probe) -> Jupyter:
    hub = first_hub(probe.facility)
    if hub is None:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "no hub is offered")
    return hub


def _token(probe: Probe, login: Login) -> str:
    """The hub's token; where several logins open the hub, that of a user who came by this one."""
    several = sum(1 for each in hub_logins(probe.facility) if each.promise.offered) > 1
    return probe.secret(token_name(login) if several else TOKEN)


@check("AF-LOGIN-003", "foreign")
def test_foreign_provider_is_refused(probe: Probe) -> None:
    """Somebody of another identity provider passes the issuer, and is stopped by the hub."""
    login: Login = probe.value
    account = Account.of(probe.run, FOREIGN)
    if account.idp in login.entity_ids:
        text = f"the {FOREIGN.replace('_', ' ')} is of an accepted identity provider"
        probe.unverified(Reason.NO_CREDENTIALS, text, "Give one of a provider that the facility does not name.")
    hub = base_of(_hub(probe))
    page = sign_in(probe.web(), hub, account, any_idp=True)
    probe.expect(not is_in(page, hub), "the hub lets nobody in from an identity provider that it does not accept")
    if urlsplit(str(page.url)).netloc != urlsplit(hub).netloc:
        text = f"the issuer itself let the account go no further: {page.status_code} {said(page)}"
        probe.unverified(Reason.NO_CREDENTIALS, text, "The hub was never asked: give an account that signs in.")
    probe.expect(400 <= page.status_code < 500, "the hub refuses, and does not break", page.status_code)  # noqa: PLR2004
    probe.note("refusal", said(page))


@check("AF-LOGIN-004", "made_up")
def test_made_up_token_is_refused(probe: Probe) -> None:
    """A token that nobody gave, in the form that the hub's have."""
    web = probe.web(f"{base_of(probe.value)}/hub/api", token=secrets.token_hex(16))
    status = web.get("/user").status_code
    probe.expect(status in {401, 403}, "the hub refuses a token that it did not make", status)
    status = probe.web(f"{base_of(probe.value)}/hub/api").get("/user").status_code
    probe.expect(status in {401, 403}, "the hub tells nobody who the user is without a token", status)
