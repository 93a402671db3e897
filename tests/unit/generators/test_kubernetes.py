"""The generator kubernetes: namespaces with what is in force in them, by what the spec says runs there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.kubernetes import Kubernetes
from hypothesis import given, settings
from hypothesis import strategies as st
from kustomize import kubectl_kustomize, of_kind, official, one, parse, tied, written
from support import HEAD, facility

from afspec.generators.cluster import priority_class, volumes

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.generators import Artifact

CLUSTER = """
orchestration:
  stance: promised
  kind: kubernetes
"""
# A portal, a hub with Dask's operator and gateway, services, a pool: everything that a cluster may have.
FULL = """
  version: 1.30.4
  storage_class: fast
  ingress: {ingress_class: nginx}
gpus:
  stance: promised
  models: [{name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu}]
jupyter:
  - {name: portal, kind: portal, stance: promised, spawner: kubernetes, url: "https://a.example.org/lab", port: 9999,
     group: {name: af, gid: 5741}}
  - {name: hub, kind: hub_kubernetes, stance: promised, url: "https://hub.example.org"}
dask:
  stance: promised
  operator: {stance: promised, namespace: af-jupyter, service_account: jupyter}
  gateway: {stance: promised, backend: kubernetes}
services:
  coffea_casa: {stance: promised, url: "https://coffea.example.org"}
  servicex: [{name: servicex, stance: promised, url: "https://servicex.example.org"}]
  reana: {stance: promised, url: "https://reana.example.org"}
  triton: {stance: promised, grpc: "triton.triton.svc.cluster.local:8001"}
batch:
  - name: htcondor
    scheduler: htcondor
    stance: promised
    elastic: [{stance: promised, kind: autoscale}]
software: {cvmfs: {stance: promised, claim: cvmfs}}
storage:
  areas:
    - {name: home, stance: promised, path: /home/<user>, quota: 100 GB,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: data, path: /data, mount: {target: /data, source: /data}}
