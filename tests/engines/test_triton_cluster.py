"""The container of a cluster's pods, started as the kubelet would: real Triton, real script, two tenants' keys.

And its alerts and the metric of its autoscaler, evaluated by the real promtool over series that are made up.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from engines.test_monitoring import said, series
from engines.test_triton import ASK, PATIENCE, Site, model, site
from monitoring_tools import tools
from support import until
from triton_cluster_site import FOLDER, SITE, compiled, container, data, script

from afspec.twin.engine import Daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

__all__ = ["model", "site"]

CONTAINER = "triton-pod"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Pod:
    """The compiled container in the twin's room: its paths and ports are the room's, all else is the Deployment's."""

    def __init__(self, miniature: Miniature) -> None:
        self.site, self.room = Site(miniature), miniature.room
        triton = miniature.facility.services.triton
        assert triton
        assert triton.server
        assert triton.repository
        self.server = triton.server
        self.folder = f"{triton.server.copies}-pod"
        self.ports = {name: free_port() for name in ("http", "grpc", "metrics")}
        body = SITE.replace("s3://https://s3.example.org:443/models/<user>", triton.repository)
        body = body.replace("name: alice-b, read_key: {name: alice-b-read", "name: bob, read_key: {name: bob-read")
        self.made = container(body.replace("    folder: /cvmfs/atlas.cern.ch/models\n", "").replace("60 s", "2 s"))

    def _argument(self, text: str) -> str:
        name, _, number = text.partition("=")
        if name.endswith("-port"):
            kind = name.removeprefix("--").removesuffix("-port")
            assert int(number) in {port["containerPort"] for port in self.made["ports"]}
            return f"{name}={self.ports[kind]}"
        if text == "python3":
            return self.site.python
        return {"tritonserver": self.server.executable}.get(text, self._path(text))

    def _path(self, text: str) -> str:
        for mount in self.made["volumeMounts"]:
            if f"{text}/".startswith(f"{mount['mountPath']}/"):
                return f"{self.folder}/{mount['name']}{text.removeprefix(mount['mountPath'])}"
        return text

    def start(self, **keys: str) -> None:
        """As the kubelet does: volumes, then the command with its variables."""
        assert [name for name in self.made if name == "command"] == []
        environment = {item["name"]: self._path(item["value"]) for item in self.made["env"]}
        for mount in self.made["volumeMounts"]:
            self.room.make_folder(f"{self.folder}/{mount['name']}")
        for tenant, key in keys.items():
            self.room.make_folder(f"{self.folder}/keys/{tenant}")
            for part, value in zip(("id", "secret"), key.split(":", 1), strict=True):
                self.room.write(f"{self.folder}/keys/{tenant}/{part}", f"{value}\n")
        self.room.write(f"{self.folder}/start/start.py", script())
        libraries = {"LD_LIBRARY_PATH": ":".join(self.server.libraries), "TRITON_AWS_MOUNT_DIRECTORY": self.folder}
        path = f"{Path(self.server.python or '').parent}:{os.environ['PATH']}"
        # What the twin's machine needs and a pod does not: places, and loopback alone.
        here = [f"--{name}-address=127.0.0.1" for name in ("http", "grpc", "metrics")]
        here += [f"--backend-directory={self.server.backends}"]
        here += [f"--backend-config=python,shm-region-prefix-name=afspec-pod-{os.getpid()}-"]
        argv = (*map(self._argument, self.made["args"]), *here)
        environment |= libraries | {"PATH": path, "HOME": self.folder}
        self.room.start(Daemon(CONTAINER, argv, environment=environment))

    def stop(self) -> None:
        self.room.kill(CONTAINER, signal.SIGTERM)
        assert until(lambda: not self.room.alive(CONTAINER), PATIENCE)

    def ask(self, path: str, kind: str = "http", method: str = "GET") -> tuple[int, str]:
        argv = [self.site.python, "-c", ASK, method, f"http://127.0.0.1:{self.ports[kind]}{path}"]
        done = self.room.run(argv, user="alice", check=False)
        status, _, body = done.stdout.partition(" ")
        return int(status or 0), body

    def probes(self) -> dict[str, int]:
        """What the kubelet's probes are told."""
        found = {name: value["httpGet"] for name, value in self.made.items() if name.endswith("Probe")}
        return {name: self.ask(probe["path"], probe["port"])[0] for name, probe in found.items()}

    def log(self) -> str:
        return self.room.log(CONTAINER).read_text(errors="replace")


