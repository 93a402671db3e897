"""The generator jupyterhub-k8s: values that the real chart takes, sessions that KubeSpawner starts, no open hub."""

from __future__ import annotations

import ast
import asyncio
import itertools
import re
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from afspec.generators.jupyterhub_k8s import JupyterHubK8s
from afspec.generators.jupyterhub_k8s.images import REGEX
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import TRICKY, facility
from upstream import merged, upstream_data

from afspec.diagnostics import AfspecError
from afspec.facility.words import REFERENCE
from afspec.generators.hub_chart import image, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

CLUSTER = """\
orchestration: {stance: promised, kind: kubernetes, storage_class: ceph, ingress: {ingress_class: nginx, issuer: le}}
"""
LOGIN = """\
logins:
  - name: federated
    stance: promised
    method: cilogon
    federated: true
    entity_ids: [https://cern.ch/login, https://idp.example.edu/idp]
    username_claim: eppn
    strip_domain: cern.ch
    client: {id: "cilogon:/client_id/1", secret: {kubernetes_secret: {name: hub-login, key: client-secret}}}
    opens: [jupyter]
"""
KEYCLOAK = """\
logins:
  - name: site
    stance: promised
    method: keycloak
    issuer: https://sso.example.org/realms/af
    client: {id: hub, secret: {env: HUB_CLIENT}}
    strip_domain: example.org
    groups: [atlas]
    opens: [jupyter]
"""
GPUS = """\
gpus:
  stance: promised
  models:
    - {name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu,
       mig: {strategy: mixed, profiles: [1g.5gb, 2g.10gb]}}
    - {name: v100, product: Tesla-V100-PCIE-16GB, resource: nvidia.com/gpu}
    - {name: l40s, count: 4}
"""
IMAGES = """\
images:
  stance: promised
  policy: any
  named:
    - {name: base, reference: "hub.example.org/base/x:1", prefix: /opt/env, kernel: {name: k}}
"""
STORAGE = """\
storage:
  stance: promised
  areas:
    - {name: home, stance: promised, purpose: home, path: /home/<u>/<user>,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: group, stance: promised, purpose: group, path: /group, mount: {target: /group, source: /group}}
  xcache: [{name: x, stance: promised, door: "root://x.example.org:1094"}]
software:
  stance: promised
  cvmfs: {stance: promised, claim: cvmfs}
  rucio: {stance: promised, site: AF_1}
  voms: {stance: promised, proxy: /home/<u>/<user>/proxy}
"""
LIMITS = "    limits: {cpu: 16, memory: 32 GiB, gpus: 2, idle: 8 h, duration: 72 h}\n"
PROFILES = """\
    profiles:
      - {name: small, title: "Small <b>", cpu: 2, memory: 4 GiB}
      - {name: slice, title: A slice, cpu: 2, memory: 4 GiB, gpus: 1, gpu: a100}
      - {name: two, cpu: 32, memory: 4 GiB, gpus: 2, gpu: v100, image: "hub.example.org/gpu/y:2"}
      - {name: any, cpu: 2, memory: 4 GiB, gpus: 1}
      - {name: nowhere, cpu: 2, gpus: 1, gpu: l40s}
"""


def hub(more: str = "") -> str:
    return (
        "jupyter:\n  - name: hub\n    kind: hub_kubernetes\n    stance: promised\n"
        f"    url: https://hub.example.org/jh/\n{more}"
    )


BARE = CLUSTER + hub()
FULL = CLUSTER + LOGIN.replace("    opens", "    uid_claim: uidNumber\n    opens") + GPUS + IMAGES + STORAGE
OWN = """\
    group: {name: atlas, gid: 5741}
    hub:
      admins: [bob, alice]
      starting: 10
      running: 100
      named_servers: 2
      cpu_overcommit: 4
      cookie_secret: {kubernetes_secret: {name: hub-tokens, key: hub.config.JupyterHub.cookie_secret}}
      database: {kubernetes_secret: {name: hub-db, key: url}}
      services:
        - {name: reports, token: {kubernetes_secret: {name: hub-tokens, key: hub.services.reports.apiToken}}}
        - {name: Monitor, token: {env: MON_TOKEN}, scopes: ["read:users"]}
      culling: {kernels: 1 h}
"""


def files(body: str) -> dict[str, Any]:
    """What is made of a spec, by the file's path."""
    generator, there = JupyterHubK8s(), facility(body)
    made = list(generator.render(there)) if generator.applies(there) else []
    for item in made:
        assert item.text.isascii()
    return {item.path: yaml.safe_load(item.text) for item in made}


