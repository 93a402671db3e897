"""The generator vcluster: values that vCluster's chart takes, and what of the spec is in them."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from afspec.generators.vcluster import VCluster
from hypothesis import given
from hypothesis import strategies as st
from support import facility
from upstream import merged, upstream_data

KIND = "orchestration:\n  stance: on_request\n  kind: vcluster\n"
ACCESS = """
access:
  kubernetes:
    stance: on_request
    server: https://k8s.example.org:443/api/<name>
    issuer: https://dex.example.org/
    client_id: vcluster--<name>
"""
FULL = """  version: "1.30"
  ingress: {ingress_class: nginx}
  network_policy: enforced
  storage_class: fast
  quota: {cpu: 64, memory: 256 GiB, gpus: 4, pods: 100}
  containers: {cpu: 4, cpu_request: 1, memory_request: 2 GiB}
gpus: {stance: promised, models: [{name: a, product: P, resource: nvidia.com/gpu}]}
"""


def values(body: str) -> dict[str, Any]:
    made = VCluster().render(facility(body))
    data = next(yaml.safe_load(item.text) for item in made if item.path == "vcluster/values.yaml")
    assert isinstance(data, dict)
    return data


def accepted(data: dict[str, Any]) -> dict[str, Any]:
    """The values over the chart's own, which its schema must let pass."""
    whole = merged(upstream_data("vcluster", "v0.36.1_values.yaml"), data)
    jsonschema.validate(whole, upstream_data("vcluster", "v0.36.1_values.schema.json"))
    assert isinstance(whole, dict)
    return whole


@pytest.mark.parametrize("body", [KIND, KIND + FULL, KIND + FULL + ACCESS])
def test_the_chart_takes_the_values(body: str) -> None:
    accepted(values(body))


def test_the_schema_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afspec.generators.vcluster.sync", lambda _: {"toHost": {"ingress": {"enabled": True}}})
    with pytest.raises(jsonschema.ValidationError):
        accepted(values(KIND))


@pytest.mark.parametrize("other", ["kind: kubernetes", "kind: okd", "stance: not_promised", "stance: planned"])
def test_other_clusters_and_other_stances_get_none(other: str) -> None:
    key = other.split(":", maxsplit=1)[0]
    said = {"stance": "stance: on_request", "kind": "kind: vcluster"} | {key: other}
    body = f"orchestration: {{{', '.join(said.values())}}}"
    assert not VCluster().applies(facility(body))
    assert list(VCluster().render(facility(body))) == []


def test_silence_leaves_the_charts_defaults() -> None:
    made = values(KIND)
    assert "policies" not in made
    assert "distro" not in made["controlPlane"]
    assert "nodes" not in made["sync"]["fromHost"]
    assert made["exportKubeConfig"] == {"context": "atlas"}


def test_users_log_in_by_their_tokens() -> None:
    login = """
logins:
  - {name: ssh, stance: promised, method: ssh-key, opens: [ssh]}
  - {name: dex, stance: promised, method: dex, issuer: "https://dex.example.org", opens: [kubernetes],
     username_claim: email, groups_claim: groups}
"""
    bare = values(KIND + ACCESS)["controlPlane"]["distro"]["k8s"]["apiServer"]["extraArgs"]
    assert bare == ["--oidc-issuer-url=https://dex.example.org", "--oidc-client-id=vcluster--atlas"]
    told = values(KIND + ACCESS + login)["controlPlane"]["distro"]["k8s"]["apiServer"]["extraArgs"]
    assert told[2:] == ["--oidc-username-claim=email", "--oidc-groups-claim=groups", "--oidc-groups-prefix=oidc:"]
    other = values(KIND + ACCESS + login.replace("dex.example.org", "idp.example.org"))
    assert other["controlPlane"]["distro"]["k8s"]["apiServer"]["extraArgs"] == bare
    refused = values(KIND + ACCESS.replace("on_request", "not_promised"))
    assert "distro" not in refused["controlPlane"]
    assert "proxy" not in refused["controlPlane"]


def test_an_address_with_a_path_is_no_address_of_a_kubeconfig() -> None:
    made = values(KIND + ACCESS)
    assert made["controlPlane"]["proxy"] == {"extraSANs": ["k8s.example.org"]}
    assert "server" not in made["exportKubeConfig"]
    plain = values(KIND + ACCESS.replace(":443/api/<name>", ""))
    # With the port, which vcluster connect expects to find.
    assert plain["exportKubeConfig"]["server"] == "https://k8s.example.org:443"


