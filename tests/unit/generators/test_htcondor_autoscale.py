"""The generator htcondor-autoscale: the objects by which an HTCondor pool's execute pods follow its queue."""

from __future__ import annotations

import math
import re
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from afspec.generators.htcondor_autoscale import HTCondorAutoscale
from hypothesis import given
from hypothesis import strategies as st
from support import codes, facility, refused
from upstream import upstream_data

CLUSTER = "orchestration: {stance: promised, kind: kubernetes%s}\n"
IMAGES = "manager: 'r.example.org/osg/manager:1', image: 'r.example.org/x/execute:1'"
PROMETHEUS = ", autoscaling: {prometheus: 'http://prometheus.monitoring:9090/prom'}"
KEDA = ", autoscaling: {adapter: keda}"
POOL = """  - name: %s
    scheduler: htcondor
    stance: promised
    head: cm.example.org
    scratch: /scratch
    elastic: [{stance: promised, kind: autoscale%s}]
"""
SITE = """software: {cvmfs: {claim: cvmfs}}
gpus: {stance: promised, models: [{name: t4, product: T4, resource: nvidia.com/gpu},
  {name: a100, product: A100, resource: nvidia.com/gpu}]}
"""


def body(workers: str = IMAGES, cluster: str = "", elastic: str = "", site: str = "") -> str:
    grown = f"{elastic}, workers: {{{workers}}}" if workers else elastic
    return CLUSTER % cluster + "batch:\n" + POOL % ("htcondor", grown) + site


def files(text: str) -> dict[str, list[Any]]:
    made = HTCondorAutoscale().render(facility(text))
    return {item.path.removeprefix("htcondor-autoscale/"): list(yaml.safe_load_all(item.text)) for item in made}


def objects(text: str) -> dict[str, dict[str, Any]]:
    """Each object by its kind and name."""
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in files(text)["workers.yaml"]}


def rules(text: str) -> dict[str, Any]:
    (values,) = files(text)["prometheus-adapter.yaml"]
    assert isinstance(values, dict)
    return values


@pytest.mark.parametrize("text", [body(""), body(), body(f"{IMAGES}, gpus: 1", site=SITE), body(cluster=PROMETHEUS)])
def test_the_objects_are_the_apis_own(text: str) -> None:
    found = objects(text)
    assert found
    for item in found.values():
        kubernetes_validate.validate(item, "1.30", strict=True)
        assert item["metadata"]["namespace"] == "htcondor"


@pytest.mark.parametrize("cluster", [KEDA, KEDA.replace("keda", "keda, prometheus: 'http://p:9090'")])
def test_the_scaled_object_is_what_keda_takes(cluster: str) -> None:
    scaled = objects(body(cluster=cluster))["ScaledObject/htcondor-workers"]
    crd = upstream_data("keda", "config_crd_bases_keda.sh_scaledobjects.yaml")["spec"]["versions"][0]
    jsonschema.validate(scaled, crd["schema"]["openAPIV3Schema"])
    assert scaled["apiVersion"] == f"keda.sh/{crd['name']}"
    (trigger,) = scaled["spec"]["triggers"]
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    # A ratio is a value; as an average it would be divided by the number of pods.
    assert trigger["metricType"] == "Value"
    assert "HorizontalPodAutoscaler" not in str(files(body(cluster=cluster)))
    assert "prometheus-adapter.yaml" not in files(body(cluster=cluster))


def test_keda_reads_prometheus_or_the_manager_and_else_nothing() -> None:
    told = KEDA.replace("keda", "keda, prometheus: 'http://p:9090/'")
    (prometheus,) = objects(body(cluster=told))["ScaledObject/htcondor-workers"]["spec"]["triggers"]
    assert prometheus["metadata"]["serverAddress"] == "http://p:9090"
    assert prometheus["metadata"]["query"] == 'max(occupancy{namespace="htcondor",service="htcondor-workers-scaler"})'
    found = objects(body(cluster=KEDA))
    (direct,) = found["ScaledObject/htcondor-workers"]["spec"]["triggers"]
    service = found["Service/htcondor-workers-scaler"]
    port = service["spec"]["ports"][0]["port"]
    assert direct["metadata"]["url"] == f"http://{service['metadata']['name']}.htcondor.svc:{port}/metrics"
    assert not [name for name in objects(body("", cluster=KEDA)) if name.startswith("ScaledObject")]


