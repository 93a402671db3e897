"""The hub's secrets, and services that ask it: dask-gateway first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyterhub_k8s_site import BARE, CLUSTER, FULL, GATEWAY, OWN, files, hub, loaded, required, values

from afspec.verify.cluster.secrecy import is_secret_key

if TYPE_CHECKING:
    import pytest


def test_secrets_are_referred_to_and_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = FULL + hub(OWN)
    found, needs = values(body), required(body)
    assert found["hub"]["existingSecret"] == "hub-tokens"
    assert needs["Secret", "hub-tokens"] == ["hub.services.reports.apiToken", "hub.config.JupyterHub.cookie_secret"]
    assert needs["Secret", "hub-db"] == ["url"]
    assert needs["Secret", "hub-secrets"] == ["MON_TOKEN"]
    for name, variable in found["hub"]["extraEnv"].items():
        at = variable["valueFrom"]["secretKeyRef"]
        assert at["key"] in needs["Secret", at["name"]]
        monkeypatch.setenv(name, f"{name}-value\n")
    c = loaded(found)
    assert c.JupyterHub.db_url == "JUPYTERHUB_DATABASE_URL-value"
    assert found["hub"]["db"] == {"type": "other"}
    assert c.JupyterHub.services == [{"name": "reports"}, {"name": "Monitor", "api_token": "TOKEN_MONITOR-value"}]
    assert found["hub"]["loadRoles"]["service-monitor-role"] == {"scopes": ["read:users"], "services": ["Monitor"]}


def test_a_cookie_secret_under_another_key_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "    hub: {cookie_secret: {kubernetes_secret: {name: hub-cookie, key: cookie}}}\n"
    found = values(CLUSTER + hub(own))
    monkeypatch.setenv("JUPYTERHUB_COOKIE_SECRET", "00ff\n")
    assert loaded(found).JupyterHub.cookie_secret == b"\x00\xff"
    assert "existingSecret" not in found["hub"]


def test_the_gateway_is_a_service_of_the_hub_and_may_ask_it() -> None:
    found = values(BARE + GATEWAY)["hub"]
    assert found["services"] == {"dask-gateway": {"url": "http://traefik-dask-gateway.dask-gateway", "display": False}}
    (rule,) = found["networkPolicy"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dask-gateway"}}}]
    elsewhere = values(BARE + GATEWAY.replace("hub.example.org/jh", "dask.example.org"))["hub"]
    assert elsewhere["services"] == {"dask-gateway": {"display": False}}
    for other in ("auth: basic", "stance: planned, auth: jupyterhub"):
        assert "services" not in values(BARE + GATEWAY.replace("stance: promised, auth: jupyterhub", other))["hub"]
    assert "services" not in values(BARE)["hub"]


def test_the_gateways_token_is_the_sites_where_both_can_read_it() -> None:
    server = "server: {token: {kubernetes_secret: {name: shared, key: hub.services.dask-gateway.apiToken}}},"
    told = BARE + GATEWAY.replace("backend: kubernetes,", f"backend: kubernetes, namespace: hub, {server}")
    assert values(told)["hub"]["existingSecret"] == "shared"
    assert required(told)["Secret", "shared"] == ["hub.services.dask-gateway.apiToken"]
    # The chart makes its own by itself, and the gateway elsewhere has a copy of that.
    for body in (told.replace("name: shared", "name: hub"), told.replace("namespace: hub, ", "")):
        assert "existingSecret" not in values(body)["hub"]


def test_the_gateway_asks_one_hub_alone() -> None:
    second = hub().replace("jupyter:\n", "").replace("name: hub", "name: other")
    body = BARE + second + GATEWAY.replace("backend: kubernetes,", "backend: kubernetes, cluster: {hub: other},")
    found = files(body)
    assert "services" not in found["jupyterhub-k8s/hub/values.yaml"]["hub"]
    assert "services" in found["jupyterhub-k8s/other/values.yaml"]["hub"]


def test_the_hub_below_whose_address_the_gateway_is_knows_it() -> None:
    first = hub().replace("name: hub\n", "name: first\n").replace("https://hub.", "https://first.")
    found = files(CLUSTER + first + hub().replace("jupyter:\n", "") + GATEWAY)
    assert "services" not in found["jupyterhub-k8s/first/values.yaml"]["hub"]
    served = found["jupyterhub-k8s/hub/values.yaml"]["hub"]
    assert "dask-gateway" in served["services"]
    assert "dask-gateway" in str(served["networkPolicy"]["ingress"])


def test_no_name_in_the_values_is_taken_for_a_secret() -> None:
    code = values(FULL + hub(OWN))["hub"]["extraConfig"]
    assert code
    assert not [name for name in code if is_secret_key(name)]


def test_users_and_their_sessions_may_ask_the_gateway() -> None:
    ask = "access:services!service=dask-gateway"
    roles = values(BARE + GATEWAY)["hub"]["loadRoles"]
    assert roles["user"]["scopes"] == ["self", ask]
    # A session's token has what both its user and the role of sessions have.
    assert roles["server"]["scopes"] == ["users:activity!user", "access:servers!server", ask]
    assert "loadRoles" not in values(BARE)["hub"]
