"""The generator dask-operator: clusters that the operator's CRDs take, with what pods have of the site."""

from __future__ import annotations

from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from afspec.generators.dask_operator import DaskOperator
from support import HEAD, facility
from upstream import upstream_data

IMAGE = "images: {stance: promised, named: [{name: d, reference: r.example.org/x/dask:1}]}\n"
CLUSTER = "orchestration: {stance: promised, kind: kubernetes}\n"
OPERATOR = "dask: {stance: promised, operator: {stance: promised, namespace: af-jupyter%s}}\n"
SITE = """
software: {cvmfs: {claim: cvmfs}, voms: {proxy: "/home/<user>/proxy"}}
jupyter:
  - {name: vm, kind: hub_vm, stance: promised, group: {name: other, gid: 7}}
  - {name: portal, kind: portal, stance: promised, spawner: kubernetes, group: {name: atlas-af, gid: 5741}}
storage:
  areas:
    - {name: home, stance: promised, path: /home, mount: {target: /home, source: /export/home, server: nfs.example.org}}
"""
CRD = "dask_kubernetes_operator_deployment_helm_dask-kubernetes-operator_crds_{}.yaml"


def body(more: str = "", site: str = SITE, cluster: str = CLUSTER, image: str = IMAGE) -> str:
    return cluster + image + OPERATOR % more + site


def files(text: str, head: str = HEAD) -> dict[str, Any]:
    made = DaskOperator().render(facility(text, head))
    # As dask-kubernetes reads a file of a cluster: it holds one document.
    return {item.path.removeprefix("dask-operator/"): yaml.safe_load(item.text) for item in made}


def spec(more: str = "", site: str = SITE) -> dict[str, Any]:
    found = files(body(more, site))["cluster.yaml"]["spec"]
    assert isinstance(found, dict)
    return found


def worker(more: str = "", site: str = SITE) -> dict[str, Any]:
    pod = spec(more, site)["worker"]["spec"]
    assert isinstance(pod, dict)
    return pod


@pytest.mark.parametrize("site", ["", SITE])
def test_the_operators_kinds_take_the_objects(site: str) -> None:
    made = files(body(site=site))
    for name in ("cluster", "autoscaler"):
        crd = upstream_data("dask-kubernetes-operator", CRD.format(f"dask{name}"))
        version = next(item for item in crd["spec"]["versions"] if item["name"] == "v1")
        jsonschema.validate(made[f"{name}.yaml"], version["schema"]["openAPIV3Schema"])
        assert made[f"{name}.yaml"]["kind"] == crd["spec"]["names"]["kind"]
        assert made[f"{name}.yaml"]["metadata"]["namespace"] == "af-jupyter"


def test_the_pods_and_the_service_are_the_apis_own() -> None:
    cluster = spec()
    meta = {"name": "x", "namespace": "y"}
    for part in ("scheduler", "worker"):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": cluster[part]["spec"]}
        kubernetes_validate.validate(pod, "1.30", strict=True)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": cluster["scheduler"]["service"]}
    kubernetes_validate.validate(service, "1.30", strict=True)
    ports = {item["name"]: item["containerPort"] for item in cluster["scheduler"]["spec"]["containers"][0]["ports"]}
    assert {item["targetPort"]: item["port"] for item in service["spec"]["ports"]} == ports
    assert ports == {"tcp-comm": 8786, "http-dashboard": 8787}


def test_one_name_ties_all_together_and_is_put_in_by_a_word() -> None:
    made = files(body())
    assert made["cluster.yaml"]["metadata"]["name"] == made["autoscaler.yaml"]["spec"]["cluster"] == "dask-user-name"
    text = next(item.text for item in DaskOperator().render(facility(body())) if item.path.endswith("cluster.yaml"))
    mine = yaml.safe_load(text.replace("user-name", "alice"))
    assert mine["spec"]["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == mine["metadata"]["name"]
    env = mine["spec"]["worker"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "X509_USER_PROXY", "value": "/home/alice/proxy"}]