def test_the_autoscaler_aims_at_the_value_one_and_never_at_no_pods() -> None:
    spec = objects(body(f"{IMAGES}, minimum: 2, maximum: 30"))["HorizontalPodAutoscaler/htcondor-workers"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 30)
    (metric,) = spec["metrics"]
    assert metric["external"]["target"] == {"type": "Value", "value": "1"}
    assert spec["scaleTargetRef"]["name"] == "htcondor-workers"
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 120
    assert codes(refused(lambda: facility(body(f"{IMAGES}, minimum: 0")))) == ["AF2006"]


@given(minimum=st.integers(1, 40), maximum=st.none() | st.integers(1, 40), total=st.none() | st.integers(1, 500))
def test_most_is_never_below_fewest(minimum: int, maximum: int | None, total: int | None) -> None:
    workers = f"cores: 8, minimum: {minimum}" + (f", maximum: {maximum}" if maximum else "")
    text = body(workers, elastic=f", cores: {total}" if total else "")
    spec = objects(text)["HorizontalPodAutoscaler/htcondor-workers"]["spec"]
    wished = maximum or (max(math.floor(total / 8), 1) if total else 10)
    assert spec["maxReplicas"] == max(minimum, wished)


def test_the_manager_finds_the_pods_and_may_do_what_it_does() -> None:
    found = objects(body(f"{IMAGES}, velocity: 3, idle: 1"))
    manager = found["Deployment/htcondor-workers-scaler"]["spec"]["template"]["spec"]
    env = {item["name"]: item["value"] for item in manager["containers"][0]["env"]}
    pods = found["Deployment/htcondor-workers"]["spec"]["template"]["metadata"]["labels"]
    selected = dict(part.split("=") for part in env["FLASK_POD_LABEL_SELECTOR"].split(","))
    assert selected.items() <= pods.items()
    own = found["Deployment/htcondor-workers-scaler"]["spec"]["template"]["metadata"]["labels"]
    # The manager does not count itself, and neither Deployment takes the other's pods.
    assert not selected.items() <= own.items()
    assert (env["FLASK_SCALE_VELOCITY"], env["FLASK_IDLE_PODS"]) == ("3", "1")
    assert env["_CONDOR_COLLECTOR_HOST"] == "cm.example.org"
    config = found["ConfigMap/htcondor-workers"]["data"]["90-afspec.conf"]
    assert f'GLIDEIN_ResourceName = "{env["FLASK_RESOURCE_NAME"]}"' in config
    (rule,) = found["Role/htcondor-workers-scaler"]["rules"]
    assert (rule["resources"], rule["verbs"]) == (["pods"], ["get", "list", "patch"])
    binding = found["RoleBinding/htcondor-workers-scaler"]
    assert binding["subjects"][0]["name"] == manager["serviceAccountName"] == "htcondor-workers-scaler"


