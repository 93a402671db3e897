"""Volumes of the spec's storage areas, in each namespace of users."""

from __future__ import annotations

import yaml
from kubernetes_site import CLUSTER, FULL, TRITON, labels_of, objects, rendered
from kustomize import of_kind, one

USERS = ["portal", "hub", "dask-gateway", "af-jupyter", "coffea-casa"]


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
    # A claim without a class cannot be resized: what a user may have is told in other places.
    more = objects(CLUSTER + FULL.replace("quota: 100 GB", "quota: 200 GB"))
    assert of_kind(more, "PersistentVolumeClaim") == of_kind(found, "PersistentVolumeClaim")
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
