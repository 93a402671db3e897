"""Who signs in, as whom sessions run, and that no hub is open."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any

import pytest
from afspec.generators.jupyterhub_k8s import JupyterHubK8s
from jsonschema import Draft202012Validator
from jupyterhub_k8s_site import BARE, CLUSTER, FULL, KEYCLOAK, LOGIN, OWN, hub, loaded, required, values
from support import facility
from upstream import merged, upstream_data


@pytest.mark.parametrize(
    "login",
    [
        "",
        LOGIN.replace("    client:", "    note: x #"),
        LOGIN.replace("opens: [jupyter]", "opens: [ssh]"),
        LOGIN.replace("stance: promised", "stance: planned"),
        LOGIN.replace("    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]\n", ""),
        LOGIN.replace("kubernetes_secret: {name: hub-login, key: client-secret}", "file: /etc/secret"),
        LOGIN.replace("method: cilogon", "method: active-directory"),
    ],
)
def test_without_a_login_that_a_pod_can_use_nobody_signs_in(login: str) -> None:
    body = CLUSTER + login + hub()
    config = values(body)["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "null"
    assert "allow_all" not in config["Authenticator"]
    text = next(item.text for item in JupyterHubK8s().render(facility(body)))
    assert "NOBODY CAN SIGN IN" in text.splitlines()[0]


def test_the_charts_own_login_is_never_in_force() -> None:
    for body in (BARE, CLUSTER + LOGIN + hub(), CLUSTER + KEYCLOAK + hub()):
        whole = merged(upstream_data("z2jh", "4.4.0_values.yaml"), values(body))
        assert whole["hub"]["config"]["JupyterHub"]["authenticator_class"] != "dummy"


def test_cilogon_lets_in_accounts_of_the_named_providers() -> None:
    body = CLUSTER + LOGIN + hub()
    config = values(body)["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "cilogon"
    section = config["CILogonOAuthenticator"]
    assert list(section["idps"]) == ["https://cern.ch/login", "https://idp.example.edu/idp"]
    schema = upstream_data("oauthenticator", "oauthenticator_schemas_cilogon-schema.yaml")
    for idp in section["idps"].values():
        assert list(Draft202012Validator(schema).iter_errors(idp)) == []
    assert section["oauth_callback_url"] == "https://hub.example.org/jh/hub/oauth_callback"
    assert config["Authenticator"]["allow_all"] is True
    assert values(body)["hub"]["extraEnv"]["OAUTH_CLIENT_SECRET"] == {
        "valueFrom": {"secretKeyRef": {"name": "hub-login", "key": "client-secret"}}
    }
    assert required(body)["Secret", "hub-login"] == ["client-secret"]


def test_globus_lets_in_accounts_of_one_domain() -> None:
    globus = LOGIN.replace("method: cilogon", "method: globus")
    config = values(CLUSTER + globus + hub())["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "globus"
    assert config["GlobusOAuthenticator"]["identity_provider"] == "cern.ch"
    closed = values(CLUSTER + globus.replace("    strip_domain: cern.ch\n", "") + hub())["hub"]["config"]
    assert closed["JupyterHub"]["authenticator_class"] == "null"


def test_a_plain_issuer_has_names_and_groups_by_python() -> None:
    body = CLUSTER + KEYCLOAK + hub()
    found = values(body)
    config = found["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "generic-oauth"
    section = config["GenericOAuthenticator"]
    assert section["token_url"].startswith("https://sso.example.org/realms/af/")
    assert (section["manage_groups"], section["allowed_groups"]) == (True, ["atlas"])
    assert "allow_all" not in config["Authenticator"]
    c = loaded(found)
    name = c.OAuthenticator.username_claim
    assert [name({"preferred_username": claim}) for claim in ("al@Example.org", "al@cern.ch", "al")] == [
        "al",
        "al@cern.ch",
        "al",
    ]
    groups = c.OAuthenticator.auth_state_groups_key
    assert groups({"oauth_user": {"groups": ["/atlas", "cms"]}}) == {"atlas", "cms"}
    assert groups({"oauth_user": {"groups": "atlas"}}) == {"atlas"}
    assert groups(None) == set()
    assert required(body)["Secret", "hub-secrets"] == ["HUB_CLIENT"]


def test_only_listed_users_enter_where_users_are_listed() -> None:
    body = CLUSTER + LOGIN.replace("    opens", "    users: [bob, alice]\n    opens") + hub()
    entry = values(body)["hub"]["config"]["Authenticator"]
    assert entry["allowed_users"] == ["alice", "bob"]
    assert "allow_all" not in entry


@pytest.mark.parametrize("name", ["../x", "a/b", "Alice", "-a", "a b", "a\n", "{x}", "root;id"])
def test_a_name_that_would_leave_its_folder_is_refused(name: str) -> None:
    pattern = values(BARE)["hub"]["config"]["Authenticator"]["username_pattern"]
    assert re.match(pattern, "alice-b_1.c")
    assert not re.match(pattern, name)


@pytest.mark.parametrize(("claims", "uid"), [({"uidNumber": "4711"}, 4711), ({"uidNumber": 0}, None), ({}, None)])
def test_sessions_run_as_their_users_and_never_as_root(claims: dict[str, Any], uid: int | None) -> None:
    found = values(FULL + hub(OWN))
    assert found["hub"]["config"]["Authenticator"]["enable_auth_state"] is True

    async def state() -> dict[str, Any]:
        return {"cilogon_user": claims}

    env = pytest.MonkeyPatch()
    for variable in found["hub"]["extraEnv"]:
        env.setenv(variable, "ab")
    with env.context():
        asked = loaded(found).KubeSpawner.uid(SimpleNamespace(user=SimpleNamespace(get_auth_state=state)))
        if uid:
            assert asyncio.run(asked) == uid
        else:
            with pytest.raises(ValueError, match="no number"):
                asyncio.run(asked)
    env.undo()
    assert found["hub"]["config"]["KubeSpawner"]["gid"] == 5741
    assert found["singleuser"]["fsGid"] == 5741