def test_a_pod_says_what_it_is_since_it_sees_the_whole_node() -> None:
    found = objects(body(f"{IMAGES}, cores: 16, memory: 32 GiB, gpus: 2, gpu: a100", site=SITE))
    config = found["ConfigMap/htcondor-workers"]["data"]["90-afspec.conf"]
    lines = dict(line.split(" = ", 1) for line in config.splitlines() if " = " in line)
    pod = found["Deployment/htcondor-workers"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (lines["NUM_CPUS"], container["resources"]["limits"]["cpu"]) == ("16", "16")
    # Less than the pod has, by what the daemons need.
    assert int(lines["MEMORY"]) == 32 * 1024 - 256
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "A100"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    # Who has a job for a pod can call it by the collector alone.
    assert lines["CCB_ADDRESS"] == "$(COLLECTOR_HOST)"
    assert "use FEATURE : GPUs" in config
    assert lines["EXECUTE"] == "/scratch"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    # How many there are is the autoscaler's to say, each time that the file is applied.
    assert "replicas" not in found["Deployment/htcondor-workers"]["spec"]


def test_without_gpus_at_the_site_no_pod_asks_for_any() -> None:
    text = str(objects(body(f"{IMAGES}, gpus: 1")))
    assert "nvidia" not in text
    assert "FEATURE : GPUs" not in text


def test_jobs_see_the_users_files_where_the_pool_shares_them() -> None:
    claims = "persistentVolumeClaim"
    assert claims in str(objects(body(site=SITE)))
    apart = body(site=SITE).replace("scratch: /scratch", "shared_home: false")
    assert claims not in str(objects(apart))


def test_without_images_the_sites_own_are_named_as_needs() -> None:
    found = objects(body(""))
    assert {name.split("/")[0] for name in found} == {
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "HorizontalPodAutoscaler",
    }
    needs = {(item["kind"], item["name"]) for item in files(body(""))["requires.yaml"][0]["requires"]}
    assert needs == {("Deployment", "htcondor-workers"), ("Deployment", "htcondor-workers-scaler")}
    (metric,) = found["HorizontalPodAutoscaler/htcondor-workers"]["spec"]["metrics"]
    # Which Service serves the site's own is not known.
    assert "selector" not in metric["external"]["metric"]


def test_the_sites_own_pods_are_found_by_their_own_labels() -> None:
    own = "manager: 'r.example.org/osg/manager:1', deployment: execute, selector: partition=long"
    found = objects(body(own))
    env = found["Deployment/htcondor-workers-scaler"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "FLASK_POD_LABEL_SELECTOR", "value": "partition=long"} in env
    assert found["HorizontalPodAutoscaler/execute"]["spec"]["scaleTargetRef"]["name"] == "execute"


def test_the_token_is_a_secret_by_reference() -> None:
    usual = files(body())["requires.yaml"][0]["requires"]
    assert {("Secret", "htcondor-workers-token", "token")} == {
        (item["kind"], item["name"], *item["holds"]) for item in usual if item["kind"] == "Secret"
    }
    told = body(f"{IMAGES}, token: {{kubernetes_secret: {{name: pool, key: idtoken}}}}")
    found = objects(told)
    for name in ("htcondor-workers", "htcondor-workers-scaler"):
        volumes = found[f"Deployment/{name}"]["spec"]["template"]["spec"]["volumes"]
        assert [volume["secret"]["secretName"] for volume in volumes if "secret" in volume] == ["pool"]
    assert "/etc/htcondor-token/idtoken" in str(found)


def test_the_rule_is_of_the_pools_namespaces_and_leaves_custom_rules_alone() -> None:
    values = rules(body(cluster=PROMETHEUS))
    assert values["prometheus"] == {"url": "http://prometheus.monitoring", "port": 9090, "path": "/prom"}
    assert set(values["rules"]) == {"external"}
    (rule,) = values["rules"]["external"]
    assert rule["seriesQuery"] == 'occupancy{namespace=~"htcondor"}'
    metric = objects(body(cluster=PROMETHEUS))["HorizontalPodAutoscaler/htcondor-workers"]["spec"]["metrics"][0]
    assert metric["external"]["metric"]["name"] == re.sub(rule["name"]["matches"], rule["name"]["as"], "occupancy")
    assert rules(body(cluster=PROMETHEUS.replace("http:", "https:").replace(":9090", "")))["prometheus"]["port"] == 443
    assert "prometheus" not in rules(body())


def test_two_pools_have_a_file_each_and_a_rule_together() -> None:
    text = body("") + POOL % ("gpu", ", workers: {metric: occupancy_gpu, namespace: gpus}") + POOL % ("third", "")
    found = files(text)
    assert set(found) == {
        *("htcondor-workers.yaml", "gpu-workers.yaml", "third-workers.yaml"),
        *("prometheus-adapter.yaml", "requires.yaml"),
    }
    queries = [rule["seriesQuery"] for rule in found["prometheus-adapter.yaml"][0]["rules"]["external"]]
    assert queries == ['occupancy{namespace=~"htcondor|third"}', 'occupancy_gpu{namespace=~"gpus"}']
    assert {item["metadata"]["namespace"] for item in found["gpu-workers.yaml"]} == {"gpus"}


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("kind: autoscale", "kind: burst"),
        ("[{stance: promised", "[{stance: planned"),
        ("[{stance: promised", "[{note: x"),
    ],
)
def test_other_growth_and_other_stances_make_nothing(said: str, instead: str) -> None:
    assert HTCondorAutoscale().applies(facility(body("")))
    assert not HTCondorAutoscale().applies(facility(body("").replace(said, instead)))
    assert not HTCondorAutoscale().applies(facility(body("").replace(CLUSTER % "", "")))


def test_hostile_words_stay_data() -> None:
    hostile = 'manager: \'r.example.org/osg/manager:1\', selector: "a=b\\": [x]", resource: a.b'
    found = objects(body(hostile))
    env = found["Deployment/htcondor-workers-scaler"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "FLASK_POD_LABEL_SELECTOR", "value": 'a=b": [x]'} in env
    assert all(item.text.isascii() for item in HTCondorAutoscale().render(facility(body(hostile))))


def test_the_growth_that_is_offered_counts() -> None:
    both = "[{stance: planned, kind: autoscale, workers: {maximum: 99}}, {stance: promised"
    found = objects(body("maximum: 7").replace("[{stance: promised", both))
    assert found["HorizontalPodAutoscaler/htcondor-workers"]["spec"]["maxReplicas"] == 7