def test_commands_are_those_that_dask_still_has() -> None:
    assert spec()["scheduler"]["spec"]["containers"][0]["args"][:2] == ["dask", "scheduler"]
    arguments = worker(", cores: 3")["containers"][0]["args"]
    assert arguments[:4] == ["dask", "worker", "--name", "$(DASK_WORKER_NAME)"]
    assert arguments[arguments.index("--nthreads") + 1] == "3"


def test_pods_have_what_the_site_says() -> None:
    pod = worker(", service_account: jupyter, cores: 2, memory: 6 GiB")
    assert pod["serviceAccountName"] == "jupyter"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["supplementalGroups"] == [5741]
    (container,) = pod["containers"]
    assert container["image"] == "r.example.org/x/dask:1"
    assert container["resources"]["limits"] == container["resources"]["requests"] == {"cpu": "2", "memory": "6Gi"}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]] == ["home", "cvmfs"]


def test_silence_leaves_it_out() -> None:
    pod = worker(site="")
    assert set(pod) == {"automountServiceAccountToken", "securityContext", "containers"}
    assert "supplementalGroups" not in pod["securityContext"]
    assert {"env", "volumeMounts"} & set(pod["containers"][0]) == set()
    assert "idleTimeout" not in spec(site="")


def test_a_folder_by_first_letter_is_no_folder_of_a_pod() -> None:
    assert "env" not in worker(site=SITE.replace("/home/<user>", "/home/<u>/<user>"))["containers"][0]
    assert "env" not in worker(site=SITE.replace("voms: {", "voms: {stance: not_promised, "))["containers"][0]


def test_the_cluster_scales_within_the_specs_bounds() -> None:
    made = files(body(", minimum: 2, maximum: 40, idle: 1 h"))
    assert made["autoscaler.yaml"]["spec"] == {"cluster": "dask-user-name", "minimum": 2, "maximum": 40}
    assert made["cluster.yaml"]["spec"]["worker"]["replicas"] == 2
    assert made["cluster.yaml"]["spec"]["idleTimeout"] == 3600
    assert files(body(", minimum: 20"))["autoscaler.yaml"]["spec"]["maximum"] == 20


def test_the_image_is_the_operators_own_or_the_one_with_dask() -> None:
    (container,) = worker(", image: r.example.org/x/other:2")["containers"]
    assert container["image"] == "r.example.org/x/other:2"
    assert not DaskOperator().applies(facility(body(image="")))
    assert DaskOperator().applies(facility(body(", image: r.example.org/x/other:2", image="")))


def test_only_what_is_offered_on_the_cluster_gets_files() -> None:
    assert not DaskOperator().applies(facility(body(cluster="")))
    assert not DaskOperator().applies(
        facility(body().replace("operator: {stance: promised", "operator: {stance: planned"))
    )
    assert DaskOperator().applies(
        facility(body().replace("operator: {stance: promised", "operator: {stance: on_request"))
    )


def test_the_operator_has_rights_in_that_namespace_alone() -> None:
    assert files(body())["values.yaml"] == {"rbac": {"cluster": False}, "kopfArgs": ["--namespace=af-jupyter"]}


def test_what_must_be_there_is_listed() -> None:
    needs = files(body(", service_account: jupyter"))["requires.yaml"]["requires"]
    kinds = [(need["kind"], need["name"]) for need in needs]
    assert ("CustomResourceDefinition", "daskclusters.kubernetes.dask.org") in kinds
    assert ("ServiceAccount", "jupyter") in kinds
    # The claim of the site's own; those of the storage areas are made with the namespace.
    assert ("PersistentVolumeClaim", "cvmfs") in kinds
    assert ("PersistentVolumeClaim", "home") not in kinds


def test_a_hostile_title_is_a_comment_in_ascii() -> None:
    head = HEAD.replace("title: A toy facility", 'title: "Universit\\u00e9 - --- a: [b"')
    assert files(body(), head) == files(body())
    assert all(item.text.isascii() for item in DaskOperator().render(facility(body(), head)))
