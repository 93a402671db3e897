"""Network policies: who reaches whom, and what is said where nothing enforces them."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes_site import CLUSTER, FULL, HUB, REANA, TRITON, labels_of, objects, rendered
from kustomize import of_kind, tied

POOL = "batch: [{name: b, scheduler: htcondor, stance: promised, elastic: [{stance: promised, kind: autoscale}]}]\n"


def policies(body: str, namespace: str) -> dict[str, Any]:
    return {item["metadata"]["name"]: item for item in of_kind(objects(body), "NetworkPolicy", namespace)}


def sources(policy: dict[str, Any]) -> Any:
    return policy["spec"]["ingress"][0]["from"]


def ports(policy: dict[str, Any]) -> list[int]:
    return [port["port"] for port in policy["spec"]["ingress"][0].get("ports", [])]


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


def test_schedulers_outside_the_cluster_reach_the_workers_of_the_pool() -> None:
    found = policies(CLUSTER + FULL, "htcondor")
    assert found["allow-htcondor"]["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 9618}]}]
    assert "allow-htcondor" not in policies(CLUSTER + FULL, "servicex")
    # Whoever reads metrics reaches no other port.
    assert ports(found["allow-monitoring"]) == [8080]
    shared = policies(CLUSTER + "  namespace: af\n" + FULL.split("services:")[0] + POOL + TRITON, "af")
    assert ports(shared["allow-monitoring"]) == [8002, 8080]


def test_keda_asks_the_pools_manager_itself_where_there_is_no_prometheus() -> None:
    okd = CLUSTER.replace("kubernetes\n", "okd\n  autoscaling: {adapter: keda}\n")
    asked = policies(okd + POOL, "b")["allow-monitoring"]
    assert (sources(asked), ports(asked)) == ([{"namespaceSelector": {}}], [8080])
    told = okd.replace("keda", "keda, prometheus: 'http://prometheus.monitoring:9090'")
    names = {"kubernetes.io/metadata.name": "monitoring"}
    assert sources(policies(told + POOL, "b")["allow-monitoring"]) == [{"namespaceSelector": {"matchLabels": names}}]


@pytest.mark.parametrize(
    ("said", "expected"), [("", None), ("runtime_namespace: reana, ", None), ("runtime_namespace: jobs, ", "jobs")]
)
def test_workflows_in_a_namespace_of_their_own_reach_reanas_queue(said: str, expected: str | None) -> None:
    found = policies(CLUSTER + REANA.replace("reana: {", f"reana: {{{said}"), "reana")
    assert ("allow-workflows" in found) == bool(expected)
    if expected:
        labels = {"kubernetes.io/metadata.name": expected}
        assert found["allow-workflows"]["spec"]["ingress"] == [
            {"from": [{"namespaceSelector": {"matchLabels": labels}}]}
        ]