@cache
def chart() -> Draft202012Validator:
    """The schema of the real chart."""
    return Draft202012Validator(upstream_data("z2jh", "4.4.0_values.schema.yaml"))


def values(body: str) -> dict[str, Any]:
    """The values of the only hub, over the real chart's and by its schema."""
    found = files(body)["jupyterhub-k8s/hub/values.yaml"]
    whole = merged(upstream_data("z2jh", "4.4.0_values.yaml"), found)
    assert [error.message for error in chart().iter_errors(whole)] == []
    assert isinstance(found, dict)
    return found


def required(body: str) -> dict[tuple[str, str], list[Any]]:
    listed = files(body).get("jupyterhub-k8s/hub/requires.yaml", {"requires": []})["requires"]
    return {(item["kind"], item["name"]): item.get("holds", []) for item in listed}


def loaded(found: dict[str, Any]) -> SimpleNamespace:
    """What the hub's Python leaves behind, run as the chart runs it: in the order of the names, in one namespace."""
    spawner, settings, oauth = SimpleNamespace(), SimpleNamespace(), SimpleNamespace()
    settings.services = [{"name": name} for name in found["hub"].get("services", {})]
    c = SimpleNamespace(JupyterHub=settings, OAuthenticator=oauth, KubeSpawner=spawner)
    for _, code in sorted(found["hub"].get("extraConfig", {}).items()):
        exec(compile(code, "extraConfig", "exec"), {"c": c})  # noqa: S102 - our own
    return c


@pytest.mark.parametrize(
    "body",
    [
        BARE,
        BARE.replace("kind: kubernetes", "kind: okd"),
        BARE.replace("kind: kubernetes", "kind: vcluster"),
        CLUSTER + LOGIN + GPUS + IMAGES + STORAGE + hub(LIMITS),
        FULL + hub(LIMITS + PROFILES + OWN),
        CLUSTER + KEYCLOAK + IMAGES + hub(LIMITS + PROFILES),
    ],
)
def test_the_real_chart_takes_the_values(body: str) -> None:
    assert values(body)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("stance: promised\n    url", "stance: planned\n    url"),
        ("stance: promised\n    url", "stance: not_promised\n    url"),
        ("    stance: promised\n    url", "    url"),
        ("kind: hub_kubernetes", "kind: hub_vm"),
        ("orchestration: {stance: promised", "orchestration: {stance: planned"),
        (CLUSTER, ""),
    ],
)
def test_what_is_not_offered_is_not_made(word: str, other: str) -> None:
    assert files(BARE)
    assert word in BARE
    body = BARE.replace(word, other)
    assert not JupyterHubK8s().applies(facility(body))
    assert list(JupyterHubK8s().render(facility(body))) == []


def test_each_hub_has_a_folder_of_its_own() -> None:
    second = hub().replace("jupyter:\n", "").replace("name: hub", "name: Other_Hub")
    assert {path.rpartition("/")[0] for path in files(BARE + second)} == {
        "jupyterhub-k8s/hub",
        "jupyterhub-k8s/other-hub",
    }


# Who signs in.


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


# Secrets and services.


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


GATEWAY = """\
dask:
  stance: promised
  gateway: {stance: promised, auth: jupyterhub, backend: kubernetes,
    url: https://hub.example.org/jh/services/dask-gateway/,
    internal_url: "http://traefik-dask-gateway.dask-gateway/services/dask-gateway/"}
"""


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


# Where it is found, and when sessions end.


def test_the_ingress_is_the_clusters() -> None:
    found = values(BARE)
    assert found["ingress"]["hosts"] == ["hub.example.org"]
    assert found["ingress"]["ingressClassName"] == "nginx"
    assert found["ingress"]["annotations"] == {"cert-manager.io/cluster-issuer": "le"}
    assert found["hub"]["baseUrl"] == "/jh/"
    assert found["proxy"]["service"]["type"] == "ClusterIP"
    assert {("IngressClass", "nginx"), ("ClusterIssuer", "le")} <= set(required(BARE))
    by_hand = BARE.replace(", issuer: le", "")
    assert required(by_hand)["Secret", "hub-tls"] == ["tls.crt", "tls.key"]
    assert values(BARE.replace("kind: kubernetes", "kind: okd"))["ingress"] == {"enabled": False}
    without = values(BARE.replace("    url: https://hub.example.org/jh/\n", ""))
    assert without["ingress"] == {"enabled": False}
    plain = values(BARE.replace("https://hub", "http://hub"))["ingress"]
    assert "tls" not in plain
    assert "annotations" not in plain


