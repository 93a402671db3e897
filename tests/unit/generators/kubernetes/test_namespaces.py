"""Namespaces with their levels of Pod Security, and priorities of what runs in them."""

from __future__ import annotations

import re

import pytest
from afspec.generators.kubernetes import Kubernetes
from kubernetes_site import CLUSTER, FULL, HUB, REANA, labels_of, objects, rendered
from kustomize import of_kind
from support import facility

from afspec.generators.cluster import priority_class


def test_a_service_that_is_offered_has_its_namespace_and_others_have_none() -> None:
    assert [item["metadata"]["name"] for item in of_kind(objects(CLUSTER + REANA), "Namespace")] == ["reana"]
    for stance in ("best_effort", "on_request"):
        assert of_kind(objects(CLUSTER + REANA.replace("promised", stance)), "Namespace")
    assert not Kubernetes().applies(facility(CLUSTER + REANA.replace("promised", "not_promised")))


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


def test_services_go_before_sessions_and_sessions_before_workers() -> None:
    site = facility(CLUSTER + HUB)
    found = {item["metadata"]["name"]: item for item in of_kind(objects(CLUSTER + HUB), "PriorityClass")}
    services, sessions, workers = (found[priority_class(site, rank)] for rank in ("services", "sessions", "workers"))
    assert 10**9 > services["value"] > sessions["value"] > workers["value"] > 0
    assert workers["preemptionPolicy"] == "Never"
    assert not any(item["globalDefault"] for item in found.values())
    assert list(found) == ["toy-services", "toy-sessions", "toy-workers"]


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
