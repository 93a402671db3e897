"""Objects of the Kubernetes API: the official schemas, and what a server asks beyond them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster_files import BASE, CUSTOM, FACILITY, FILES, KUSTOMIZATION, MODEL, changed, line_of
from hypothesis import given
from hypothesis import strategies as st
from verify_support import ask, found

from afspec.verify import State
from afspec.verify.cluster.official import Official, choose, known

BAD = [
    # What the schema says.
    (
        MODEL,
        "targetPort: http}",
        "targetport: http}",
        "targetPort: http",
        "unknown field `targetport`; did you mean `targetPort`",
    ),
    (MODEL, "replicas: 2", "replicas: two", "replicas: 2", "spec.replicas: 'two' is no integer"),
    (MODEL, "replicas: 2", "replicaz: 2", "replicas: 2", "unknown field `replicaz`"),
    (MODEL, "level: info", "level: yes", "level: info", "data.level: True is no string"),
    (MODEL, "level: info", "level: 1e3", "level: info", "data.level: 1000.0 is no string"),
    (MODEL, "level: info", "level: 08", "level: info", "data.level: 8.0 is no string"),
    (MODEL, "pathType: Prefix", "pathTyp: Prefix", "- path: /", "'pathType' is a required property"),
    (BASE, "value: 1000", "value: high", "value: 1000", "'high' is no integer"),
    # What a server says.
    (MODEL, "port: 8002,", "port: 70000,", "port: 8002,", "70000 is no port"),
    (MODEL, "containerPort: 8002", "containerPort: 0", "containerPort: 8002", "0 is no port"),
    (
        MODEL,
        "{name: metrics, containerPort",
        "{name: http, containerPort",
        "containerPort: 8002",
        "two ports are called 'http'",
    ),
    (
        MODEL,
        "{name: metrics, containerPort",
        "{name: metrics-of-the-server, containerPort",
        "containerPort: 8002",
        "at most 15",
    ),
    (MODEL, "{name: metrics, port", "{name: http, port", "port: 8002,", "two ports are called 'http'"),
    (MODEL, "metadata: {name: settings,", "metadata: {name: set_tings,", "name: settings,", "'set_tings' is no name"),
    (BASE, "  name: model", "  name: a.b", "  name: model", "'a.b' is no name of a Namespace"),
    (BASE, "enforce: baseline", "enforce: base line", "enforce: baseline", "'base line' is no value of a label"),
    (BASE, "pod-security.kubernetes.io/enforce", "pod_security/enforce/x", "enforce: baseline", "is no key of a label"),
    (BASE, 'pods: "20"', "pods: twenty", "hard:", "'twenty' is no quantity"),
    (MODEL, "memory: 8Gi", "memory: 17Gi", "memory: 8Gi", "17Gi is more than the limit, 16Gi"),
    (MODEL, "memory: 8Gi", "memory: 8GB", "memory: 8Gi", "'8GB' is no quantity"),
    (MODEL, 'cpu: "4", memory: 8Gi}', 'cpu: "4", nvidia.com/gpu: 2}', "memory: 8Gi", "2 is more than the limit, 1"),
    (MODEL, "{name: models, mountPath", "{name: model, mountPath", "mountPath: /models", "there is no volume 'model'"),
    (MODEL, "mountPath: /models", "mountPath: models", "mountPath: /models", "is no absolute path"),
    (
        MODEL,
        "matchLabels: {app: server}",
        "matchLabels: {app: other}",
        "matchLabels:",
        "its own pods have no such label",
    ),
    (MODEL, "maxReplicas: 4", "maxReplicas: 0", "maxReplicas: 4", "0 is less than minReplicas, 1"),
    (MODEL, "host: model.example.org", "host: model_1.example.org", "- host:", "is no name of a host"),
    (MODEL, "path: /\n", "path: hub\n", "- path: /", "does not begin with a slash"),
    (MODEL, "except: [10.1.0.0/16]", "except: [11.1.0.0/16]", "ipBlock", "no range of addresses within 10.0.0.0/8"),
    (MODEL, "10.0.0.0/8,", "10.0.0.1/8,", "ipBlock", "'10.0.0.1/8' is no range of addresses"),
    (
        MODEL,
        "      - name: settings\n        config",
        "      - name: models\n        config",
        "volumes:",
        "two volumes are called 'models'",
    ),
    (MODEL, "  start.sh: |", "  start/sh: |", "start.sh: |", "'start/sh' is no key"),
    (
        MODEL,
        "      serviceAccountName",
        "      restartPolicy: Never\n      serviceAccountName",
        "serviceAccountName",
        "'Never' is not for a Deployment",
    ),
    # Words and numbers that the schemas let pass.
    (MODEL, "replicas: 2", "replicas: -1", "replicas: 2", "-1 is less than 0"),
    (MODEL, "replicas: 2", "replicas: 2\n  replicas: 3", "replicas: 2", "'replicas' is there twice in one map"),
    (MODEL, "memory: 8Gi", "memory: 500m", "memory: 8Gi", "is a fraction of a byte"),
    (
        MODEL,
        "      imagePullSecrets:",
        "      tolerations: [{key: gpu, operator: Exists, value: x}]\n      imagePullSecrets:",
        "imagePullSecrets",
        "is not for the operator Exists",
    ),
    (MODEL, "policyTypes: [Ingress]", "policyTypes: [ingress]", "policyTypes", "'ingress' is none of Egress, Ingress"),
    (BASE, "[ReadOnlyMany]", "[ReadManyOnly]", "accessModes", "'ReadManyOnly' is none of"),
    (BASE, "storage: 1Ti", "storage: 1TB", "resources: {requests", "'1TB' is no quantity"),
    (BASE, "enforce: baseline", "enforce: base", "enforce", "'base' is none of baseline, privileged, restricted"),
    (BASE, "requests.cpu:", "request.cpu:", "hard:", "there is no quota of 'request.cpu'"),
    (
        BASE,
        "max: {memory: 16Gi}",
        "max: {memory: 16Gi}\n    default: {memory: 32Gi}",
        "max:",
        "32Gi is more than max, 16Gi",
    ),
    (MODEL, "maxUnavailable: 1", "maxUnavailable: 1\n  minAvailable: 1", "maxUnavailable", "exclude each other"),
    (MODEL, "minReplicas: 1", "minReplicas: 0", "minReplicas", "Object or External"),
    (
        MODEL,
        "registry.example.org/server@",
        "registry.example.org/Server@",
        "image:",
        "is no image: lower case, and no blanks",
    ),
    (
        MODEL,
        "        ports:\n",
        "        livenessProbe: {httpGet: {path: /, port: web}}\n        ports:\n",
        "ports:",
        "the container has no port 'web'; it has http, metrics",
    ),
    (
        MODEL,
        "        ports:\n",
        "        livenessProbe: {tcpSocket: {port: http}, successThreshold: 2}\n        ports:\n",
        "ports:",
        "must be 1, but for readiness",
    ),
    (
        MODEL,
        "        ports:\n",
        "        livenessProbe: {periodSeconds: 5}\n        ports:\n",
        "ports:",
        "has none of exec, grpc",
    ),
    (
        MODEL,
        "  replicas: 2",
        "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}\n  replicas: 2",
        "replicas: 2",
        "no pod could go",
    ),
    (
        MODEL,
        "          name: settings\n          items",
        "          name: settings\n          defaultMode: 644\n          items",
        "items:",
        "644 is no mode of a file",
    ),
    # Versions of the API.
    (
        MODEL,
        "policy/v1",
        "policy/v1beta1",
        "policy/v1",
        "Kubernetes 1.30 has no PodDisruptionBudget of policy/v1beta1; it has policy/v1",
    ),
    (BASE, "kind: Role\n", "kind: Rol\n", "kind: Role", "has no Rol of rbac.authorization.k8s.io/v1"),
    (MODEL, "kind: ConfigMap", "kind: Configmap", "kind: ConfigMap", "did you mean `ConfigMap`?"),
    # Kustomizations.
    (KUSTOMIZATION, "- base.yaml", "- bases.yaml", "- base.yaml", "there is no file bases.yaml"),
    (KUSTOMIZATION, "resources:", "resource:", "resources:", "unknown field `resource`; did you mean"),
    (KUSTOMIZATION, "- base.yaml", "- base.yaml\n- base.yaml", "- base.yaml", "base.yaml is there twice"),
    (KUSTOMIZATION, "- base.yaml", "- https://example.org/base.yaml", "- base.yaml", "is fetched from elsewhere"),
]


@pytest.mark.parametrize("check", ["kubernetes", "references", "secrets"])
def test_what_only_looks_wrong(check: str) -> None:
    """Objects that a server takes: sidecars, fractions, host ports' twins, options that name files."""
    text = Path(__file__).with_name("unusual.yaml").read_text()
    assert found(check, {"unusual/unusual.yaml": text}) == []