@pytest.mark.parametrize(
    ("limits", "cull"),
    [
        ("", {"enabled": True}),
        ("{idle: 8 h, duration: 72 h}", {"enabled": True, "timeout": 28800, "maxAge": 259200}),
        ("{duration: 72 h}", {"enabled": True, "timeout": 259200, "maxAge": 259200}),
        ("{idle: 60 s}", {"enabled": True, "timeout": 60, "every": 30}),
    ],
)
def test_sessions_end_when_the_spec_says(limits: str, cull: dict[str, Any]) -> None:
    assert values(CLUSTER + hub(f"    limits: {limits}\n" if limits else ""))["cull"] == cull


# Users' pods.


def test_a_session_sees_its_own_folder_where_nobody_knows_its_user() -> None:
    sessions = values(CLUSTER + LOGIN + STORAGE + hub())["singleuser"]
    mounts = {item["name"]: item for item in sessions["storage"]["extraVolumeMounts"]}
    assert sessions["storage"]["type"] == "none"
    own = "{unescaped_username[0]}/{unescaped_username}"
    assert mounts["home"] == {"name": "home", "mountPath": f"/home/{own}", "subPath": own}
    assert mounts["group"] == {"name": "group", "mountPath": "/group"}
    assert mounts["cvmfs"]["mountPropagation"] == "HostToContainer"
    known = values(FULL + hub())["singleuser"]["storage"]["extraVolumeMounts"]
    assert known[0] == {"name": "home", "mountPath": "/home"}


def test_without_a_home_of_the_sites_each_user_has_a_volume() -> None:
    assert values(BARE)["singleuser"]["storage"] == {"type": "dynamic", "dynamic": {"storageClass": "ceph"}}
    only_group = STORAGE.replace("purpose: home", "purpose: data")
    storage = values(CLUSTER + only_group + hub())["singleuser"]["storage"]
    assert storage["type"] == "dynamic"
    assert len(storage["extraVolumes"]) == 3


def test_variables_of_sessions() -> None:
    found = values(FULL + hub("    kernels: /opt/site/kernels\n"))["singleuser"]["extraEnv"]
    assert found == {
        "HOME": "/home/{unescaped_username[0]}/{unescaped_username}",
        "JUPYTER_PATH": "/opt/site:/opt/env/share/jupyter",
        "AF_XCACHE": "root://x.example.org:1094",
        "SITE_NAME": "AF_1",
        "X509_USER_PROXY": "/home/{unescaped_username[0]}/{unescaped_username}/proxy",
    }
    unmounted = values(FULL.replace("proxy: /home", "proxy: /elsewhere") + hub())["singleuser"]["extraEnv"]
    assert "X509_USER_PROXY" not in unmounted


def test_no_pod_is_privileged_and_none_is_pulled_everywhere() -> None:
    found = values(BARE)
    assert found["singleuser"]["cloudMetadata"] == {"blockWithIptables": False}
    assert found["scheduling"]["userScheduler"] == {"enabled": False}
    assert found["prePuller"] == {"hook": {"enabled": False}, "continuous": {"enabled": False}}