def test_what_nobody_can_fill_in_is_left_out() -> None:
    made = values(KIND + ACCESS.replace("<name>", "<who>"))
    assert "proxy" not in made["controlPlane"]
    assert "distro" not in made["controlPlane"]


def test_what_users_see_of_the_host_follows_the_spec() -> None:
    sync = values(KIND + FULL)["sync"]
    assert sync["fromHost"]["nodes"]["selector"]["labels"] == {"feature.node.kubernetes.io/pci-10de.present": "true"}
    assert {"ingressClasses", "storageClasses", "runtimeClasses"} <= set(sync["fromHost"])
    assert {"ingresses", "networkPolicies"} <= set(sync["toHost"])
    less = values(KIND + FULL.replace("enforced", "not_enforced").replace(", resource: nvidia.com/gpu", ""))
    assert "networkPolicies" not in less["sync"]["toHost"]
    assert less["policies"]["networkPolicy"] == {"enabled": False}
    assert "nodes" not in less["sync"]["fromHost"]


def test_the_quota_is_the_specs_and_no_amount_of_the_charts() -> None:
    quota = accepted(values(KIND + FULL))["policies"]["resourceQuota"]
    assert quota["enabled"] is True
    hard = quota["quota"]
    assert (hard["requests.cpu"], hard["limits.memory"], hard["requests.nvidia.com/gpu"]) == ("64", "256Gi", "4")
    assert hard["count/pods"] == "100"
    assert not {"requests.storage", "limits.ephemeral-storage", "count/persistentvolumeclaims"} & set(hard)


def test_limits_without_a_quota_bring_none_of_the_charts() -> None:
    made = values(KIND + "  containers: {cpu: 2}\n")["policies"]
    assert made["resourceQuota"] == {"enabled": False}
    assert made["limitRange"] == {"enabled": True, "default": {"cpu": "2"}, "defaultRequest": {"cpu": "2"}}


@given(cpu=st.none() | st.integers(1, 64), kept=st.none() | st.integers(1, 64), size=st.none() | st.integers(1, 64))
def test_no_container_asks_for_more_than_it_may_use(cpu: int | None, kept: int | None, size: int | None) -> None:
    said = {"cpu": cpu, "cpu_request": min(kept, cpu) if kept and cpu else kept, "memory": size and f"{size} GiB"}
    inner = ", ".join(f"{key}: {value}" for key, value in said.items() if value)
    limits = values(KIND + f"  containers: {{{inner}}}\n").get("policies", {}).get("limitRange", {})
    for key, value in limits.get("defaultRequest", {}).items():
        assert int(value.removesuffix("Gi")) <= int(limits["default"][key].removesuffix("Gi"))
    assert bool(limits) == any(said.values())


def test_three_replicas_share_etcd_and_one_has_a_volume_of_its_own() -> None:
    one = values(KIND + "  vcluster: {name: af, storage: 20 GiB}\n")["controlPlane"]
    assert one["statefulSet"]["persistence"]["volumeClaim"] == {"enabled": True, "size": "20Gi"}
    three = values(KIND + "  vcluster: {high_availability: true}\n  storage_class: fast\n")["controlPlane"]
    assert three["statefulSet"] == {"highAvailability": {"replicas": 3}}
    etcd = three["backingStore"]["etcd"]["deploy"]
    assert etcd["statefulSet"]["persistence"]["volumeClaim"] == {"size": "5Gi", "storageClass": "fast"}
    accepted({"controlPlane": three})


@pytest.mark.parametrize(("said", "tag"), [("1.30", "v1.30.0"), ("1.30.4", "v1.30.4"), ("1", "v1.0.0")])
def test_the_version_is_the_tag_of_an_image(said: str, tag: str) -> None:
    made = values(KIND + f'  version: "{said}"\n')
    assert made["controlPlane"]["distro"]["k8s"] == {"version": tag}


def test_a_storage_class_must_be_there() -> None:
    files = {item.path: item for item in VCluster().render(facility(KIND + "  storage_class: fast\n"))}
    (need,) = yaml.safe_load(files["vcluster/requires.yaml"].text)["requires"]
    assert (need["kind"], need["name"]) == ("StorageClass", "fast")
    assert all(file.text.isascii() for file in files.values())
