"""The generator monitoring: what is asked, and how Prometheus, Nagios and Checkmk are told."""

from __future__ import annotations

import ast
import json
import re
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.monitoring import Monitoring
from afspec.generators.monitoring.probes import Probe, probes
from support import facility

from afspec.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = """
access:
  ssh:
    stance: promised
    bastion: {host: gate.example.org, port: 2222}
    hosts:
      - {name: login, host: "login[01-08]"}
      - {name: dtn, host: dtn.example.org, via_bastion: false}
jupyter:
  - {name: portal, kind: portal, stance: promised, url: "https://jupyter.example.org/lab"}
  - {name: hub, kind: hub_vm, stance: best_effort, url: "https://hub.example.org:8443/", hub: {python: /opt/python}}
  - {name: asked, kind: hub_vm, stance: on_request, url: "https://asked.example.org/"}
  - {name: soon, kind: hub_vm, stance: planned, url: "https://soon.example.org/"}
  - {name: silent, kind: hub_vm, url: "https://silent.example.org/"}
dask:
  gateway: {stance: promised, url: "https://hub.example.org:8443/services/dask-gateway/"}
storage:
  areas:
    - {name: dcache, stance: promised, path: /pnfs, inside: "root://dc.example.org:1096/", outside: "davs://dc.example.org"}
  xcache:
    - {name: near, stance: promised, door: "root://cache.example.org"}
services:
  coffea_casa: {stance: not_promised, url: "https://casa.example.org"}
  servicex: [{name: x, stance: promised, url: "https://servicex.example.org/"}]
  triton: {stance: promised, http: "http://triton.example.org:9000"}
  reana: {stance: best_effort, url: "http://reana.example.org"}
logins:
  - {name: own, stance: promised, method: globus, url: "https://portal.example.org/"}
  - {name: same, stance: promised, method: oidc, url: "https://jupyter.example.org/lab/"}
monitoring: {models: [bdt, alice.model], contact_group: admins}
"""


def files(body: str = SITE) -> dict[str, str]:
    return {each.path: each.text for each in Monitoring().render(facility(body))}


def asked(body: str = SITE) -> dict[str, Probe]:
    return {probe.name: probe for probe in probes(facility(body))}


def test_what_is_promised_is_asked_and_nothing_else() -> None:
    found = {name: (probe.kind, probe.url or f"{probe.host}:{probe.port}") for name, probe in asked().items()}
    assert found == {
        "ssh-bastion": ("ssh", "gate.example.org:2222"),
        "ssh-dtn": ("ssh", "dtn.example.org:22"),
        "jupyter-portal": ("answers", "https://jupyter.example.org/lab"),
        "jupyter-hub": ("fine", "https://hub.example.org:8443/hub/health"),
        "dask-gateway": ("fine", "https://hub.example.org:8443/services/dask-gateway/api/health"),
        "xcache-near": ("tcp", "cache.example.org:1094"),
        "storage-dcache-inside": ("tcp", "dc.example.org:1096"),
        "storage-dcache-outside": ("tcp", "dc.example.org:443"),
        "servicex-x": ("fine", "https://servicex.example.org/servicex"),
        "triton": ("fine", "http://triton.example.org:9000/v2/health/ready"),
        "triton-bdt": ("fine", "http://triton.example.org:9000/v2/models/bdt/ready"),
        "triton-alice.model": ("fine", "http://triton.example.org:9000/v2/models/alice.model/ready"),
        "reana": ("fine", "http://reana.example.org/api/ping"),
        "login-own": ("answers", "https://portal.example.org/"),
    }


def test_best_effort_is_a_warning() -> None:
    soft = {name for name, probe in asked().items() if probe.severity == "warning"}
    assert soft == {"jupyter-hub", "reana"}


def test_pointers_lead_to_the_promise() -> None:
    for probe in asked().values():
        value: Any = facility(SITE)
        for part in probe.pointer.strip("/").split("/"):
            value = (
                next(item for item in value if item.name == part) if isinstance(value, tuple) else getattr(value, part)
            )
        assert value is not None, probe.pointer


def test_without_a_bastion_every_host_is_asked() -> None:
    body = SITE.replace("    bastion: {host: gate.example.org, port: 2222}\n", "")
    names = [name for name in asked(body) if name.startswith("ssh")]
    assert names == [*(f"ssh-login0{number}" for number in range(1, 9)), "ssh-dtn"]