def test_policies_stay_on_where_nothing_enforces_them() -> None:
    body = (BARE + GATEWAY).replace("kind: kubernetes", "kind: kubernetes, network_policy: not_enforced")
    found = values(body)
    assert found["hub"]["networkPolicy"]["enabled"] is True
    policy = found["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    (rule,) = policy["egress"]
    assert rule["to"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["dask-gateway"]


def test_sessions_use_the_operators_account_in_its_namespace_alone() -> None:
    operator = "dask:\n  operator: {stance: promised, namespace: SPACE, service_account: jupyter}\n"
    here = values(BARE + operator.replace("SPACE", "hub"))["singleuser"]
    assert here["serviceAccountName"] == "jupyter"
    assert {port["port"] for port in here["networkPolicy"]["egress"][1]["ports"]} == {443, 6443}
    assert "serviceAccountName" not in values(BARE + operator.replace("SPACE", "dask"))["singleuser"]


# Choices.


def by_slug(body: str) -> dict[str, dict[str, Any]]:
    return {item["slug"]: item for item in values(body)["singleuser"].get("profileList", [])}


def test_profiles_of_the_spec_are_bounded_and_have_their_gpus() -> None:
    found = by_slug(FULL + hub(LIMITS + PROFILES + OWN))
    assert list(found) == ["small", "slice", "two", "any"]
    assert found["small"]["display_name"] == "Small &lt;b&gt;"
    assert found["small"]["kubespawner_override"] == {
        "cpu_limit": 2,
        "cpu_guarantee": 0.5,
        "mem_limit": "4G",
        "mem_guarantee": "4G",
    }
    two = found["two"]["kubespawner_override"]
    assert two["cpu_limit"] == 16
    assert two["extra_resource_limits"] == two["extra_resource_guarantees"] == {"nvidia.com/gpu": "2"}
    assert two["node_selector"] == {"nvidia.com/gpu.product": "Tesla-V100-PCIE-16GB"}
    assert {item["key"] for item in two["tolerations"]} >= {"nvidia.com/gpu", "hub.jupyter.org/dedicated"}
    assert list(found["slice"]["profile_options"]["gpu"]["choices"]) == ["a100-1g-5gb", "a100-2g-10gb"]
    assert list(found["any"]["profile_options"]["gpu"]["choices"]) == ["a100-1g-5gb", "a100-2g-10gb", "v100"]


def test_without_profiles_there_is_one_with_each_gpu() -> None:
    found = by_slug(CLUSTER + GPUS + IMAGES + hub(LIMITS))
    assert list(found) == ["cpu", "a100-1g-5gb", "a100-2g-10gb", "v100"]
    assert found["v100"]["kubespawner_override"]["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert list(found["v100"]["profile_options"]["gpus"]["choices"]) == ["1", "2"]
    sizes = [item["kubespawner_override"] for item in found["cpu"]["profile_options"]["size"]["choices"].values()]
    assert [(size["cpu_limit"], size["mem_limit"]) for size in sizes] == [(2, "4G"), (4, "8G"), (8, "16G"), (16, "32G")]
    assert list(by_slug(CLUSTER + GPUS + IMAGES + hub(LIMITS.replace("gpus: 2", "gpus: 0")))) == ["cpu"]
    assert by_slug(BARE) == {}


def images_of(policy: str, custom: str = "") -> tuple[list[str], bool]:
    body = CLUSTER + IMAGES.replace("policy: any", policy) + hub(custom)
    option = by_slug(body).get("cpu", {}).get("profile_options", {}).get("image", {})
    references = [item["kubespawner_override"]["image"] for item in option.get("choices", {}).values()]
    return references, bool(option.get("unlisted_choice", {}).get("enabled"))


def test_images_follow_the_sites_policy() -> None:
    base = "hub.example.org/base/x:1"
    assert images_of("policy: any") == ([base], True)
    assert images_of("policy: any", "    custom_image: false\n") == ([], False)
    assert images_of("policy: unpacked", "    custom_image: true\n") == ([], False)
    listed = 'policy: allow_list\n  allowed: ["hub.example.org/a/z:2", "hub.example.org/b/z:2"]'
    assert images_of(listed, "    custom_image: true\n") == (["hub.example.org/a/z:2", "hub.example.org/b/z:2"], False)
    both = listed.replace("]", f', "{base}"]')
    assert images_of(both)[0][0] == base


def test_a_profile_has_no_image_that_is_not_allowed() -> None:
    listed = IMAGES.replace("policy: any", 'policy: allow_list\n  allowed: ["hub.example.org/base/x:1"]')
    text = yaml.safe_dump(values(FULL.replace(IMAGES, listed) + hub(PROFILES)))
    assert "gpu/y" not in text
    assert "gpu/y" in yaml.safe_dump(values(FULL + hub(PROFILES)))


REFERENCES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["a", "hub.example.org", "h-x.org:5000", "A9.b:65535"]),
        st.lists(st.sampled_from(["/a", "/b0", "/a-b", "/a__b.c", "/9"]), min_size=1, max_size=3).map("".join),
        st.sampled_from(["", ":1", ":v1.2-3_x", ":" + "t" * 128]),
        st.sampled_from(["", "@sha256:" + "0a" * 32]),
    ),
)


@given(REFERENCES)
def test_any_reference_may_be_typed(reference: str) -> None:
    assert re.match(REGEX, reference)


@given(
    st.one_of(st.text(max_size=30), REFERENCES.map(lambda text: text + "\n"), REFERENCES.map(lambda text: text + " x"))
)
@example("x/y\n")
def test_nothing_else_may_be_typed(text: str) -> None:
    assert bool(re.match(REGEX, text)) == bool(REFERENCE.match(text))


