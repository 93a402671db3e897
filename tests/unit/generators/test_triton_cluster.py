"""Triton on a cluster: what the pods are, who reaches them, how they grow, and what silence leaves out."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import kubernetes_validate
import pytest
from afspec.generators.triton import Triton
from hypothesis import given
from hypothesis import strategies as st
from kustomize import kubectl_kustomize, written
from support import facility
from triton_cluster_site import FOLDER, ONE_KEY, SHARED, SITE, compiled, container, data, objects, pod, script
from upstream import upstream_data

if TYPE_CHECKING:
    from pathlib import Path

KEDA = SITE.replace("autoscaling: {", "autoscaling: {adapter: keda, ")
OPERATOR = SITE.replace("      tenants:", "      monitor: prometheus-operator\n      tenants:")
OKD = SITE.replace("kind: kubernetes\n", "kind: okd\n")
CPU = SITE.replace("    gpus_per_replica: 1\n", "")
VERSIONS = [f"1.{minor}" for minor in range(28, int(kubernetes_validate.latest_version().split(".")[1]) + 1)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_what_the_api_takes(version: str) -> None:
    checked = set()
    for body in (SITE, ONE_KEY, SHARED, KEDA, OPERATOR, OKD, CPU):
        for kind, item in objects(body).items():
            if kind not in {"ScaledObject", "PodMonitor"}:
                kubernetes_validate.validate(item, version, strict=True)
                checked.add(kind)
    assert {"Deployment", "Service", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget"} <= checked


@pytest.mark.parametrize(
    "missing",
    [
        "      image: registry.example.org/nvidia/tritonserver:24.12-py3\n",
        "  stance: promised\n  kind: kubernetes\n",
        "    stance: promised\n    grpc",
    ],
)
def test_silence_makes_nothing(missing: str) -> None:
    assert missing in SITE
    assert not Triton().applies(facility(SITE.replace(missing, "    grpc" if missing.endswith("grpc") else "")))
    assert Triton().applies(facility(SITE))


def test_a_site_that_runs_the_server_itself_gets_no_objects() -> None:
    body = SITE.replace("    cluster:", "    http: http://127.0.0.1:9000\n    server: {tenants: [alice]}\n    cluster:")
    assert "triton/serve.sh" in compiled(body)
    assert not [path for path in compiled(body) if path.startswith(FOLDER)]


def test_a_gpu_that_the_cluster_has_not_makes_nothing() -> None:
    assert not Triton().applies(facility(SITE.replace("      tenants:", "      gpu: b200\n      tenants:")))


def arguments(body: str = SITE) -> list[str]:
    found: list[str] = container(body)["args"]
    return found


def test_a_repository_a_tenant_and_no_models_failure_is_the_servers() -> None:
    told = arguments()
    assert told[2 : told.index("--")] == [
        "alice=s3://https://s3.example.org:443/models/alice",
        "alice-b=s3://https://s3.example.org:443/models/alice-b",
        "the site=/cvmfs/atlas.cern.ch/models",
    ]
    assert {"--strict-readiness=false", "--exit-on-error=false"} <= set(told)
    assert {"--model-control-mode=poll", "--repository-poll-secs=60"} <= set(told)
    without = arguments(SITE.replace("    poll: 60 s\n", ""))
    assert {"--model-control-mode=explicit", "--load-model=*"} <= set(without)


def test_probes_ask_for_the_server_and_never_for_a_model() -> None:
    probes = {name: value["httpGet"]["path"] for name, value in container().items() if name.endswith("Probe")}
    assert probes == {
        "startupProbe": "/v2/health/live",
        "livenessProbe": "/v2/health/live",
        "readinessProbe": "/v2/health/ready",
    }


def test_each_tenants_key_is_mounted_by_reference_and_no_key_that_writes() -> None:
    sources = next(volume for volume in pod()["volumes"] if volume["name"] == "keys")["projected"]["sources"]
    assert [(source["secret"]["name"], source["secret"]["optional"]) for source in sources] == [
        ("alice-read", True),
        ("alice-b-read", True),
    ]
    assert sources[1]["secret"]["items"] == [
        {"key": "user", "path": "alice-b/id"},
        {"key": "password", "path": "alice-b/secret"},
    ]
    assert "alice-write" not in compiled()[f"{FOLDER}/triton.yaml"].text
    names = {item["name"]: item for item in container()["env"]}
    # The file is in memory: the volume in which it is written.
    path = names["TRITON_CLOUD_CREDENTIAL_PATH"]["value"]
    mount = next(item for item in container()["volumeMounts"] if path.startswith(f"{item['mountPath']}/"))
    assert next(item for item in pod()["volumes"] if item["name"] == mount["name"])["emptyDir"]["medium"] == "Memory"
    assert "AWS_ACCESS_KEY_ID" not in names


def test_one_key_for_all_is_in_the_variables() -> None:
    names = {item["name"]: item for item in container(ONE_KEY)["env"]}
    wanted = {"name": "triton-read", "key": "AWS_SECRET_ACCESS_KEY"}
    assert names["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == wanted
    assert "TRITON_CLOUD_CREDENTIAL_PATH" not in names
    assert not {"keys", "run"} & {volume["name"] for volume in pod(ONE_KEY)["volumes"]}


def test_what_must_be_there_is_listed_and_write_keys_for_nobody_elses_namespace() -> None:
    listed = {(item["kind"], item["name"]): item for item in data(SITE, "requires.yaml")["requires"]}
    assert listed["Secret", "alice-b-read"]["holds"] == ["user", "password"]
    assert listed["Secret", "alice-b-read"]["namespace"] == "inference"
    assert "namespace" not in listed["Secret", "alice-write"]
    assert listed["PersistentVolumeClaim", "cvmfs"]["namespace"] == "inference"
    # Each Secret, ConfigMap and claim that pods refer to is there or listed.
    for body in (SITE, ONE_KEY, SHARED):
        named = {(item["kind"], item["name"]) for item in data(body, "requires.yaml")["requires"]}
        assert references(pod(body)) <= named | {("ConfigMap", "triton-start")}


def references(item: Any) -> set[tuple[str, str]]:
    kinds = {"secretKeyRef": "Secret", "secret": "Secret", "configMapKeyRef": "ConfigMap", "configMap": "ConfigMap"}
    if isinstance(item, list):
        return set().union(*map(references, item))
    if not isinstance(item, dict):
        return set()
    found = {(kinds[key], value["name"]) for key, value in item.items() if key in kinds}
    found |= {("PersistentVolumeClaim", item["claimName"])} if "claimName" in item else set()
    return found.union(*map(references, item.values()))


def test_a_bucket_that_nobody_names_is_told_by_a_configmap() -> None:
    told = arguments(SHARED)
    assert told[2] == "all tenants=s3://https://s3.example.org:443/$(BUCKET_NAME)/models"
    source = next(item for item in container(SHARED)["env"] if item["name"] == "BUCKET_NAME")["valueFrom"]
    assert source == {"configMapKeyRef": {"name": "triton-bucket", "key": "BUCKET_NAME"}}
    assert not [path for path in compiled(SHARED) if path.startswith("triton/policies")]
    elsewhere = SHARED.replace("s3.example.org", "<host>")
    assert "$(BUCKET_NAME)" not in compiled(elsewhere)[f"{FOLDER}/triton.yaml"].text


@given(st.text(st.sampled_from("ab$()/{} \"'`\\"), max_size=12))
def test_no_variable_is_expanded_that_the_spec_has_in_its_text(text: str) -> None:
    text = re.sub(r"[{}]{2}", "", text)
    quoted = json.dumps(f"s3://https://s3.example.org:443/models/x{text}")
    address = arguments(ONE_KEY.replace("s3://https://s3.example.org:443/models/<user>", quoted))[2]
    # As the kubelet reads it: two dollars are one, and $(NAME) is a variable (Kubernetes, expansion of arguments).
    assert not re.search(r"(?<!\$)(?:\$\$)*\$\(", address)
    assert address.replace("$$", "$") == f"all tenants=s3://https://s3.example.org:443/models/x{text}"


def test_one_gpu_a_pod_of_the_model_that_is_named() -> None:
    assert container()["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "nodeSelector" not in pod()
    named = SITE.replace("      tenants:", "      gpu: a100\n      tenants:")
    assert pod(named)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    slice_of = SITE.replace("      tenants:", "      gpu: h100\n      tenants:")
    assert container(slice_of)["resources"]["requests"]["nvidia.com/mig-1g.10gb"] == "1"
    assert "nvidia.com/gpu" not in container(CPU)["resources"]["limits"]
    assert "tolerations" not in pod(CPU)


def test_pods_are_restricted_and_okd_draws_their_numbers() -> None:
    context = pod()["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"], context["fsGroup"]) == (True, 1000, 1000)
    assert container()["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod()["automountServiceAccountToken"] is objects()["ServiceAccount"]["automountServiceAccountToken"] is False
    assert not {"runAsUser", "runAsGroup", "fsGroup"} & set(pod(OKD)["securityContext"])
    assert pod(OKD)["securityContext"]["runAsNonRoot"] is True


def test_a_rollout_needs_no_gpu_that_is_free() -> None:
    rolling = objects()["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 0, "maxUnavailable": 1}
    assert pod()["terminationGracePeriodSeconds"] >= 5 + int(argument("--exit-timeout-secs"))


def argument(name: str, body: str = SITE) -> str:
    (found,) = (item.partition("=")[2] for item in arguments(body) if item.startswith(f"{name}="))
    return found


@pytest.mark.parametrize(
    ("grpc", "name", "namespace", "port"),
    [
        ("triton-traefik.inference.svc.cluster.local:8001", "triton-traefik", "inference", 8001),
        ("infer.ml.svc:9001", "infer", "ml", 9001),
        ("infer.ml.svc", "infer", "ml", 8001),
        ("triton.example.org:443", "triton", "triton", 8001),
        ("triton.ml:8000", "triton", "triton", 8001),
    ],
)
def test_the_promised_address_is_the_services(grpc: str, name: str, namespace: str, port: int) -> None:
    body = SITE.replace("triton-traefik.inference.svc.cluster.local:8001", grpc)
    service = objects(body)["Service"]
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == (name, namespace)
    ports = {item["name"]: item for item in service["spec"]["ports"]}
    assert (ports["grpc"]["port"], ports["grpc"]["targetPort"]) == (port, "grpc")
    labels = objects(body)["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert {item["name"] for item in container(body)["ports"]} >= {item["targetPort"] for item in ports.values()}


def test_a_port_that_is_promised_for_grpc_is_not_http_too() -> None:
    ports = objects(SITE.replace("local:8001", "local:8000"))["Service"]["spec"]["ports"]
    assert [(item["name"], item["port"]) for item in ports] == [("grpc", 8000), ("metrics", 8002)]


def test_users_reach_the_server_and_prometheus_its_metrics() -> None:
    ask, watch = objects()["NetworkPolicy"]["spec"]["ingress"]
    names = [
        item["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in (ask, watch)
        for item in rule["from"]
        if "namespaceSelector" in item
    ]
    assert names == ["notebooks", "monitoring"]
    assert [[port["port"] for port in rule["ports"]] for rule in (ask, watch)] == [[8000, 8001], [8002]]


def test_the_autoscaler_says_how_many_and_the_deployment_does_not() -> None:
    spec = objects()["HorizontalPodAutoscaler"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 3)
    assert spec["metrics"][0]["pods"]["target"] == {"type": "AverageValue", "averageValue": "100k"}
    assert "replicas" not in objects()["Deployment"]["spec"]
    lower = SITE.replace("      tenants:", "      queue_time_us: 1500\n      tenants:")
    assert objects(lower)["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["target"]["averageValue"] == "1500"


@pytest.mark.parametrize(
    ("body", "replicas"),
    [
        (SITE.replace("    autoscale: {minimum: 1, maximum: 3, metric: avg_time_queue_us}\n", ""), 1),
        (SITE.replace("minimum: 1, maximum: 3", "minimum: 3, maximum: 3"), 3),
        (SITE.replace("minimum: 1", "minimum: 2").replace("metric: avg_time_queue_us", "metric: moon_phase"), 2),
        (KEDA.replace(', prometheus: "http://prometheus.monitoring:9090"', ""), 1),
    ],
)
def test_where_nothing_can_scale_the_number_stands(body: str, replicas: int) -> None:
    assert not {"HorizontalPodAutoscaler", "ScaledObject"} & set(objects(body))
    if "adapter: keda, prometheus" not in body:
        assert objects(body)["Deployment"]["spec"]["replicas"] == replicas
    assert f"{FOLDER}/prometheus-adapter.yaml" not in compiled(body)


@cache
def scaled_object_schema() -> dict[str, Any]:
    crd = upstream_data("keda", "config_crd_bases_keda.sh_scaledobjects.yaml")
    (version,) = crd["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def test_keda_scales_where_the_cluster_has_it_and_nothing_else_does() -> None:
    found = objects(KEDA)
    assert "HorizontalPodAutoscaler" not in found
    assert f"{FOLDER}/prometheus-adapter.yaml" not in compiled(KEDA)
    (trigger,) = found["ScaledObject"]["spec"]["triggers"]
    assert trigger["metricType"] == "Value"
    assert trigger["metadata"]["serverAddress"] == "http://prometheus.monitoring:9090"
    assert trigger["metadata"]["threshold"] == "100000"
    jsonschema.validate(found["ScaledObject"], scaled_object_schema())
    assert ("CustomResourceDefinition", "scaledobjects.keda.sh") in {
        (item["kind"], item["name"]) for item in data(KEDA, "requires.yaml")["requires"]
    }


def test_the_adapters_rule_is_of_the_metric_that_the_autoscaler_reads() -> None:
    values = data(SITE, "prometheus-adapter.yaml")
    assert values["prometheus"] == {"url": "http://prometheus.monitoring", "port": 9090}
    (rule,) = values["rules"]["custom"]
    metric = objects()["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert rule["name"]["as"] == metric
    assert 'namespace="inference"' in rule["seriesQuery"]
    assert set(rule["resources"]["overrides"]) == {"namespace", "pod"}


def test_prometheus_finds_the_pods_in_one_way() -> None:
    template = objects()["Deployment"]["spec"]["template"]["metadata"]
    assert template["annotations"]["prometheus.io/port"] == "8002"
    assert "PodMonitor" not in objects()
    assert "annotations" not in objects(OPERATOR)["Deployment"]["spec"]["template"]["metadata"]
    monitor = objects(OPERATOR)["PodMonitor"]["spec"]
    assert monitor["podMetricsEndpoints"][0]["port"] in {port["name"] for port in container()["ports"]}
    assert monitor["selector"] == objects()["Deployment"]["spec"]["selector"]


def test_models_have_alerts_each() -> None:
    watched = f"{SITE}monitoring: {{models: [alice-mass, site-tagger]}}\n"
    groups = data(watched, "triton.rules.yml")["groups"]
    alerts = [rule for group in groups for rule in group["rules"]]
    assert [rule["labels"]["model"] for rule in alerts if rule["alert"] == "AfspecTritonModelAbsent"] == [
        "alice-mass",
        "site-tagger",
    ]
    assert {rule["labels"]["site"] for rule in alerts} == {"toy"}
    assert "AfspecTritonModelAbsent" not in compiled()[f"{FOLDER}/triton.rules.yml"].text


def policy(path: str, body: str = SITE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(compiled(body)[f"triton/policies/{path}.json"].text)["Statement"]
    return found


def test_each_key_may_do_what_it_is_for() -> None:
    assert policy("read-alice-read")[0]["Action"] == ["s3:GetObject"]
    assert policy("read-alice-read")[0]["Resource"] == ["arn:aws:s3:::models/alice/*"]
    assert policy("tenant-alice")[0]["Resource"] == ["arn:aws:s3:::models/alice/alice-*"]
    assert policy("server", ONE_KEY)[0]["Resource"] == ["arn:aws:s3:::models/alice/*", "arn:aws:s3:::models/alice-b/*"]
    assert "triton/policies/server.json" not in compiled()


def test_tenants_get_the_command_where_the_spec_says_where_their_key_is() -> None:
    text = compiled()["triton/upload.py"].text
    assert "'alice': ('https://s3.example.org:443', 'models', 'alice')" in text
    assert "triton/upload.py" not in compiled(SITE.replace("    write_key: {env: TRITON_KEY}\n", ""))
    assert "triton/upload.py" not in compiled(SHARED)


def test_folders_are_read_from_claims_alone() -> None:
    mounts = {item["mountPath"]: item for item in container()["volumeMounts"]}
    assert mounts["/cvmfs"]["readOnly"] is True
    assert mounts["/cvmfs"]["mountPropagation"] == "HostToContainer"
    assert "the site=" not in " ".join(arguments(SITE.replace("software: {cvmfs: {claim: cvmfs}}\n", "")))


def test_every_file_is_ascii_and_the_same_every_time_and_leaves_no_place_open() -> None:
    files = compiled()
    assert list(files.items()) == list(compiled().items())
    assert all(
        file.text.isascii() and file.text.endswith("\n") and "<user>" not in file.text for file in files.values()
    )
    assert script() == script(SHARED)


def test_no_digest_of_the_spec_is_on_the_pods() -> None:
    assert "sha256" not in json.dumps(objects()["Deployment"]["spec"])


def test_an_overlay_changes_what_is_generated_and_is_kept(tmp_path: Path) -> None:
    """As README.md shows it: the folder is compiled again, and the overlay is nobody's but the site's."""
    written(compiled().values(), tmp_path / "build/toy")
    overlay = tmp_path / "overlays/toy/triton"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text(
        "resources: [../../../build/toy/triton/kubernetes]\n"
        "patches:\n"
        "  - target: {kind: Deployment, name: triton}\n"
        "    patch: |\n"
        "      - {op: add, path: /spec/template/spec/nodeSelector, value: {node-pool: inference}}\n"
        '  - {target: {kind: Service}, patch: "- {op: replace, path: /metadata/name, value: triton}"}\n'
    )
    found = {item["kind"]: item for item in kubectl_kustomize(overlay)}
    assert found["Deployment"]["spec"]["template"]["spec"]["nodeSelector"] == {"node-pool": "inference"}
    assert found["Service"]["metadata"]["name"] == "triton"
    assert set(found) == set(objects())