@pytest.mark.parametrize(
    "body",
    [
        'services: {triton: {stance: promised, grpc: "triton.triton.svc.cluster.local:8001"}}\n',
        'dask: {gateway: {stance: promised, internal_url: "http://traefik.dask-gateway/services/dask-gateway/"}}\n',
    ],
)
def test_what_only_pods_reach_is_a_job_of_its_own_and_nobody_elses(body: str) -> None:
    (probe,) = asked(body).values()
    assert probe.inside
    made = files(body)
    assert {path.split("/")[1] for path in made} == {"prometheus"}
    (job,) = yaml.safe_load(made["monitoring/prometheus/afspec-toy.scrape.yml"])["scrape_configs"]
    assert job["job_name"] == "afspec-toy-cluster"


def test_a_placeholder_is_nobodys_address() -> None:
    assert asked('jupyter: [{name: a, kind: portal, stance: promised, url: "https://a.org/<name>"}]\n') == {}


@pytest.mark.parametrize("kind", ["prometheus", "nagios", "check_mk"])
def test_a_site_names_the_kinds_that_it_has(kind: str) -> None:
    made = files(SITE.replace("{models:", f"{{kinds: [{kind}], models:"))
    assert {path.split("/")[1] for path in made} == {kind}


def test_where_nothing_is_promised_or_wanted_there_are_no_files() -> None:
    assert not Monitoring().applies(facility())
    assert not Monitoring().applies(facility(SITE.replace("{models:", "{kinds: [], models:")))
    assert Monitoring().applies(facility(SITE))


def test_same_bytes_every_time_and_no_secret_words() -> None:
    assert files() == files()
    assert not re.search(r"(?i)password|token|secret", "".join(files().values()))


# The form of a file of rules (Prometheus documentation, Recording and Alerting rules), with nothing else allowed.
RULE = {"alert": str, "expr": str, "for": str, "labels": dict, "annotations": dict}


def test_every_question_has_a_target_and_an_alert() -> None:
    made = files()
    rules = yaml.safe_load(made["monitoring/prometheus/afspec-toy.rules.yml"])
    assert rules.keys() == {"groups"}
    assert all(group.keys() == {"name", "rules"} for group in rules["groups"])
    every = [rule for group in rules["groups"] for rule in group["rules"]]
    for rule in every:
        assert {key: type(value) for key, value in rule.items()} == RULE
        assert re.fullmatch(r"[0-9]+[mh]", rule["for"])
        assert all(isinstance(value, str) for part in ("labels", "annotations") for value in rule[part].values())
    down = {rule["labels"]["probe"]: rule for rule in every if rule["alert"] == "AfspecDown"}
    jobs = yaml.safe_load(made["monitoring/prometheus/afspec-toy.scrape.yml"])["scrape_configs"]
    targets = {each["labels"]["probe"]: each for job in jobs for each in job["static_configs"]}
    modules = yaml.safe_load(made["monitoring/prometheus/blackbox.yml"])["modules"]
    assert down.keys() == targets.keys() == asked().keys()
    assert {each["labels"]["module"] for each in targets.values()} == modules.keys()
    assert down["reana"]["labels"]["severity"] == "warning"
    assert 'probe="triton-bdt"' in down["triton-bdt"]["expr"]
    (unwatched,) = [rule for rule in every if rule["alert"] == "AfspecNotWatched"]
    assert unwatched["expr"].endswith(f"< {len(targets)}")
    broken = next(rule for rule in every if rule["alert"] == "AfspecPromiseBroken")
    assert f'verdict="{Verdict.BROKEN}"' in broken["expr"]


def test_health_is_the_page_itself_and_ipv4_comes_first() -> None:
    modules = yaml.safe_load(files()["monitoring/prometheus/blackbox.yml"])["modules"]
    assert not any(module["http"]["follow_redirects"] for module in modules.values() if module["prober"] == "http")
    assert {module[module["prober"]]["preferred_ip_protocol"] for module in modules.values()} == {"ip4"}