def test_good_files_are_fine_at_every_version() -> None:
    verdict = ask("kubernetes", FILES)
    assert (verdict.state, verdict.tool) == (State.FINE, "schemas of 1.30")
    for version in known():
        facility = json.dumps({"orchestration": {"version": version}})
        assert ask("kubernetes", FILES | {FACILITY: facility}).findings == ()


@pytest.mark.parametrize(("path", "old", "new", "line", "said"), BAD)
def test_each_thing_that_a_server_refuses(path: str, old: str, new: str, line: str, said: str) -> None:
    files = changed(path, old, new)
    every = found("kubernetes", files)
    assert any(said in message for _, _, message in every), every
    where = {(name, number) for name, number, message in every if said in message}
    at = line_of(FILES, path, line.strip("\n"))
    # A key that is added before a line moves it down by one.
    assert where <= {(path, at), (path, at + 1)}, (where, at)


def test_column_is_that_of_the_key() -> None:
    (item,) = ask("kubernetes", changed(MODEL, "port: 8002,", "port: 70000,")).findings
    text = FILES[MODEL].splitlines()[item.line - 1]
    assert text[item.column - 1 :].startswith("port: 8002")


def test_what_is_no_object_and_what_is_no_yaml() -> None:
    files = {"a/a.yaml": "apiVersion: v1\n---\n- 1\n", "b/b.yaml": "apiVersion: v1\nkind: [\n", "c.yaml": "a: 1\n"}
    said = found("kubernetes", files)
    assert [(path, line) for path, line, _ in said] == [("a/a.yaml", 1), ("a/a.yaml", 3), ("b/b.yaml", 3)]
    assert "has no kind" in said[0][2]


CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: sweep, namespace: model}
spec:
  schedule: %s
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: sweep, image: a}
"""


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("0 3 * * *", ""),
        ("*/15 8-18 1,15 jan-Mar ?", ""),
        ("@daily", ""),
        ("@every 1h30m", ""),
        ("61 * * * *", "'61' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 3 0 * *", "'0' is no day of the month"),
        ("0 3 * * 7", "'7' is no day of the week"),
        ("0 3 * * fri-mon", "'fri-mon' is no day of the week"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("0 3 * *", "it has 4 fields, and not 5"),
        ("CRON_TZ=UTC 0 3 * * *", "which is for `timeZone` to say"),
    ],
)
def test_schedules(schedule: str, said: str) -> None:
    every = found("kubernetes", {"a.yaml": CRON % json.dumps(schedule)})
    assert [(path, line) for path, line, _ in every] == ([("a.yaml", 5)] if said else [])
    assert all(said in message for _, _, message in every), every


@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "busybox:1",
        "localhost:5000/a/b-c:x_Y.1",
        "Registry.example.org/a__b/c",
        "gcr.io/a/b@sha256:" + "0" * 64,
    ],
)
def test_images_as_people_write_them(image: str) -> None:
    assert found("kubernetes", {"a.yaml": (CRON % "'@daily'").replace("image: a}", f"image: '{image}'}}")}) == []


def test_custom_resources_are_the_concern_of_another_check() -> None:
    assert found("kubernetes", {CUSTOM: FILES[CUSTOM]}) == []


@pytest.mark.parametrize(
    ("declared", "chosen", "why"),
    [
        ("1.30", "1.30", ""),
        ("v1.30.4", "1.30", ""),
        (None, known()[-1], "the spec declares no version"),
        ("1.19", known()[0], "there are none of 1.19"),
        ("1.9", known()[0], "there are none of 1.9"),
        ("1.99", known()[-1], "there are none of 1.99"),
        ("2.1", known()[-1], "there are none of 2.1"),
    ],
)
def test_schemas_are_those_of_the_declared_version_or_the_nearest(declared: str | None, chosen: str, why: str) -> None:
    assert choose(declared) == (chosen, why)


def test_schemas_of_parts_and_of_others_groups_are_none() -> None:
    official = Official("1.30")
    assert official.knows("networking.k8s.io/v1", "Ingress")
    for version, kind in (("v1", "ServiceSpec"), ("networking.example.org/v1", "Ingress"), ("v1", "../v1"), ("", "")):
        assert not official.knows(version, kind)


_OBJECTS = [item for path in (BASE, MODEL) for item in yaml.safe_load_all(FILES[path]) if item]


@given(st.data())
def test_verdict_is_that_of_kubernetes_validate(data: st.DataObject) -> None:
    """Any key taken away, or any value replaced: both accept it, or both refuse it."""
    import kubernetes_validate  # noqa: PLC0415

    item = copy.deepcopy(data.draw(st.sampled_from(_OBJECTS)))
    where: Any = item
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        keys = [key for key in keys if key not in {"apiVersion", "kind"}]
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(where[key], dict | list) and data.draw(st.booleans()):
            where = where[key]
            continue
        if data.draw(st.booleans()):
            del where[key]
        else:
            where[key] = data.draw(st.sampled_from([None, 1, "x", [], {}, True, {"unknown": 1}, ["x"]]))
        break
    try:
        kubernetes_validate.validate(item, "1.30", strict=True)
        fine = True
    except kubernetes_validate.ValidationError:
        fine = False
    # What the package does not look at: lists that are maps by their items' keys.
    assert all("twice" in fault.message for fault in Official("1.30").faults(item)) is fine
