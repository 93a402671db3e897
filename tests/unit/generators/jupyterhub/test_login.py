"""Who enters: issuers, claims, names, groups."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hub_spec import CILOGON, KEYCLOAK, LOCAL, ON_SLURM, RefusalError, hub, rendered


def test_cilogon_takes_users_of_the_named_identity_providers_only(load: Any) -> None:
    settings = load(LOCAL)
    assert settings.JupyterHub.authenticator_class == "oauthenticator.cilogon.CILogonOAuthenticator"
    idps = settings.CILogonOAuthenticator.idps
    assert list(idps) == ["https://cern.ch/login", "https://idp.example.edu/idp"]
    assert idps["https://cern.ch/login"] == {
        "username_derivation": {"username_claim": "eppn", "action": "strip_idp_domain", "domain": "cern.ch"}
    }
    assert settings.OAuthenticator.authorize_url == "https://cilogon.org/authorize"
    assert settings.OAuthenticator.token_url == "https://cilogon.org/oauth2/token"  # noqa: S105 - an address
    assert settings.OAuthenticator.userdata_url == "https://cilogon.org/oauth2/userinfo"
    assert "org.cilogon.userinfo" in settings.OAuthenticator.scope


def test_without_a_domain_to_strip_the_claim_is_the_name(load: Any) -> None:
    idps = load(LOCAL.replace("    strip_domain: cern.ch\n", "")).CILogonOAuthenticator.idps
    assert idps["https://cern.ch/login"] == {"username_derivation": {"username_claim": "eppn"}}


@pytest.mark.parametrize(
    ("method", "authenticator", "authorize", "userinfo"),
    [
        ("keycloak", "generic.Generic", "/protocol/openid-connect/auth", "/protocol/openid-connect/userinfo"),
        ("dex", "generic.Generic", "/auth", "/userinfo"),
        ("atlas-iam", "generic.Generic", "/authorize", "/userinfo"),
        ("globus", "globus.Globus", "/v2/oauth2/authorize", "/v2/oauth2/userinfo"),
    ],
)
def test_the_addresses_of_an_issuer_come_from_its_kind(
    load: Any, method: str, authenticator: str, authorize: str, userinfo: str
) -> None:
    more = "    strip_domain: cern.ch\n" if method == "globus" else ""
    settings = load(KEYCLOAK.replace("keycloak", method) + more + hub("local"))
    assert settings.JupyterHub.authenticator_class == f"oauthenticator.{authenticator}OAuthenticator"
    assert settings.OAuthenticator.authorize_url == f"https://sso.example.org/realms/af{authorize}"
    assert settings.OAuthenticator.userdata_url == f"https://sso.example.org/realms/af{userinfo}"
    assert settings.OAuthenticator.username_claim == "preferred_username"


def test_addresses_that_the_spec_gives_are_taken(load: Any) -> None:
    given = "    endpoints: {authorize: http://a.org/1, token: http://a.org/2, userinfo: http://a.org/3}\n"
    settings = load(KEYCLOAK.replace("keycloak", "oidc") + given + hub("local"))
    said = settings.OAuthenticator
    assert (said.authorize_url, said.token_url, said.userdata_url) == (
        "http://a.org/1",
        "http://a.org/2",
        "http://a.org/3",
    )
    assert said.username_claim == "sub"


def test_a_federated_login_comes_first(load: Any) -> None:
    both = KEYCLOAK + CILOGON.removeprefix("logins:\n")
    assert "cilogon" in load(both + hub("local")).JupyterHub.authenticator_class
    planned = both.replace("stance: promised\n    method: cilogon", "stance: planned\n    method: cilogon")
    assert "generic" in load(planned + hub("local")).JupyterHub.authenticator_class


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("alice@CERN.ch", "alice"),
        ("alice@other.org", "alice@other.org"),
        ("alice", "alice"),
        ("a@b@cern.ch", "a@b@cern.ch"),
    ],
)
def test_a_plain_issuer_strips_the_sites_own_domain_only(load: Any, claim: str, name: str) -> None:
    settings = load(KEYCLOAK + "    strip_domain: cern.ch\n" + hub("local"))
    assert settings.OAuthenticator.username_claim({"preferred_username": claim}) == name
    assert settings.OAuthenticator.username_claim({}) == ""


def test_who_may_enter_is_what_the_login_says(load: Any) -> None:
    assert load(LOCAL).Authenticator.allow_all is True
    said = load(CILOGON + "    users: [bob, alice]\n" + hub("local")).Authenticator
    assert said.allowed_users == {"alice", "bob"}
    assert "allow_all" not in said
    admins = load(LOCAL.replace("      certificate", "      admins: [carol]\n      certificate"))
    assert admins.Authenticator.admin_users == {"carol"}


@pytest.mark.parametrize(
    "name", ["alice; id", "$(id)", "a b", "../root", "-x", "alice@cern.ch", "alice\n", "{cmd}", ""]
)
def test_a_name_that_a_shell_would_take_for_more_is_no_name(load: Any, name: str) -> None:
    pattern = re.compile(load(ON_SLURM).Authenticator.username_pattern)
    assert pattern.match("alice_2.x-y")
    assert not pattern.match(name)


def test_whoever_has_no_account_on_the_machine_is_refused(load: Any) -> None:
    hook = load(LOCAL).Authenticator.post_auth_hook
    model = {"name": "daemon"}
    assert hook(None, None, model) is model
    with pytest.raises(RefusalError, match="403 root starts no sessions"):
        hook(None, None, {"name": "root"})
    with pytest.raises(RefusalError, match="403 no-such-user has no account"):
        hook(None, None, {"name": "no-such-user"})


def test_a_hub_that_is_no_root_needs_no_accounts(load: Any) -> None:
    areas = "storage: {areas: [{name: home, stance: promised, purpose: home, path: /sdf/home/<u>/<user>}]}\n"
    settings = load(areas + LOCAL.replace("    hub:\n", "    hub:\n      runs_as: hub\n"))
    assert settings.JupyterHub.spawner_class == "jupyterhub.spawner.SimpleLocalProcessSpawner"
    assert settings.SimpleLocalProcessSpawner.home_dir_template.format(username="alice") == "/sdf/home/a/alice"
    assert "post_auth_hook" not in settings.Authenticator


@pytest.mark.parametrize(
    ("method", "state", "claim"), [("keycloak", "oauth_user", "groups"), ("cilogon", "cilogon_user", "isMemberOf")]
)
def test_members_of_groups_enter_and_nobody_else_is_let_in_by_default(
    load: Any, method: str, state: str, claim: str
) -> None:
    body = (
        KEYCLOAK.replace("keycloak", method)
        + "    groups: [atlas/users, af]\n    entity_ids: [https://cern.ch/login]\n"
    )
    settings = load(body + hub("local"))
    said = settings.OAuthenticator
    assert (said.manage_groups, said.allowed_groups) == (True, {"atlas/users", "af"})
    assert "allow_all" not in settings.Authenticator
    # Keycloak writes a group as a path; an issuer may give one group as a text, or none.
    for given, groups in ((["/atlas/users", "x"], {"atlas/users", "x"}), ("af", {"af"}), (None, set()), ([], set())):
        assert said.auth_state_groups_key({state: {claim: given}}) == groups
    assert said.auth_state_groups_key({}) == said.auth_state_groups_key(None) == set()
    other = load(body + "    groups_claim: wlcg.groups\n" + hub("local")).OAuthenticator
    assert other.auth_state_groups_key({state: {"wlcg.groups": ["af"]}}) == {"af"}


def test_users_and_groups_may_both_enter(load: Any) -> None:
    settings = load(KEYCLOAK + "    groups: [af]\n    users: [bob]\n" + hub("local"))
    assert settings.Authenticator.allowed_users == {"bob"}
    assert settings.OAuthenticator.allowed_groups == {"af"}


def test_globus_is_asked_for_accounts_of_one_domain(load: Any) -> None:
    body = KEYCLOAK.replace("keycloak", "globus")
    settings = load(body + "    strip_domain: cern.ch\n" + hub("local"))
    assert settings.GlobusOAuthenticator.identity_provider == "cern.ch"
    assert settings.OAuthenticator.username_claim == "preferred_username", "Globus' authenticator takes no function"
    assert not rendered(body + hub("local")), "alice of any domain would be alice"


def test_groups_of_globus_are_its_own(load: Any) -> None:
    uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    settings = load(
        KEYCLOAK.replace("keycloak", "globus") + f"    strip_domain: a.org\n    groups: [{uuid}]\n" + hub("local")
    )
    assert settings.GlobusOAuthenticator.allowed_globus_groups == {uuid}
    assert "manage_groups" not in settings.OAuthenticator
    assert "allow_all" not in settings.Authenticator


def test_dex_is_asked_for_groups_where_they_decide(load: Any) -> None:
    dex = KEYCLOAK.replace("keycloak", "dex")
    assert "groups" not in load(dex + hub("local")).OAuthenticator.scope
    assert "groups" in load(dex + "    groups: [af]\n" + hub("local")).OAuthenticator.scope


def test_a_hub_asks_the_login_that_it_names(load: Any) -> None:
    both = KEYCLOAK + CILOGON.removeprefix("logins:\n")
    named = hub("local").replace("    hub:\n", "    hub:\n      login: sdcc\n")
    assert "generic" in load(both + named).JupyterHub.authenticator_class
    assert rendered(both + named.replace("sdcc", "other")) == {}