def test_a_clusters_job_that_is_left_out_is_not_missed() -> None:
    body = SITE.replace('http: "http://triton.example.org:9000"', 'grpc: "triton.triton.svc.cluster.local:8001"')
    groups = yaml.safe_load(files(body)["monitoring/prometheus/afspec-toy.rules.yml"])["groups"]
    told = {rule["expr"] for rule in groups[1]["rules"] if rule["alert"] == "AfspecNotWatched"}
    number = sum(not probe.inside for probe in asked(body).values())
    assert told == {
        f'(count(probe_success{{job="afspec-toy"}}) or vector(0)) < {number}',
        '(count(probe_success{job="afspec-toy-cluster"})) < 1',
    }


def test_certificates_are_watched_where_there_are_any() -> None:
    plain = 'services: {reana: {stance: promised, url: "http://reana.example.org"}}\n'
    for body, number in ((SITE, 2), (plain, 0)):
        text = files(body)["monitoring/prometheus/afspec-toy.rules.yml"]
        assert text.count("alert: AfspecCertificateExpires") == number
        assert text.count("AfspecDown") == len(asked(body))
    assert "certificate" not in files(plain)["monitoring/nagios/afspec-toy.cfg"]


def test_a_name_with_dots_is_no_pattern() -> None:
    head = "afspec: 1\nname: a.b\ntitle: A\ndeclared_by: site\n"
    made = {each.path: each.text for each in Monitoring().render(facility(SITE, head))}
    rules = yaml.safe_load(made["monitoring/prometheus/afspec-a.b.rules.yml"])
    assert '"afspec-a\\\\.b(-cluster)?"' in rules["groups"][0]["rules"][0]["expr"]


def objects(text: str) -> list[tuple[str, dict[str, str]]]:
    """Nagios' objects: kind and directives."""
    found = []
    for kind, body in re.findall(r"^define (\w+) \{\n(.*?)^\}\n", text, re.MULTILINE | re.DOTALL):
        lines = [line.split(maxsplit=1) for line in body.splitlines()]
        assert all(len(line) == 2 for line in lines)
        assert len({key for key, _ in lines}) == len(lines)
        found.append((kind, dict(lines)))
    rest = re.sub(r"^define (\w+) \{\n(.*?)^\}\n", "", text, flags=re.MULTILINE | re.DOTALL)
    assert all(line.startswith("#") for line in rest.split("\n") if line)
    return found


def test_nagios_has_a_service_for_every_question_and_certificate() -> None:
    every = objects(files()["monitoring/nagios/afspec-toy.cfg"])
    named = {kind: {each.get(f"{kind}_name", "") for found, each in every if found == kind} for kind, _ in every}
    services = [each for kind, each in every if kind == "service" and "host_name" in each]
    assert {each["host_name"] for each in services} == named["host"] - {""}
    assert {each["check_command"].split("!")[0] for each in services} == named["command"]
    keys = [(each["host_name"], each["service_description"]) for each in services]
    assert len(set(keys)) == len(keys)
    asked_names = {name.split(":")[0] for _, name in keys if not name.startswith("certificate")}
    assert asked_names == asked().keys()
    certificates = {name for _, name in keys if name.startswith("certificate")}
    assert "certificate of hub.example.org:8443" in certificates
    assert len(certificates) == 4
    templates = [each for _, each in every if each.get("register") == "0"]
    assert all(each["contact_groups"] == "admins" for each in templates)


def test_nagios_quotes_what_means_something_to_it() -> None:
    body = (
        'jupyter: [{name: a, kind: portal, stance: promised, title: "A; b`c!", url: "https://a.org/x;y!z?a=b&c=d"}]\n'
    )
    (service, _) = [each for kind, each in objects(files(body)["monitoring/nagios/afspec-toy.cfg"])[-2:]]
    assert service["check_command"] == "afspec-toy-answers-tls!443!/x\\;y\\!z?a=b&c=d"
    assert service["service_description"] == "jupyter-a: A bc"


class Page(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[1].split("?")[0]))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Greeter(socketserver.StreamRequestHandler):
    """Greets as an SSH server does."""

    def handle(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def web() -> Iterator[int]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Page)) as port:
        yield port


@pytest.fixture
def ssh() -> Iterator[int]:
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeter)) as port:
        yield port


@pytest.fixture
def nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


LINE = re.compile(r'([0-3]) "AF toy ([A-Za-z0-9.-]+)" (-|[a-z_]+=-?[0-9.]+) ([ -~]+)')