@given(REFERENCES)
def test_the_chart_puts_a_reference_together_again(reference: str) -> None:
    found = image(reference)
    joined = f"{found['name']}:{found['tag']}"
    assert REFERENCE.match(joined)
    name, at, digest = reference.partition("@")
    if at:
        assert joined.endswith(f"@{digest}")
        assert joined.startswith(name.rpartition("/")[0])
    else:
        assert joined in {reference, f"{reference}:latest"}


@given(st.integers(1, 1 << 50))
def test_memory_is_exact_in_jupyterhubs_units(size: int) -> None:
    found = memory(size)
    factors = {"M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    assert size == (found if isinstance(found, int) else int(found[:-1]) * factors[found[-1]])


@given(st.one_of(TRICKY, st.sampled_from(["'''\"\"\"\\", "{unescaped_username}", "{value}", "<script>", "$(id)"])))
def test_text_stays_text(text: str) -> None:
    quoted = yaml.dump(text, default_style='"', allow_unicode=False, width=1 << 20).strip()
    profiles = f"    profiles: [{{name: p, title: {quoted}, cpu: 1}}]\n"
    client = LOGIN.replace('"cilogon:/client_id/1"', quoted)
    try:
        facility(CLUSTER + client + hub(profiles))
    except AfspecError:  # the spec itself refuses it
        return
    found = files(CLUSTER + client + hub(profiles))["jupyterhub-k8s/hub/values.yaml"]
    assert found["hub"]["config"]["CILogonOAuthenticator"]["client_id"] == text
    (profile,) = found["singleuser"]["profileList"]
    assert "<" not in profile["display_name"]
    for code in found["hub"].get("extraConfig", {}).values():
        ast.parse(code)


# KubeSpawner itself.


def spawned(found: dict[str, Any]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Every session that users may choose, with the pod that KubeSpawner makes of it."""
    reason = "jupyterhub-kubespawner is not installed"
    module = pytest.importorskip("kubespawner.spawner", reason=reason)
    serialized = pytest.importorskip("kubernetes_asyncio.client", reason=reason).ApiClient
    single = found["singleuser"]
    traits = {
        "image": f"{single['image']['name']}:{single['image']['tag']}",
        "environment": single.get("extraEnv", {}),
        "volumes": single["storage"].get("extraVolumes", []),
        "volume_mounts": single["storage"].get("extraVolumeMounts", []),
        "profile_list": single["profileList"],
        **found["hub"]["config"].get("KubeSpawner", {}),
    }
    chosen: list[dict[str, str]] = [{}]
    for profile in single["profileList"]:
        axes = []
        for name, option in profile.get("profile_options", {}).items():
            axis = [(name, choice) for choice in option["choices"]]
            if option.get("unlisted_choice"):
                axis.append((f"{name}--unlisted-choice", "hub.example.org/mine/own:1"))
            axes.append(axis)
        chosen += [{"profile": profile["slug"], **dict(combination)} for combination in itertools.product(*axes)]
    # No cluster is asked.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_config", lambda **_: None)
        patch.setattr(module, "shared_client", lambda *_, **__: None)

        async def pod(options: dict[str, str]) -> dict[str, Any]:
            spawner = module.KubeSpawner(_mock=True, **traits)
            spawner.user.name, spawner.user_options = "alice", options
            await spawner.load_user_options()
            client = serialized()
            made = client.sanitize_for_serialization(await spawner.get_pod_manifest())
            await client.close()
            return {"apiVersion": "v1", "kind": "Pod", **made}

        for options in chosen:
            yield options, asyncio.run(pod(options))


def test_kubespawner_makes_a_pod_of_every_choice() -> None:
    number = 0
    for options, pod in spawned(values(FULL + hub(LIMITS + PROFILES + OWN))):
        kubernetes_validate.validate(pod, "1.30", strict=True)
        number += 1
        (container,) = pod["spec"]["containers"]
        wanted = options.get("image--unlisted-choice")
        assert wanted is None or container["image"] == wanted
        assert "/home/a/alice" in [item.get("value") for item in container["env"]]
        if options.get("profile") == "two":
            assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"
            assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "Tesla-V100-PCIE-16GB"}
        if "gpu" not in options and options.get("profile") != "two":
            assert "nodeSelector" not in pod["spec"]
        resources = [name for name in container["resources"]["limits"] if name.startswith("nvidia.com/")]
        assert len(resources) <= 1
    assert number > 10
