"""Values that the real chart takes, and that are made only where a hub is offered; text stays text."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml
from afspec.generators.jupyterhub_k8s import JupyterHubK8s
from hypothesis import given
from hypothesis import strategies as st
from jupyterhub_k8s_site import (
    BARE,
    CLUSTER,
    FULL,
    GPUS,
    IMAGES,
    KEYCLOAK,
    LIMITS,
    LOGIN,
    OWN,
    PROFILES,
    REFERENCES,
    STORAGE,
    files,
    hub,
    required,
    values,
)
from support import TRICKY, facility

from afspec.diagnostics import AfspecError
from afspec.facility.words import REFERENCE
from afspec.generators.hub_chart import image, memory


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


def test_no_pod_is_privileged_and_none_is_pulled_everywhere() -> None:
    found = values(BARE)
    assert found["singleuser"]["cloudMetadata"] == {"blockWithIptables": False}
    assert found["scheduling"]["userScheduler"] == {"enabled": False}
    assert found["prePuller"] == {"hook": {"enabled": False}, "continuous": {"enabled": False}}


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
