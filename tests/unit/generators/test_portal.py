"""The generator portal: pods of a portal that starts notebooks by itself."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml
from afspec.generators.portal import Portal
from support import facility

SITE = """\
orchestration: {stance: promised, kind: kubernetes}
gpus:
  stance: promised
  models:
    - {name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu}
    - {name: a100-1g.5gb, product: NVIDIA-A100-SXM4-40GB-MIG-1g.5gb, resource: nvidia.com/gpu,
       mig: {strategy: single, profiles: [1g.5gb]}}
    - {name: l40s, count: 4}
images:
  stance: promised
  policy: allow_list
  allowed: ["hub.example.org/b/other:1", "hub.example.org/b/usual:1"]
  named: [{name: usual, reference: "hub.example.org/b/usual:1"}, {name: not, reference: "hub.example.org/b/not:1"}]
jupyter:
  - name: portal
    kind: portal
    stance: promised
    spawner: kubernetes
    limits: {cpu: 16, memory: 32 GB, gpus: 4, duration: 72 h}
    port: 9999
    group: {name: atlas-af, gid: 5741}
storage:
  stance: promised
  areas:
    - {name: home, stance: promised, purpose: home, path: /home/<user>,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: cold, path: /cold, mount: {target: /cold, source: /cold}}
software:
  stance: promised
  cvmfs: {stance: promised, claim: cvmfs}
  rucio: {stance: promised, site: AF_200}
"""


def files(body: str) -> dict[str, list[dict[str, Any]]]:
    """The objects of each file, all of them such as the API takes."""
    generator, there = Portal(), facility(body)
    made = list(generator.render(there)) if generator.applies(there) else []
    found = {item.path: list(yaml.safe_load_all(item.text)) for item in made}
    for objects in found.values():
        for item in objects:
            kubernetes_validate.validate(item, "1.30", strict=True)
    return found


def pods(body: str = SITE) -> dict[str, dict[str, Any]]:
    """The pods' specs by the template's name."""
    return {item["metadata"]["name"]: item["template"]["spec"] for item in files(body)["portal/pods.yaml"]}


def test_there_is_one_without_a_gpu_and_one_for_each_that_the_cluster_has() -> None:
    found = pods()
    assert list(found) == ["portal-cpu", "portal-gpu-a100", "portal-gpu-a100-1g-5gb"]
    assert "nodeSelector" not in found["portal-cpu"]
    gpu = found["portal-gpu-a100-1g-5gb"]
    assert gpu["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"}
    resources = gpu["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == "1"
    assert list(pods(SITE.replace("gpus: 4", "gpus: 0"))) == ["portal-cpu"]


def test_a_pod_has_what_the_spec_says_of_sessions() -> None:
    pod = pods()["portal-cpu"]
    (container,) = pod["containers"]
    assert container["image"] == "hub.example.org/b/usual:1"
    assert container["ports"] == [{"name": "notebook", "containerPort": 9999}]
    assert container["resources"] == {
        "limits": {"cpu": "16", "memory": "32G"},
        "requests": {"cpu": "1", "memory": "2Gi"},
    }
    assert pod["activeDeadlineSeconds"] == 72 * 3600
    assert pod["securityContext"] == {"supplementalGroups": [5741]}
    assert {"name": "SITE_NAME", "value": "AF_200"} in container["env"]
    mounts = {item["name"]: item for item in container["volumeMounts"]}
    assert mounts["cvmfs"] == {
        "name": "cvmfs",
        "mountPath": "/cvmfs",
        "readOnly": True,
        "mountPropagation": "HostToContainer",
    }
    assert set(mounts) == {item["name"] for item in pod["volumes"]} == {"home", "cold", "cvmfs", "shm"}
    # Pod Security `baseline` refuses folders of nodes.
    assert not any("hostPath" in item for item in pod["volumes"])


def test_a_small_limit_is_never_below_what_is_kept() -> None:
    container = pods(SITE.replace("memory: 32 GB", "memory: 1 GB"))["portal-cpu"]["containers"][0]
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"] == "1G"


def test_silence_leaves_out() -> None:
    body = SITE.replace("    limits: {cpu: 16, memory: 32 GB, gpus: 4, duration: 72 h}\n", "")
    body = body.replace("    port: 9999\n    group: {name: atlas-af, gid: 5741}\n", "")
    pod = pods(body)["portal-cpu"]
    assert "activeDeadlineSeconds" not in pod
    assert "securityContext" not in pod
    assert pod["containers"][0]["resources"] == {}
    assert pod["containers"][0]["ports"][0]["containerPort"] == 8888


def test_the_operators_account_is_the_pods_and_clusters_start_where_it_may() -> None:
    operator = "dask:\n  operator: {stance: promised, namespace: SPACE, service_account: jupyter}\n"
    assert pods(SITE + operator.replace("SPACE", "portal"))["portal-cpu"]["serviceAccountName"] == "jupyter"
    other = pods(SITE + operator.replace("SPACE", "dask"))["portal-cpu"]
    assert other["serviceAccountName"] == "jupyter"
    assert {"name": "DASK_KUBERNETES__NAMESPACE", "value": "dask"} in other["containers"][0]["env"]
    silent = pods(SITE + operator.replace("SPACE, service_account: jupyter", "dask"))["portal-cpu"]
    assert "serviceAccountName" not in silent
    assert silent["automountServiceAccountToken"] is False
    assert "DASK_KUBERNETES__NAMESPACE" not in str(silent)
    named = SITE.replace("    port: 9999", "    namespace: af-jupyter\n    port: 9999")
    (first, *_) = files(named)["portal/pods.yaml"]
    assert first["metadata"]["namespace"] == "af-jupyter"


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("kind: portal\n    stance: promised", "kind: portal\n    stance: planned"),
        ("kind: portal\n    stance: promised", "kind: portal"),
        ("kind: portal", "kind: hub_kubernetes"),
        ("    spawner: kubernetes\n", ""),
        ("orchestration: {stance: promised", "orchestration: {stance: planned"),
        ("images:\n  stance: promised", "images:\n  stance: not_promised"),
    ],
)
def test_what_is_not_offered_or_has_no_image_is_not_made(word: str, other: str) -> None:
    assert word in SITE
    assert not Portal().applies(facility(SITE.replace(word, other)))


def test_several_portals_have_folders_of_their_own() -> None:
    second = "  - {name: other, kind: portal, stance: promised, spawner: kubernetes}\nstorage:"
    assert set(files(SITE.replace("storage:", second))) == {"portal/portal/pods.yaml", "portal/other/pods.yaml"}


def test_a_pods_template_never_changes_with_the_spec_alone() -> None:
    for item in files(SITE)["portal/pods.yaml"]:
        assert "annotations" not in item["template"]["metadata"]