"""
REANA = "services: {reana: {stance: promised}}\n"
TRITON = "services: {triton: {stance: promised}}\n"
HUB = "jupyter: [{name: hub, kind: hub_kubernetes, stance: promised}]\n"
USERS = ["portal", "hub", "dask-gateway", "af-jupyter", "coffea-casa"]


def rendered(body: str) -> list[Artifact]:
    return list(Kubernetes().render(facility(body)))


def objects(body: str, folder: str = "kubernetes") -> list[dict[str, Any]]:
    return tied(rendered(body), folder)


def labels_of(body: str, namespace: str, folder: str = "kubernetes") -> dict[str, str]:
    found: dict[str, str] = one(objects(body, folder), "Namespace", namespace)["metadata"]["labels"]
    return found


def policies(body: str, namespace: str) -> dict[str, Any]:
    return {item["metadata"]["name"]: item for item in of_kind(objects(body), "NetworkPolicy", namespace)}


def sources(policy: dict[str, Any]) -> Any:
    return policy["spec"]["ingress"][0]["from"]


def ports(policy: dict[str, Any]) -> list[int]:
    return [port["port"] for port in policy["spec"]["ingress"][0].get("ports", [])]


def test_every_object_is_one_that_a_server_takes() -> None:
    found = objects(CLUSTER + FULL)
    assert len(found) > 70
    for item in found:
        official(item)


def test_the_schemas_would_tell() -> None:
    item = one(objects(CLUSTER + FULL), "PersistentVolume", "toy-hub-home")
    item["spec"]["accessMode"] = ["ReadWriteMany"]
    with pytest.raises(Exception, match="accessMode"):
        official(item)


def test_nothing_on_a_cluster_makes_nothing() -> None:
    for body in (
        "",
        CLUSTER,
        CLUSTER.replace("promised", "planned") + FULL,
        CLUSTER + FULL.replace("promised", "planned"),
    ):
        assert not Kubernetes().applies(facility(body)), body
        assert rendered(body) == []


def test_a_service_that_is_offered_has_its_namespace_and_others_have_none() -> None:
    assert [item["metadata"]["name"] for item in of_kind(objects(CLUSTER + REANA), "Namespace")] == ["reana"]
    for stance in ("best_effort", "on_request"):
        assert of_kind(objects(CLUSTER + REANA.replace("promised", stance)), "Namespace")
    assert not Kubernetes().applies(facility(CLUSTER + REANA.replace("promised", "not_promised")))


def test_a_file_for_what_takes_an_administrator_and_one_a_namespace() -> None:
    files = {item.path: parse(item.text) for item in rendered(CLUSTER + FULL)}
    whole = {item["kind"] for item in files["kubernetes/cluster.yaml"]}
    assert whole == {"Namespace", "PriorityClass", "PersistentVolume"}
    for path, found in files.items():
        if path.startswith("kubernetes/namespaces/"):
            name = path.removeprefix("kubernetes/namespaces/").removesuffix(".yaml")
            assert {item["metadata"].get("namespace") for item in found} == {name}
    limited = CLUSTER + "  quota: {pods: 5}\n  containers: {cpu: 1}\n" + REANA
    whole = {item["kind"] for item in parse(rendered(limited)[1].text)}
    assert {"ResourceQuota", "LimitRange"} <= whole  # whose rights end at the namespace may not change them


def test_a_namespace_lets_pods_do_what_the_most_demanding_of_them_needs() -> None:
    level = "pod-security.kubernetes.io/enforce"
    assert labels_of(CLUSTER + FULL, "servicex")[level] == "baseline"
    assert labels_of(CLUSTER + FULL, "nvidia-device-plugin")[level] == "privileged"
    shared = CLUSTER + "  namespace: af\n" + FULL
    assert labels_of(shared, "af")[level] == "privileged"  # REANA and the pool's workers are in it, too
    alone = CLUSTER + "  namespace: af\n" + HUB
    assert labels_of(alone, "af")[level] == "baseline"
    strict = CLUSTER + "  namespaces: [{name: servicex, pod_security: restricted}]\n" + FULL
    found = labels_of(strict, "servicex")
    assert {value for key, value in found.items() if re.search("(enforce|warn|audit)$", key)} == {"restricted"}
    assert labels_of(strict, "triton")[level] == "baseline"


@pytest.mark.parametrize(
    ("level", "told"), [("restricted", "restricted"), ("baseline", "restricted"), ("privileged", "baseline")]
)
def test_one_level_further_is_told_and_not_refused(level: str, told: str) -> None:
    found = labels_of(CLUSTER + f"  namespaces: [{{name: hub, pod_security: {level}}}]\n" + HUB, "hub")
    modes = {mode: found[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "warn", "audit")}
    assert modes == {"enforce": level, "warn": told, "audit": told}


@pytest.mark.parametrize(
    ("version", "label"), [("", "latest"), ("1.30", "v1.30"), ("1.28.3", "v1.28"), ("4.15", "latest"), ("2", "latest")]
)
def test_levels_are_those_of_the_clusters_version(version: str, label: str) -> None:
    body = CLUSTER + (f'  version: "{version}"\n' if version else "") + HUB
    found = labels_of(body, "hub")
    assert {value for key, value in found.items() if key.endswith("-version")} == {label}


def test_okd_is_told_not_to_set_levels_itself() -> None:
    label = "security.openshift.io/scc.podSecurityLabelSync"
    assert labels_of(CLUSTER.replace("kubernetes", "okd") + HUB, "hub")[label] == "false"
    assert label not in labels_of(CLUSTER + HUB, "hub")


def test_silence_about_quotas_makes_none() -> None:
    found = objects(CLUSTER + FULL)
    assert of_kind(found, "ResourceQuota") == []
    assert of_kind(found, "LimitRange") == []


def test_a_quota_limits_what_is_asked_for() -> None:
    body = CLUSTER + "  quota: {cpu: 64, memory: 256 GiB, gpus: 4, pods: 100, storage: 1 TB, claims: 9}\n" + FULL
    found = objects(body)
    hard = one(found, "ResourceQuota", "afspec", "servicex")["spec"]["hard"]
    assert hard == {
        "requests.cpu": "64",
        "requests.memory": "256Gi",
        "requests.nvidia.com/gpu": "4",
        "pods": "100",
        "fast.storageclass.storage.k8s.io/requests.storage": "1T",
        "persistentvolumeclaims": "9",
    }
    # Pods that ask for nothing would be refused where what is asked for is counted.
    small = one(found, "LimitRange", "afspec", "servicex")["spec"]["limits"]
    assert small == [{"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "256Mi"}}]
    # A device plugin runs on every node, however many there are.
    assert of_kind(found, "ResourceQuota", "nvidia-device-plugin") == []
    for item in found:
        official(item)


def test_claims_on_storage_areas_take_nothing_of_the_quota() -> None:
    body = CLUSTER + "  quota: {storage: 1 TB, claims: 9}\n" + FULL.replace("  storage_class: fast\n", "")
    found = objects(body)
    sizes = sum(volume.size for volume in volumes(facility(body)) if volume.source)
    hard = one(found, "ResourceQuota", "afspec", "hub")["spec"]["hard"]
    assert hard == {"requests.storage": f"{(10**12 + sizes) // 10**9}G", "persistentvolumeclaims": "11"}
    assert one(found, "ResourceQuota", "afspec", "servicex")["spec"]["hard"] == {
        "requests.storage": "1T",
        "persistentvolumeclaims": "9",
    }


@pytest.mark.parametrize(
    ("resource", "mig", "names"),
    [
        ("nvidia.com/gpu", "", {"requests.nvidia.com/gpu"}),
        ("nvidia.com/gpu.shared", "", {"requests.nvidia.com/gpu.shared"}),
        (
            "nvidia.com/gpu",
            ", mig: {strategy: mixed, profiles: [1g.5gb, 1g.10gb+me]}",
            {"requests.nvidia.com/mig-1g.5gb", "requests.nvidia.com/mig-1g.10gb.me"},
        ),
    ],
)
def test_gpus_are_counted_by_the_names_of_their_resources(resource: str, mig: str, names: set[str]) -> None:
    gpus = f"gpus: {{stance: promised, models: [{{name: a, resource: {resource}{mig}}}]}}\n"
    found = objects(CLUSTER + "  quota: {gpus: 2}\n" + gpus + HUB)
    assert one(found, "ResourceQuota", "afspec", "hub")["spec"]["hard"] == dict.fromkeys(names, "2")


def test_a_namespace_may_have_a_quota_of_its_own() -> None:
    body = CLUSTER + "  quota: {pods: 100}\n  namespaces: [{name: triton, quota: {pods: 3}}]\n" + FULL
    found = objects(body)
    assert one(found, "ResourceQuota", "afspec", "triton")["spec"]["hard"] == {"pods": "3"}
    assert one(found, "ResourceQuota", "afspec", "servicex")["spec"]["hard"] == {"pods": "100"}


def test_containers_that_ask_for_nothing_get_what_the_spec_says() -> None:
    body = CLUSTER + "  containers: {cpu: 4, memory: 8 GiB, cpu_request: 1, memory_request: 2 GiB}\n" + HUB
    (limit,) = one(objects(body), "LimitRange", "afspec", "hub")["spec"]["limits"]
    assert limit == {
        "type": "Container",
        "default": {"cpu": "4", "memory": "8Gi"},
        "defaultRequest": {"cpu": "1", "memory": "2Gi"},
    }
    # Where only a limit is said, a server keeps as much for the container: nothing smaller is put before it.
    body = CLUSTER + "  quota: {cpu: 64, memory: 256 GiB}\n  containers: {cpu: 4}\n" + HUB
    (limit,) = one(objects(body), "LimitRange", "afspec", "hub")["spec"]["limits"]
    assert limit == {"type": "Container", "default": {"cpu": "4"}, "defaultRequest": {"memory": "256Mi"}}
    (limit,) = one(objects(body.replace("cpu: 4}", "memory: 8 GiB}")), "LimitRange", "afspec", "hub")["spec"]["limits"]
    assert limit == {"type": "Container", "default": {"memory": "8Gi"}, "defaultRequest": {"cpu": "100m"}}


def test_pods_may_ask_the_api_for_nothing_but_sessions_for_dask_clusters() -> None:
    found = objects(CLUSTER + FULL)
    accounts = of_kind(found, "ServiceAccount")
    tokens = {
        (item["metadata"]["namespace"], item["metadata"]["name"]): item["automountServiceAccountToken"]
        for item in accounts
    }
    assert {key for key, token in tokens.items() if token} == {
        (name, "jupyter") for name in ("af-jupyter", "portal", "hub")
    }
    assert {name for name, account in tokens if account == "default"} == {
        item["metadata"]["name"] for item in of_kind(found, "Namespace")
    }
    (role,) = of_kind(found, "Role")
    (binding,) = of_kind(found, "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "af-jupyter"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert {(s["kind"], s["name"], s["namespace"]) for s in binding["subjects"]} == {
        ("ServiceAccount", "jupyter", name) for name in ("af-jupyter", "portal", "hub")
    }


def test_sessions_may_do_what_the_client_does_and_no_more() -> None:
    """Asked of a server that wrote down what KubeCluster of dask-kubernetes 2026.3 asks it, to the last call."""
    (role,) = of_kind(objects(CLUSTER + FULL), "Role")
    may = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    asked = {
        "daskclusters": "create delete get list",
        "daskworkergroups": "create delete get list patch",
        "daskautoscalers": "create delete patch",
    }
    assert may == {
        *(("kubernetes.dask.org", name, verb) for name, verbs in asked.items() for verb in verbs.split()),
        *(("", name, verb) for name in ("pods", "services") for verb in ("get", "list")),
        ("", "pods/log", "get"),
    }


@pytest.mark.parametrize(
    "change", [("service_account: jupyter", ""), ("operator: {stance: promised", "operator: {stance: planned")]
)
def test_without_an_operator_or_an_account_nobody_may(change: tuple[str, str]) -> None:
    found = objects(CLUSTER + FULL.replace(*change))
    assert of_kind(found, "Role") == of_kind(found, "RoleBinding") == []
    assert {item["metadata"]["name"] for item in of_kind(found, "ServiceAccount")} == {"default"}


def test_the_account_of_sessions_may_be_the_usual_one() -> None:
    found = objects(CLUSTER + FULL.replace("service_account: jupyter", "service_account: default"))
    assert one(found, "ServiceAccount", "default", "af-jupyter")["automountServiceAccountToken"] is True
    assert one(found, "ServiceAccount", "default", "triton")["automountServiceAccountToken"] is False


def test_groups_of_users_see_or_change_a_namespace() -> None:
    members = "members: [{group: 'oidc:/af/admins', role: admin}, {group: everybody}, {group: everybody}]"
    found = objects(CLUSTER + f"  namespaces: [{{name: hub, {members}}}]\n" + HUB)
    bindings = of_kind(found, "RoleBinding", "hub")
    assert [(item["roleRef"], item["subjects"]) for item in bindings] == [
        (
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            [{"kind": "Group", "name": group, "apiGroup": "rbac.authorization.k8s.io"}],
        )
        for group, role in (("oidc:/af/admins", "admin"), ("everybody", "view"))
    ]
    for item in bindings:
        official(item)


def test_a_pod_is_reached_from_its_namespace_and_nowhere_else() -> None:
    found = policies(CLUSTER + TRITON, "triton")
    assert found["default-deny-ingress"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert sources(found["allow-same-namespace"]) == [{"podSelector": {}}]


def test_the_facilitys_own_namespaces_reach_what_services_are_for_and_not_their_databases() -> None:
    found = policies(CLUSTER + FULL, "servicex")["allow-facility"]
    assert sources(found) == [{"namespaceSelector": {"matchLabels": {"app.kubernetes.io/part-of": "toy"}}}]
    assert ports(found) == [5000, 9000]  # not 5432 and 5672
    # The selector is about a label that the namespaces have.
    assert labels_of(CLUSTER + FULL, "hub")["app.kubernetes.io/part-of"] == "toy"
    assert ports(policies(CLUSTER + FULL, "portal")["allow-facility"]) == [9999]
    assert ports(policies(CLUSTER + FULL, "af-jupyter")["allow-facility"]) == [8786, 8787]


def test_where_ports_are_not_known_none_is_closed() -> None:
    body = CLUSTER + FULL.replace(" port: 9999,", "")
    assert "ports" not in policies(body, "portal")["allow-ingress-controller"]["spec"]["ingress"][0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("kubernetes\n", [{"namespaceSelector": {}}]),
        (
            "kubernetes\n  ingress: {namespace: ingress-nginx}\n",
            [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
        ),
        (
            "okd\n",
            [
                {"namespaceSelector": {"matchLabels": {"policy-group.network.openshift.io/ingress": ""}}},
                {"namespaceSelector": {"matchLabels": {"policy-group.network.openshift.io/host-network": ""}}},
            ],
        ),
    ],
)
def test_published_services_are_reached_from_the_ingress_controller(said: str, expected: list[Any]) -> None:
    found = policies(CLUSTER.replace("kubernetes\n", said) + TRITON, "triton")
    assert sources(found["allow-ingress-controller"]) == expected
    body = CLUSTER.replace("kubernetes\n", said) + FULL.split("  ingress: {ingress_class: nginx}\n")[1]
    # Nobody publishes schedulers.
    assert "allow-ingress-controller" not in policies(body, "af-jupyter")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "kubernetes\n  autoscaling: {prometheus: 'http://prometheus.monitoring:9090'}\n",
            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]},
        ),
        (
            "okd\n",
            {"from": [{"namespaceSelector": {"matchLabels": {"network.openshift.io/policy-group": "monitoring"}}}]},
        ),
        ("kubernetes\n", {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 8002}]}),
    ],
)
def test_metrics_that_triton_grows_by_are_never_cut_off(said: str, expected: dict[str, Any]) -> None:
    found = policies(CLUSTER.replace("kubernetes\n", said) + TRITON, "triton")
    assert found["allow-monitoring"]["spec"]["ingress"] == [expected]


@pytest.mark.parametrize(
    ("body", "namespace", "guarded"),
    [
        (HUB, "hub", ["jupyterhub"]),
        ("services: {coffea_casa: {stance: promised}}\n", "coffea-casa", ["jupyterhub"]),
        (REANA, "reana", ["reana-cache", "reana-workflow-controller"]),
    ],
)
def test_what_a_charts_own_policy_guards_is_not_opened_beside_it(body: str, namespace: str, guarded: list[str]) -> None:
    found = policies(CLUSTER + body, namespace)
    assert {"default-deny-ingress", "allow-same-namespace"} < set(found)
    for name, item in found.items():
        selected = item["spec"]["podSelector"]
        if name == "default-deny-ingress":
            assert selected == {}
        else:
            assert selected == {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": guarded}]}


def test_pods_of_users_reach_all_but_a_clouds_metadata() -> None:
    found = policies(CLUSTER + FULL, "af-jupyter")["allow-egress"]["spec"]
    names, elsewhere = found["egress"]
    assert {(port["protocol"], port["port"]) for port in names["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert "to" not in names  # wherever names are looked up: a cache on the node has an address of its own
    assert {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}} in elsewhere["to"]
    assert {"namespaceSelector": {}} in elsewhere["to"]
    assert "allow-egress" not in policies(CLUSTER + FULL, "servicex")
    okd = policies(CLUSTER.replace("kubernetes\n", "okd\n") + FULL, "af-jupyter")["allow-egress"]["spec"]
    assert {port["port"] for port in okd["egress"][0]["ports"]} == {53, 5353}


def test_the_clusters_own_namespaces_are_left_to_their_charts() -> None:
    assert policies(CLUSTER + FULL, "nvidia-device-plugin") == {}


@pytest.mark.parametrize("said", ["", "  network_policy: enforced\n", "  network_policy: not_enforced\n"])
def test_policies_that_have_no_effect_say_so(said: str) -> None:
    artifacts = rendered(CLUSTER + said + FULL)
    warned = "not_enforced" in said
    for file in artifacts:
        head = file.text.splitlines()[0]
        if file.path.startswith("kubernetes/namespaces/") or file.path == "kubernetes/cluster.yaml":
            assert ("WARNING" in head) == warned, file.path
    for item in tied(artifacts, "kubernetes"):
        if item["kind"] in {"NetworkPolicy", "Namespace"}:
            note = item["metadata"]["annotations"].get("afspec/warning", "")
            assert ("does not enforce" in note) == warned


def test_services_go_before_sessions_and_sessions_before_workers() -> None:
    site = facility(CLUSTER + HUB)
    found = {item["metadata"]["name"]: item for item in of_kind(objects(CLUSTER + HUB), "PriorityClass")}
    services, sessions, workers = (found[priority_class(site, rank)] for rank in ("services", "sessions", "workers"))
    assert 10**9 > services["value"] > sessions["value"] > workers["value"] > 0
    assert workers["preemptionPolicy"] == "Never"
    assert not any(item["globalDefault"] for item in found.values())
    assert list(found) == ["toy-services", "toy-sessions", "toy-workers"]


def test_each_namespace_of_users_has_the_storage_areas() -> None:
    found = objects(CLUSTER + FULL)
    claims = {item["metadata"]["namespace"] for item in of_kind(found, "PersistentVolumeClaim")}
    assert claims == set(USERS)
    for claim in of_kind(found, "PersistentVolumeClaim"):
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        volume = one(found, "PersistentVolume", claim["spec"]["volumeName"])["spec"]
        assert (volume["claimRef"]["namespace"], volume["claimRef"]["name"]) == (namespace, name)
        assert volume["capacity"]["storage"] == claim["spec"]["resources"]["requests"]["storage"]
        assert volume["accessModes"] == claim["spec"]["accessModes"] == ["ReadWriteMany"]
        assert volume["storageClassName"] == claim["spec"]["storageClassName"] == ""
        assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    home, data = (one(found, "PersistentVolume", f"toy-hub-{name}")["spec"] for name in ("home", "data"))
    assert home["nfs"] == {"server": "nfs.example.org", "path": "/export/home"}
    assert data["hostPath"] == {"path": "/data", "type": "Directory"}


def test_a_namespace_that_services_share_with_sessions_has_the_storage_areas() -> None:
    found = objects(CLUSTER + "  namespace: af\n" + FULL)
    assert {item["metadata"]["name"] for item in of_kind(found, "PersistentVolumeClaim", "af")} == {"home", "data"}
    assert one(found, "Namespace", "af")["metadata"]["labels"]["afspec/pods"] == "users"
    assert labels_of(CLUSTER + FULL, "servicex")["afspec/pods"] == "services"


def test_volumes_bring_the_group_of_sessions() -> None:
    gid = "pv.beta.kubernetes.io/gid"
    volumes_ = of_kind(objects(CLUSTER + FULL), "PersistentVolume")
    assert {item["metadata"]["annotations"][gid] for item in volumes_} == {"5741"}
    for body in (
        FULL.replace("group: {name: af, gid: 5741}", ""),
        # Two groups: nobody knows whose files a volume has.
        FULL.replace("kind: hub_kubernetes,", "kind: hub_kubernetes, group: {name: other, gid: 5742},"),
    ):
        assert all(
            gid not in item["metadata"]["annotations"] for item in of_kind(objects(CLUSTER + body), "PersistentVolume")
        )


def test_the_sites_own_claims_are_asked_for() -> None:
    texts = {item.path: item.text for item in rendered(CLUSTER + FULL)}
    required = yaml.safe_load(texts["kubernetes/requires.yaml"])["requires"]
    assert [(item["kind"], item["namespace"], item["name"]) for item in required] == [
        ("PersistentVolumeClaim", name, "cvmfs") for name in USERS
    ]
    assert "kubernetes/requires.yaml" not in {item.path for item in rendered(CLUSTER + TRITON)}


def test_the_namespace_of_a_virtual_cluster_is_in_another_cluster() -> None:
    body = CLUSTER.replace("kind: kubernetes", "kind: vcluster\n  network_policy: not_enforced")
    host = objects(body, "kubernetes/host")
    assert [item["metadata"]["name"] for item in of_kind(host, "Namespace")] == ["vcluster-atlas"]
    assert labels_of(body, "vcluster-atlas", "kubernetes/host")["pod-security.kubernetes.io/enforce"] == "baseline"
    assert not [item for item in rendered(body) if not item.path.startswith("kubernetes/host/")]
    both = body + HUB
    assert [item["metadata"]["name"] for item in of_kind(objects(both), "Namespace")] == ["hub"]
    assert [item["metadata"]["name"] for item in of_kind(objects(both, "kubernetes/host"), "Namespace")] == [
        "vcluster-atlas"
    ]
    assert of_kind(host, "NetworkPolicy") == of_kind(host, "PriorityClass") == []


def test_text_of_the_spec_stays_text() -> None:
    title = "{0} {x} ': [] # --- &a *b !!python $(id)"
    artifacts = list(Kubernetes().render(facility(CLUSTER + HUB, HEAD.replace("A toy facility", repr(title)))))
    found = tied(artifacts, "kubernetes")
    assert [item["metadata"]["name"] for item in of_kind(found, "Namespace")] == ["hub"]
    for item in artifacts:
        assert item.text.isascii()
        assert item.text.splitlines()[1].startswith("# Generated by afspec")


NAMES = st.sampled_from(["a", "b", "hub", "servicex", "reana", "triton", "x" * 63])


@settings(max_examples=40)
@given(st.none() | NAMES, NAMES, NAMES, NAMES, NAMES, st.sampled_from(["kubernetes", "okd", "vcluster"]))
def test_however_services_share_namespaces_each_object_is_there_once(  # noqa: PLR0917 - a name each
    shared: str | None, hub: str, operator: str, servicex: str, reana: str, kind: str
) -> None:
    body = CLUSTER.replace("kind: kubernetes", f"kind: {kind}") + (f"  namespace: {shared}\n" if shared else "")
    body += "  quota: {cpu: 8, gpus: 1, storage: 1 TB}\n" + FULL.replace(
        "\n  version: 1.30.4\n  storage_class: fast\n  ingress: {ingress_class: nginx}", ""
    )
    body = body.replace("{name: hub, ", f"{{name: hub, namespace: {hub}, ").replace("af-jupyter", operator)
    body = body.replace("{name: servicex, ", f"{{name: servicex, namespace: {servicex}, ")
    body = body.replace("reana: {", f"reana: {{namespace: {reana}, ")
    found = objects(body)  # it looks for doubles
    namespaces = {item["metadata"]["name"] for item in of_kind(found, "Namespace")}
    assert {item["metadata"].get("namespace") for item in found} - {None} <= namespaces
    assert {hub, operator, servicex, reana} <= namespaces
    assert [item.text for item in rendered(body)] == [item.text for item in rendered(body)]


def test_kubectl_reads_the_folder_and_an_overlay_beside_it(tmp_path: Path) -> None:
    """As README.md shows it: an overlay in a folder that afspec never writes changes what is compiled."""
    artifacts = rendered(CLUSTER + "  quota: {pods: 100}\n" + FULL)
    folder = written(artifacts, tmp_path / "build/toy")
    assert len(kubectl_kustomize(folder / "kubernetes")) == len(tied(artifacts, "kubernetes"))
    overlay = tmp_path / "overlays/toy"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text(
        """\
resources: [../../build/toy/kubernetes]
patches:
  - target: {kind: ResourceQuota, namespace: triton}
    patch: |-
      - {op: replace, path: /spec/hard/pods, value: "20"}
  - patch: |-
      $patch: delete
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: toy-hub-data}
"""
    )
    found = kubectl_kustomize(overlay)
    assert one(found, "ResourceQuota", "afspec", "triton")["spec"]["hard"] == {"pods": "20"}
    assert one(found, "ResourceQuota", "afspec", "servicex")["spec"]["hard"] == {"pods": "100"}
    assert len(found) == len(tied(artifacts, "kubernetes")) - 1