@contextmanager
def running(miniature: Miniature, **keys: str) -> Iterator[Pod]:
    pod = Pod(miniature)
    pod.start(**keys)
    try:
        yield pod
    finally:
        pod.stop()


WELL = {"startupProbe": 200, "livenessProbe": 200, "readinessProbe": 200}


def test_each_tenants_models_are_read_with_its_own_key_and_a_bad_one_is_its_own(site: Site, model: Path) -> None:
    (model / "1/model.py").write_text("raise RuntimeError('broken on purpose')\n")
    site.upload(str(model), "--name", "bob-broken", user="bob")
    with running(site.miniature, alice=site.key("alice"), bob=site.key("bob")) as pod:
        for user in ("alice", "bob"):
            path = f"/v2/models/{user}-example/ready"
            assert until(lambda path=path: pod.ask(path)[0] == 200, PATIENCE), pod.log()  # type: ignore[misc]
        assert until(lambda: "broken on purpose" in pod.ask("/v2/repository/index", method="POST")[1], PATIENCE)
        assert pod.ask("/v2/models/bob-broken/ready")[0] == 400
        assert pod.probes() == WELL
        metrics = pod.ask("/metrics", "metrics")[1]
        # What alerts and autoscaler read is there for each model that is served, before anybody asks it anything.
        for name in ("nv_inference_request_success", "nv_inference_queue_duration_us", "nv_inference_request_failure"):
            lines = [line for line in metrics.splitlines() if line.startswith(f"{name}{{")]
            assert {line.split('model="')[1].split('"')[0] for line in lines} == {"alice-example", "bob-example"}


def test_a_tenant_whose_key_is_refused_or_absent_takes_the_server_from_nobody(site: Site) -> None:
    local = site.miniature
    for keys, reason in (
        ({"bob": "AKIAAAAAAAAAAAAAAAAA:wrong"}, "bob: the store says 403"),
        ({}, "bob: the Secret with its key is absent"),
    ):
        local.room.run(["rm", "-rf", f"{Pod(local).folder}/keys"])
        with running(local, alice=site.key("alice"), **keys) as pod:
            assert until(lambda pod=pod: pod.probes() == WELL, PATIENCE), pod.log()  # type: ignore[misc]
            assert until(lambda pod=pod: pod.ask("/v2/models/alice-example/ready")[0] == 200, PATIENCE)  # type: ignore[misc]
            assert reason in pod.log()


PODS = ("triton-7d9f8b6c5-aaaaa", "triton-7d9f8b6c5-bbbbb")
SPACE = {"namespace": "inference"}


def promtool(folder: Path, *tests: dict[str, Any]) -> None:
    rules = folder / "triton.rules.yml"
    rules.write_text(compiled(f"{SITE}monitoring: {{models: [alice-mass]}}\n")[f"{FOLDER}/triton.rules.yml"].text)
    told = tools() / "usr/bin/promtool"
    assert "SUCCESS" in said(told, "check", "rules", "--lint-fatal", "--lint=none", rules)
    (folder / "tests.yml").write_text(yaml.safe_dump({"rule_files": [str(rules)], "tests": list(tests)}))
    assert "SUCCESS" in said(told, "test", "rules", folder / "tests.yml")


def metric(what: str, values: str, model_name: str, pod: str = PODS[0]) -> dict[str, str]:
    return series(f"nv_inference_{what}", values, model=model_name, version="1", pod=pod, **SPACE)


def up(*pods: str) -> list[dict[str, str]]:
    return [series("up", "1x200", pod=pod, job="kubernetes-pods", **SPACE) for pod in pods]


def rule(alert: str) -> dict[str, Any]:
    groups = data(f"{SITE}monitoring: {{models: [alice-mass]}}\n", "triton.rules.yml")["groups"]
    (found,) = [each for group in groups for each in group["rules"] if each["alert"] == alert]
    made: dict[str, Any] = found
    return made


def case(minutes: int, alert: str, *labels: dict[str, str]) -> dict[str, Any]:
    about = rule(alert)
    expected = [{"exp_labels": about["labels"] | more, "exp_annotations": about["annotations"]} for more in labels]
    return {"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": expected}


