"""The hub itself: when it is written, where it listens, what it keeps, and its secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hub_spec import CILOGON, HOSTILE, HTCONDOR, KEYCLOAK, LOCAL, ON_HTCONDOR, ON_SLURM, SLURM, hub, rendered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "body",
    [
        hub("local"),
        LOCAL.replace('    client: {id: "cilogon:/client_id/1", secret: {env: HUB_SECRET}}\n', ""),
        LOCAL.replace("{env: HUB_SECRET}", "{kubernetes_secret: {name: a, key: b}}"),
        LOCAL.replace("    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]\n", ""),
        LOCAL.replace("opens: [jupyter]", "opens: [ssh]"),
        LOCAL.replace("    stance: promised\n    method", "    stance: planned\n    method"),
        LOCAL.replace("    url: https://hub.example.org/\n", ""),
        LOCAL.replace("https://hub.example.org/", "https://hub.example.org/<name>"),
        LOCAL.replace("kind: hub_vm", "kind: portal"),
        LOCAL.replace("      python: /opt/hub/bin/python\n", ""),
        LOCAL.replace("spawner: local", "spawner: kubernetes"),
        CILOGON + SLURM.replace("stance: promised\n    acc", "stance: planned\n    acc") + hub("slurm"),
        ON_SLURM.replace("    hub:\n", "    hub:\n      runs_as: hub\n"),
        CILOGON + HTCONDOR.replace("    queues", "    shared_home: false\n    queues") + hub("htcondor"),
        KEYCLOAK.replace("    issuer: https://sso.example.org/realms/af/\n", "") + hub("local"),
        KEYCLOAK.replace("keycloak", "oidc") + hub("local"),
        KEYCLOAK.replace("keycloak", "active-directory") + hub("local"),
    ],
)
def test_a_hub_of_which_too_little_is_said_is_not_written(body: str) -> None:
    assert rendered(body) == {}


def test_secrets_are_read_when_the_hub_starts(load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(LOCAL).OAuthenticator.client_secret == "s3cret"  # noqa: S105 - the test's own
    kept = tmp_path / "secret"
    kept.write_text("from a file\n")
    settings = load(LOCAL.replace("{env: HUB_SECRET}", f"{{file: {kept}}}"))
    assert settings.OAuthenticator.client_secret == "from a file"  # noqa: S105 - likewise
    monkeypatch.delenv("HUB_SECRET")
    with pytest.raises(KeyError, match="HUB_SECRET"):
        load(LOCAL)


def test_a_local_hub_listens_at_its_address_and_is_reached_by_its_own_sessions_only(load: Any) -> None:
    settings = load(LOCAL)
    assert settings.JupyterHub.bind_url == "https://hub.example.org:443/"
    assert (settings.JupyterHub.ssl_cert, settings.JupyterHub.ssl_key) == ("/etc/hub/tls.pem", "/etc/hub/tls.key")
    assert (settings.JupyterHub.hub_ip, settings.Spawner.ip) == ("127.0.0.1", "127.0.0.1")
    assert settings.OAuthenticator.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    assert settings.Spawner.cmd == ["/opt/hub/bin/jupyterhub-singleuser"]


def test_jobs_reach_the_hub_by_its_name(load: Any) -> None:
    for body in (ON_SLURM, ON_HTCONDOR):
        assert load(body).JupyterHub.hub_ip == "hub.example.org"


def test_an_address_with_path_and_port_is_kept(load: Any) -> None:
    body = LOCAL.replace("https://hub.example.org/", "http://127.0.0.1:8000/jupyter").replace(
        "      certificate: /etc/hub/tls.pem\n      key: /etc/hub/tls.key\n", ""
    )
    settings = load(body)
    assert settings.JupyterHub.bind_url == "http://127.0.0.1:8000/jupyter/"
    assert settings.OAuthenticator.oauth_callback_url == "http://127.0.0.1:8000/jupyter/hub/oauth_callback"
    assert "ssl_cert" not in settings.JupyterHub


def test_without_a_certificate_a_hub_stays_behind_the_sites_proxy(load: Any) -> None:
    settings = load(LOCAL.replace("      certificate: /etc/hub/tls.pem\n", ""))
    assert settings.JupyterHub.bind_url == "http://127.0.0.1:8000/"
    assert settings.JupyterHub.public_url == "https://hub.example.org/"


def test_what_outlives_a_restart_is_in_the_state_folder(load: Any, tmp_path: Path) -> None:
    first, second = load(LOCAL), load(LOCAL)
    assert first.ConfigurableHTTPProxy.auth_token == second.ConfigurableHTTPProxy.auth_token
    assert len(first.ConfigurableHTTPProxy.auth_token) == 64
    assert (tmp_path / "state/proxy_token").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert first.JupyterHub.db_url == f"sqlite:///{tmp_path}/state/jupyterhub.sqlite"
    assert first.JupyterHub.cleanup_servers is False


def test_the_replica_knows_what_the_issuer_must_know_and_no_secret() -> None:
    file = rendered(LOCAL)["jupyterhub/replica/provider.json"]
    said = json.loads(file.text)
    assert said.pop("//").endswith("change the spec, not this file.")
    assert said == {
        "issuer": "https://cilogon.org",
        "endpoints": {"authorize": "/authorize", "token": "/oauth2/token", "userinfo": "/oauth2/userinfo"},
        "client": {"id": "cilogon:/client_id/1", "redirect_uris": ["https://hub.example.org/hub/oauth_callback"]},
        "scopes": ["openid", "email", "org.cilogon.userinfo", "profile"],
        "username_claim": "eppn",
        "strip_domain": "cern.ch",
        "entity_ids": ["https://cern.ch/login", "https://idp.example.edu/idp"],
    }


def test_several_hubs_have_folders_of_their_own() -> None:
    second = (
        hub("local")
        .removeprefix("jupyter:\n")
        .replace("name: main", "name: second")
        .replace("hub.example", "two.example")
    )
    assert sorted(rendered(LOCAL + second)) == [
        "jupyterhub/main/jupyterhub_config.py",
        "jupyterhub/main/replica/provider.json",
        "jupyterhub/second/jupyterhub_config.py",
        "jupyterhub/second/replica/provider.json",
    ]


def test_nothing_of_a_hostile_title_is_run(load: Any) -> None:
    for body in (LOCAL, ON_SLURM, ON_HTCONDOR):
        load(body, HOSTILE)
        text = rendered(body, HOSTILE)["jupyterhub/jupyterhub_config.py"].text
        assert all(line.startswith("#") for line in text.splitlines() if "pwned" in line)
        assert rendered(body, "Universit\u00e9") == rendered(body, "Universit\u00e9")


def test_database_and_cookie_secret_may_be_kept_elsewhere(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DB", "postgresql://hub@db.example.org/hub")
    monkeypatch.setenv("HUB_COOKIE", "ab" * 32)
    more = "    hub:\n      database: {env: HUB_DB}\n      cookie_secret: {env: HUB_COOKIE}\n"
    said = load(LOCAL.replace("    hub:\n", more)).JupyterHub
    assert said.db_url == "postgresql://hub@db.example.org/hub"
    assert said.cookie_secret == bytes([0xAB]) * 32
    assert "cookie_secret_file" not in said
    assert rendered(LOCAL.replace("    hub:\n", more.replace("{env: HUB_DB}", KUBERNETES))) == {}
    assert rendered(LOCAL.replace("    hub:\n", more.replace("{env: HUB_COOKIE}", KUBERNETES))) == {}


KUBERNETES = "{kubernetes_secret: {name: a, key: b}}"


def test_a_hub_takes_as_many_sessions_as_the_spec_says(load: Any) -> None:
    more = "    hub:\n      starting: 10\n      running: 200\n      named_servers: 2\n      start_timeout: 10 min\n"
    settings = load(LOCAL.replace("    hub:\n", more))
    said = settings.JupyterHub
    assert (said.concurrent_spawn_limit, said.active_server_limit) == (10, 200)
    assert (said.allow_named_servers, said.named_server_limit_per_user) == (True, 2)
    assert settings.Spawner.start_timeout == 600
    for name in ("concurrent_spawn_limit", "active_server_limit", "allow_named_servers"):
        assert name not in load(LOCAL).JupyterHub
    assert "start_timeout" not in load(LOCAL).Spawner
