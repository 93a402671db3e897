"""Signing in to a hub through its issuer, as a browser does: the hub's button, the issuer's form, and back.

The form may be any that asks for a name and a password on one page (Keycloak's, dex's, a twin's). A second factor or a
page of scripts cannot be passed: what comes of it is said.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from afspec.conformance.clients.pages import forms, object_of, said
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import httpx

    from afspec.conformance.run import Run
    from afspec.conformance.web import Web

# The name of the secret that is an account of an identity provider which the facility does not accept.
FOREIGN = "foreign_account"
# What the issuers' pages call the field of the name: a twin's, oidc-provider-mock's, Keycloak's, dex's.
_NAMES = ("user", "sub", "username", "login", "j_username", "email")
_BUTTON = re.compile(r"""href=['"]([^'"]*oauth_login[^'"]*)""")
# How CILogon is told which identity providers may be chosen (its documentation, OIDC, optional parameters).
_CHOICE = "selected_idp"


@dataclass(frozen=True)
class Account:
    """Somebody at an issuer; `idp` is the EntityID of the identity provider, where the issuer asks for one."""

    user: str
    password: str = ""
    idp: str = ""

    @classmethod
    def of(cls, run: Run, secret: str) -> Account:
        """The account that a secret of the run holds as JSON: user, password, idp.

        Raises:
            UnverifiedError: there is none, or it is not of this form.
        """
        try:
            data = json.loads(run.wallet.get(secret))
            found = cls(str(data["user"]), str(data.get("password", "")), str(data.get("idp", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            text = f"the secret {secret} is no account"
            raise UnverifiedError(
                Reason.NO_CREDENTIALS, text, 'Write {"user": ..., "password": ..., "idp": ...} into it, as JSON.'
            ) from None
        if found.password:
            # Taken out of all that is written, also where it stands alone.
            run.wallet.add(f"{secret}'s password", found.password)
        return found


def sign_in(web: Web, hub: str, account: Account, *, any_idp: bool = False) -> httpx.Response:
    """The page that a user ends on; `web` keeps the cookies, `hub` has no slash at its end.

    With `any_idp` the list of accepted identity providers is taken out of the address, as anybody can.

    Raises:
        FailedError: the hub has no way to its issuer.
        UnverifiedError: the issuer's page has no form for a name.
    """
    # On to a page that starts nothing: a hub may start a server for whoever enters by its front door.
    front = web.get(f"{hub}/hub/login", params={"next": f"{urlsplit(hub).path}/hub/token"}, follow=True)
    button = _BUTTON.search(front.text)
    page = front
    if button is not None:
        leave = web.get(urljoin(str(front.url), button[1].replace("&amp;", "&")))
        page = web.get(_target(leave, any_idp=any_idp), follow=True)
    elif urlsplit(str(front.url)).netloc == urlsplit(hub).netloc:
        raise FailedError(f"the hub's page to sign in leads to no issuer: {front.status_code} {said(front)}")
    return _submit(web, page, account)


def _target(leave: httpx.Response, *, any_idp: bool) -> str:
    where = leave.headers.get("location", "")
    if not where:
        raise FailedError(f"the hub sends nobody to its issuer: {leave.status_code} {said(leave)}")
    target = urlsplit(urljoin(str(leave.url), where))
    query = [(name, value) for name, value in parse_qsl(target.query) if not (any_idp and name == _CHOICE)]
    return str(urlunsplit(target._replace(query=urlencode(query))))


def _submit(web: Web, page: httpx.Response, account: Account) -> httpx.Response:
    form = next((form for form in forms(page) if form.named(*_NAMES)), None)
    if form is None:
        text = f"no form for a name at {urlsplit(str(page.url)).netloc}: {page.status_code} {said(page)}"
        raise UnverifiedError(Reason.NO_CREDENTIALS, text, "Sign in with a browser, and give the hub's token instead.")
    given = form.fields | {form.named(*_NAMES): account.user} | dict.fromkeys(form.passwords, account.password)
    if account.idp and "idp" in given:
        given["idp"] = account.idp
    return web.post(form.action, data=given, follow=True)


def is_in(page: httpx.Response, hub: str) -> bool:
    """Whether a page is one that only who has signed in sees: the hub's own, or the user's server."""
    at_hub = str(page.url).startswith((f"{hub}/hub/", f"{hub}/user/"))
    return page.is_success and at_hub and "/hub/login" not in str(page.url)


def make_token(web: Web, hub: str, user: str, about: str) -> str:
    """A token of the user who has signed in with `web`, as the hub's page of tokens makes it.

    Raises:
        FailedError: the hub makes none.
    """
    xsrf = [cookie.value for cookie in web.cookies if cookie.name == "_xsrf" and cookie.path.endswith("/hub/")]
    headers = {"X-XSRFToken": xsrf[-1] or ""} if xsrf else {}
    made = web.post(f"{hub}/hub/api/users/{user}/tokens", json={"note": about}, headers=headers, shown=False)
    return str(object_of(made, "the hub's page of tokens", 201).get("token", ""))