# 500 requests a minute wait 2 ms each, 100 a minute 50 ms: on average 10 ms, not 26.
QUICK = {"queue_duration_us": "0+1000000x200", "request_success": "0+500x200"}
SLOW = {"queue_duration_us": "0+5000000x200", "request_success": "0+100x200"}
LOAD = [metric(what, values, name) for name, told in (("a", QUICK), ("b", SLOW)) for what, values in told.items()]
IDLE = [metric(what, "0x200", "a", PODS[1]) for what in QUICK]


@pytest.mark.parametrize("adapter", ["prometheus-adapter", "keda"])
def test_the_metric_is_what_a_request_waits(tmp_path: Path, adapter: str) -> None:
    body = SITE.replace("autoscaling: {", f"autoscaling: {{adapter: {adapter}, ")
    if adapter == "keda":
        documents = yaml.safe_load_all(compiled(body)[f"{FOLDER}/triton.yaml"].text)
        scaled = next(item for item in documents if item["kind"] == "ScaledObject")
        query = scaled["spec"]["triggers"][0]["metadata"]["query"]
        samples = [{"labels": "{}", "value": 10000}]
    else:
        query = data(body, "prometheus-adapter.yaml")["rules"]["custom"][0]["metricsQuery"]
        matchers = f'namespace="inference",pod=~"{"|".join(PODS)}"'
        query = query.replace("<<.LabelMatchers>>", matchers).replace("<<.GroupBy>>", "pod")
        # A pod that nobody asks waits for nothing: it is no gap among the numbers.
        samples = [{"labels": f'{{pod="{pod}"}}', "value": value} for pod, value in zip(PODS, (10000, 0), strict=True)]
    asked = {"expr": f"round({query}, 0.001)", "eval_time": "30m", "exp_samples": samples}
    # Another server's pods in the same namespace are not counted.
    other = [metric(what, "0+90000000x200", "a", "triton-traefik-7d9f8b6c5-ccccc") for what in QUICK]
    promtool(tmp_path, {"interval": "1m", "input_series": [*LOAD, *IDLE, *other], "promql_expr_test": [asked]})


def test_alerts_tell_of_a_model_and_leave_the_others_alone(tmp_path: Path) -> None:
    good = [metric("request_success", "0+60x200", "alice-mass", pod) for pod in PODS]
    gone = [metric("request_success", "0+60x70 _x130", "bob-gone", pod) for pod in PODS]
    half = [metric("request_success", "0+60x200", "bob-half")]
    fails = [
        *(metric("request_success", "0+60x200", "bob-bad", pod) for pod in PODS),
        series("nv_inference_request_failure", "0+30x200", model="bob-bad", reason="BACKEND", pod=PODS[0], **SPACE),
        series("nv_inference_request_failure", "0x200", model="alice-mass", reason="OTHER", pod=PODS[0], **SPACE),
    ]
    everything = {
        "interval": "1m",
        "input_series": [*up(*PODS), *good, *gone, *half, *fails],
        "alert_rule_test": [
            case(60, "AfspecTritonModelGone"),
            case(100, "AfspecTritonModelGone", {"model": "bob-gone"}),
            case(65, "AfspecTritonModelMissing", {"model": "bob-half"}),
            case(30, "AfspecTritonModelFails", {"model": "bob-bad"}),
            case(100, "AfspecTritonModelAbsent"),
            case(100, "AfspecTritonDown"),
            case(100, "AfspecTritonBusy"),
        ],
    }
    nothing = {
        "interval": "1m",
        "input_series": [series("up", "1x60", pod="triton-traefik-7d9f8b6c5-ccccc", **SPACE)],
        "alert_rule_test": [case(9, "AfspecTritonDown"), case(16, "AfspecTritonModelAbsent", SPACE)],
    }
    waits = [metric("queue_duration_us", "0+6600000x200", "a"), metric("request_success", "0+60x200", "a")]
    busy = {
        "interval": "1m",
        "input_series": [*up(*PODS), *waits],
        "alert_rule_test": [case(20, "AfspecTritonBusy"), case(60, "AfspecTritonBusy", {})],
    }
    promtool(tmp_path, everything, nothing, busy)


def test_a_server_that_nobody_sees_is_down(tmp_path: Path) -> None:
    about = rule("AfspecTritonDown")
    told = {"exp_labels": about["labels"], "exp_annotations": about["annotations"]}
    cases = [{"eval_time": "11m", "alertname": "AfspecTritonDown", "exp_alerts": [told]}]
    down = [series("up", "0x60", pod=PODS[0], **SPACE)]
    promtool(tmp_path, {"interval": "1m", "input_series": down, "alert_rule_test": cases})
