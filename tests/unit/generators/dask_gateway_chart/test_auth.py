"""Who knows the gateway's users: a hub, a shared password, Kerberos; secrets by reference."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from dask_gateway_site import CLUSTER, HUB, SITES, configured, facility, files, values

if TYPE_CHECKING:
    from afspec.facility import Facility


def needs(site: Facility) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there, by kind and name."""
    found = yaml.safe_load(files(site)["dask-gateway/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in found}


def test_the_hub_of_another_namespace_is_asked_with_its_own_token() -> None:
    auth = values(SITES["usual"])["gateway"]["auth"]
    key = "hub.services.dask-gateway.apiToken"
    assert auth["jupyterhub"] == {
        "apiTokenFromSecretName": "hub",
        "apiTokenFromSecretKey": key,
        "apiUrl": "http://hub.hubs:8081/hub/api",
        "jupyterhubServiceName": "dask-gateway",
    }
    found = needs(SITES["usual"])
    assert found["Service", "hub"]["holds"] == [8081]
    assert found["Service", "hub"]["namespace"] == "hubs"
    token = found["Secret", "hub"]
    assert (token["namespace"], token["holds"]) == ("dask-gateway", [key])
    assert token["how"].startswith("kubectl -n hubs get secret hub -o jsonpath='{.data.hub\\.services\\.dask-gateway")


def test_in_one_namespace_the_hubs_release_makes_the_token() -> None:
    shared = facility(orchestration={**CLUSTER, "namespace": "af"}, jupyter=[{**HUB, "namespace": None}])
    assert values(shared)["gateway"]["auth"]["jupyterhub"]["apiUrl"] == "http://hub.af:8081/hub/api"
    assert "kubectl" not in needs(shared)["Secret", "hub"]["how"]


LISTED = {"name": "dask-gateway", "token": {"kubernetes_secret": {"name": "tokens", "key": "gw.key"}}}


@pytest.mark.parametrize(
    ("token", "name", "key"),
    [
        ({"kubernetes_secret": {"name": "tokens", "key": "gw.key"}}, "tokens", "gw\\.key"),
        ({"env": "GW"}, "hub-secrets", "GW"),
        ({"file": "/etc/gw"}, "hub", "hub\\.services\\.dask-gateway\\.apiToken"),
    ],
)
def test_the_copy_is_of_the_token_that_the_hub_has(token: dict[str, Any], name: str, key: str) -> None:
    site = facility(jupyter=[{**HUB, "hub": {"services": [{"name": "dask-gateway", "token": token}]}}])
    assert values(site)["gateway"]["auth"]["jupyterhub"]["apiTokenFromSecretName"] == "hub"
    how = needs(site)["Secret", "hub"]["how"]
    assert how.startswith(f"kubectl -n hubs get secret {name} -o jsonpath='{{.data.{key}}}'")
    assert how.endswith("create secret generic hub --from-file=hub.services.dask-gateway.apiToken=/dev/stdin")


def test_in_one_namespace_the_gateway_reads_what_the_hub_reads() -> None:
    together: dict[str, Any] = {"orchestration": {**CLUSTER, "namespace": "af"}}
    listed = facility(**together, jupyter=[{**HUB, "namespace": None, "hub": {"services": [LISTED]}}])
    told = values(listed)["gateway"]["auth"]["jupyterhub"]
    assert (told["apiTokenFromSecretName"], told["apiTokenFromSecretKey"]) == ("tokens", "gw.key")
    assert needs(listed)["Secret", "tokens"]["how"].startswith("kubectl -n af create secret generic tokens")
    # The hub is told of the gateway's own Secret, which no release makes; of a variable it is not.
    for own, start in (
        ({"kubernetes_secret": {"name": "own", "key": "k"}}, "kubectl -n af create secret generic own"),
        ({"env": "TOKEN"}, "kubectl -n af get secret hub "),
    ):
        site = facility({"server": {"token": own}}, **together, jupyter=[{**HUB, "namespace": None}])
        name = values(site)["gateway"]["auth"]["jupyterhub"]["apiTokenFromSecretName"]
        assert needs(site)["Secret", name]["how"].startswith(start)


def test_the_hub_that_serves_the_address_knows_the_users() -> None:
    other = {**HUB, "name": "first", "url": "https://first.example.org", "namespace": "first"}
    assert values(facility(jupyter=[other, HUB]))["gateway"]["auth"]["jupyterhub"]["apiUrl"].startswith(
        "http://hub.hubs:"
    )
    away = {"url": "https://dask.example.org/"}
    assert "http://hub.first:" in files(facility(away, jupyter=[other, HUB]))["dask-gateway/values.yaml"]
    named = {**away, "cluster": {"hub": "hub"}}
    assert "http://hub.hubs:" in files(facility(named, jupyter=[other, HUB]))["dask-gateway/values.yaml"]


def test_a_hub_on_a_machine_is_asked_at_its_address() -> None:
    auth = values(SITES["machine"])["gateway"]["auth"]["jupyterhub"]
    assert auth["apiUrl"] == "https://hub.example.org/hub/api"
    # Nobody compiled there that users may ask the gateway.
    assert "jupyterhubServiceName" not in auth
    assert needs(SITES["machine"])["Secret", "hub"]["how"].startswith("kubectl -n dask-gateway create secret")


def test_a_shared_password_is_read_from_a_secret_and_never_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    site = facility({"auth": "basic", "server": {"token": {"kubernetes_secret": {"name": "mine", "key": "word"}}}})
    made = values(site)
    assert made["gateway"]["auth"] == {"type": "simple"}
    reference = {"secretKeyRef": {"name": "mine", "key": "word"}}
    assert made["gateway"]["env"] == [{"name": "DASK_GATEWAY_CREDENTIAL", "valueFrom": reference}]
    assert needs(site)["Secret", "mine"]["holds"] == ["word"]
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", "hush")
    assert configured(made).SimpleAuthenticator.get("password") == "hush"
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", "")
    with pytest.raises(ValueError, match="empty"):
        configured(made)


def test_a_keytab_comes_in_base64(monkeypatch: pytest.MonkeyPatch) -> None:
    made = values(SITES["kerberos"])
    assert (
        made["gateway"]["image"] == made["controller"]["image"] == {"name": "hub.example.org/team/server", "tag": "2"}
    )
    monkeypatch.setenv("DASK_GATEWAY_CREDENTIAL", base64.encodebytes(b"\x05\x02\x00" * 40).decode())
    keytab = configured(made).KerberosAuthenticator["keytab"]
    with open(keytab, "rb") as file:  # noqa: PTH123 - the gateway gets a name
        assert file.read() == b"\x05\x02\x00" * 40
    assert "base64 http.keytab" in needs(SITES["kerberos"])["Secret", "dask-gateway"]["how"]
