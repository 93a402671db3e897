"""What a twin's user has for its hub: a token made on the hub's own page after signing in, and a namesake elsewhere."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from afspec.conformance.clients.hub import TOKEN, base_of, token_name
from afspec.conformance.clients.signin import FOREIGN, Account, is_in, make_token, sign_in
from afspec.conformance.evidence import Evidence
from afspec.conformance.reach.dial import Direct
from afspec.conformance.reach.room import InRoom
from afspec.conformance.reach.vantage import Way
from afspec.conformance.subjects_notebooks import first_hub, hub_logins
from afspec.conformance.trouble import Trouble
from afspec.conformance.twin_secrets import FAMILIES, SOURCES
from afspec.conformance.web import Web
from afspec.twin.engines.oidc import FOREIGN_IDP, Oidc
from afspec.twin.room.private import PrivateRoom

if TYPE_CHECKING:
    from afspec.facility.jupyter import Jupyter
    from afspec.twin.engines.oidc import Account as Known
    from afspec.twins import Running


def _issuer(running: Running) -> Oidc | None:
    return next((engine for engine in running.engines if isinstance(engine, Oidc)), None)


def _account(running: Running, user: str, *, foreign: bool) -> Known | None:
    """The user's account at the first issuer, or that of a namesake at an identity provider that nobody accepts."""
    engine = _issuer(running)
    issuers = engine.issuers if engine else []
    known = engine.accounts(issuers[0]) if engine and issuers else []
    return next((who for who in known if who.user == user and (who.idp == FOREIGN_IDP) is foreign), None)


def _sign_in_as(running: Running, who: Known) -> Account:
    engine = _issuer(running)
    private = isinstance(running.twin.room, PrivateRoom)
    return Account(who.user, engine.password(who) if engine and private else "", who.idp)


def hub_tokens(running: Running, user: str) -> dict[str, str]:
    """The user's token at the first hub, also by the name of the login that it came by; none where the hub is not well.

    It is made once in a twin's life.
    """
    hub = first_hub(running.facility)
    who = _account(running, user, foreign=False)
    if hub is None or who is None:
        return {}
    kept = running.state.folder / f"hub-token-{user}"
    token = kept.read_text() if kept.exists() else _made(running, hub, who)
    if not token:
        return {}
    new = kept.with_suffix(f".{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(token)
    new.replace(kept)
    login = next((each.value for each in hub_logins(running.facility) if each.value.client), None)
    return {TOKEN: token} | ({token_name(login): token} if login else {})


def _made(running: Running, hub: Jupyter, who: Known) -> str:
    web = Web(_way(running), "outside", Evidence(str))
    try:
        page = sign_in(web, base_of(hub), _sign_in_as(running, who))
        return make_token(web, base_of(hub), who.user, "afspec") if is_in(page, base_of(hub)) else ""
    except Trouble:
        # The requirements that are about the hub and its issuer say what ails them.
        return ""
    finally:
        web.close()


def _way(running: Running) -> Way:
    room = running.twin.room
    if not isinstance(room, PrivateRoom):
        return Way("this machine", None, Direct())
    return Way(
        "a browser", None, InRoom(room.first.pid, running.state.hosts, room.root / "etc/afspec/authority/ca.pem")
    )


def foreign_account(running: Running, user: str) -> str:
    """Somebody of the user's name at an identity provider that the facility does not accept."""
    who = _account(running, user, foreign=True)
    if who is None:
        return ""
    account = _sign_in_as(running, who)
    return json.dumps({"user": account.user, "password": account.password, "idp": account.idp})


FAMILIES.append(hub_tokens)
SOURCES[FOREIGN] = foreign_account