def local_checks(folder: Path, body: str, **environment: str) -> dict[str, tuple[int, str]]:
    """State and text of each service that the compiled local check prints."""
    script = folder / "checks.py"
    script.write_text(files(body)["monitoring/check_mk/afspec_toy.py"])
    done = subprocess.run(
        [sys.executable, "-I", str(script)], capture_output=True, text=True, check=False, env=environment, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = {}
    for line in done.stdout.splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        found[match[2]] = (int(match[1]), match[4])
    return found


def test_the_local_check_tells_what_answers(web: int, ssh: int, nobody: int, tmp_path: Path) -> None:
    body = f"""
access:
  ssh:
    stance: promised
    hosts: [{{name: good, host: 127.0.0.1, port: {ssh}}}, {{name: web, host: 127.0.0.1, port: {web}}}]
jupyter:
  - {{name: login, kind: portal, stance: promised, url: "http://127.0.0.1:{web}/302"}}
  - {{name: ill, kind: portal, stance: promised, title: "A 'b' $(c)", url: "http://127.0.0.1:{web}/503?a=b"}}
  - {{name: soft, kind: portal, stance: best_effort, url: "http://127.0.0.1:{nobody}/"}}
storage:
  xcache:
    - {{name: here, stance: promised, door: "root://localhost:{web}"}}
    - {{name: gone, stance: promised, door: "root://127.0.0.1:{nobody}"}}
services:
  reana: {{stance: promised, url: "http://127.0.0.1:{web}/200"}}
"""
    found = local_checks(tmp_path, body, AF_TIMEOUT="2")
    states = {name: state for name, (state, _) in found.items()}
    assert states == {
        "ssh-good": 0,
        "ssh-web": 2,
        "jupyter-login": 0,
        "jupyter-ill": 2,
        "jupyter-soft": 1,
        "xcache-here": 0,
        "xcache-gone": 2,
        "reana": 0,
    }
    assert "SSH-2.0-OpenSSH_9.9" in found["ssh-good"][1]
    assert "it answers 503" in found["jupyter-ill"][1]
    assert f"(127.0.0.1:{nobody})" in found["xcache-gone"][1]


@pytest.mark.parametrize("seconds", ["soon", "nan", "inf", "-1", "0"])
def test_the_local_check_says_what_it_cannot_do(seconds: str, tmp_path: Path) -> None:
    assert local_checks(tmp_path, SITE, AF_TIMEOUT=seconds) == {
        "monitoring": (3, "AF_TIMEOUT is no number of seconds"),
    }


@pytest.mark.parametrize(
    ("days", "severity", "state"),
    [(15, "critical", 0), (13, "critical", 1), (2, "critical", 2), (2, "warning", 1), (-1, "critical", 2)],
)
def test_the_local_check_judges_certificates(days: int, severity: str, state: int) -> None:
    module: dict[str, Any] = {"__name__": "checks"}
    exec(compile(files()["monitoring/check_mk/afspec_toy.py"], "checks.py", "exec"), module)  # noqa: S102 - ours
    said = module["certificate"]("a.org", 1_800_000_000 + days * 86400, severity, 1_800_000_000)
    match = LINE.fullmatch(said)
    assert match
    assert (int(match[1]), match[3]) == (state, f"days_left={float(days):.1f}")


def test_the_local_check_has_a_service_for_each_certificate_of_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    module: dict[str, Any] = {"__name__": "checks"}
    exec(compile(files()["monitoring/check_mk/afspec_toy.py"], "checks.py", "exec"), module)  # noqa: S102 - ours
    ports = (443, 8443, 443)
    module["PROBES"] = tuple(("a", "fine", "a.org", port, f"https://a.org:{port}/", "critical", "A") for port in ports)
    module["ask"] = lambda probe, _: (f'0 "AF toy {probe[0]}" - well', 4_000_000_000)
    assert module["main"]() == 0
    names = [match[2] for line in capsys.readouterr().out.splitlines() if (match := LINE.fullmatch(line))]
    assert [name for name in names if name != "a"] == ["certificate-a.org", "certificate-a.org-8443"]


def test_the_local_check_runs_on_an_old_python_and_keeps_text_as_text() -> None:
    head = 'afspec: 1\nname: toy\ntitle: \'a """ + exec(1) # \\\'\ndeclared_by: site\n'
    for each in Monitoring().render(facility(SITE, head)):
        if each.path.endswith(".py"):
            ast.parse(each.text, feature_version=(3, 6))
            assert "exec(1)" in ast.unparse(ast.parse(each.text))
    assert json.dumps(files())
