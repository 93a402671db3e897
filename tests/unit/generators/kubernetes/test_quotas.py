"""Quotas and limits: only where the spec has them, and so that pods still start."""

from __future__ import annotations

import pytest
from kubernetes_site import CLUSTER, FULL, HUB, objects
from kustomize import of_kind, official, one
from support import facility

from afspec.generators.cluster import memory, volumes


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
    assert hard == {"requests.storage": memory(10**12 + sizes), "persistentvolumeclaims": "11"}
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
