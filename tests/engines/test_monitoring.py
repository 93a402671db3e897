"""The compiled files of monitoring, read and used by the real promtool, blackbox exporter, Nagios and its plugins."""

from __future__ import annotations

import json
import re
import shlex
import socket
import socketserver
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.monitoring import Monitoring
from monitoring_tools import PLUGINS, tools
from support import AS_OF, facility, until

from afspec.compiler import Frontend

if TYPE_CHECKING:
    from collections.abc import Iterator

SITES = ("bnl", "slac", "uchicago", "local")
CHECKOUT = Path(__file__).parents[2]
MAIN = """
log_file={0}/nagios.log
cfg_dir={0}/objects
object_cache_file={0}/objects.cache
status_file={0}/status.dat
temp_file={0}/tmp
temp_path={0}
check_result_path={0}/results
lock_file={0}/lock
command_file={0}/rw/cmd
state_retention_file={0}/retention
nagios_user=root
nagios_group=root
illegal_object_name_chars=`~!$%^&*|'"<>?,()=
illegal_macro_output_chars=`~$&|'"<>
"""
CONTACTS = """
define contact {
  contact_name nobody
  host_notification_period afspec-slac
  service_notification_period afspec-slac
  host_notification_commands nothing
  service_notification_commands nothing
}
define contactgroup {
  contactgroup_name admins
  members nobody
}
define command {
  command_name nothing
  command_line /bin/true
}
"""


def compiled(name: str, more: str = "") -> dict[str, str]:
    """Files of a published site."""
    site = Frontend(AS_OF).check(f"{CHECKOUT}/specs/sites/{name}.yaml").facility
    if more:
        changes = {"monitoring": site.monitoring.model_copy(update=json.loads(more))}
        site = site.model_copy(update=changes)
    return {each.path: each.text for each in Monitoring().render(site)}


def written(folder: Path, made: dict[str, str], suffix: str) -> list[Path]:
    """The files with a suffix, in a folder."""
    paths = []
    for path, text in made.items():
        if path.endswith(suffix):
            paths.append(folder / path.rpartition("/")[2])
            paths[-1].write_text(text)
    return paths


def said(*command: str | Path) -> str:
    """What a command says that must go well."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("site", SITES)
def test_promtool_and_the_blackbox_exporter_accept_the_files(site: str, tmp_path: Path) -> None:
    made = compiled(site)
    (rules,) = written(tmp_path, made, ".rules.yml")
    (scrape,) = written(tmp_path, made, ".scrape.yml")
    (modules,) = written(tmp_path, made, "blackbox.yml")
    promtool = tools() / "usr/bin/promtool"
    assert "SUCCESS" in said(promtool, "check", "rules", "--lint-fatal", "--lint=none", rules)
    assert "SUCCESS" in said(promtool, "check", "config", scrape)
    assert "Config file is ok" in said(
        tools() / "usr/bin/prometheus-blackbox-exporter", f"--config.file={modules}", "--config.check"
    )


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{told}}}", "values": values}


def test_alerts_go_off_when_they_should_and_only_then(tmp_path: Path) -> None:
    """Prometheus' own evaluation of the rules, over series that are made up."""
    (rules,) = written(tmp_path, compiled("slac"), ".rules.yml")
    document = yaml.safe_load(rules.read_text())
    groups = document["groups"]
    names = [rule["labels"]["probe"] for rule in groups[0]["rules"]]
    job, ill = {"job": "afspec-slac"}, "jupyter-ondemand"
    values = {name: "0x60" if name == ill else "1x60" for name in names}
    about = {"site": "slac", "environment": "site", "requirement": "AF-X-001", "item": "x"}
    verdict = about | {"decides": "true", "verdict": "broken"}
    down = next(rule for rule in groups[0]["rules"] if rule["labels"]["probe"] == ill)
    told = {"exp_labels": job | {"probe": ill} | down["labels"], "exp_annotations": down["annotations"]}
    broken = next(rule for rule in groups[2]["rules"] if rule["alert"] == "AfspecPromiseBroken")

    def case(minutes: int, alert: str, *expected: dict[str, Any]) -> dict[str, Any]:
        return {"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": list(expected)}

    everything = {
        "interval": "1m",
        "input_series": [
            *(series("probe_success", values[name], probe=name, **job) for name in names),
            series("probe_success", "0x60", probe=ill, job="afspec-slacker"),
            series("afspec_verdict", "1x60", **verdict),
            series("afspec_verdict", "0x60", **verdict | {"item": "y"}),
            series("afspec_verdict", "1x60", **verdict | {"environment": "twin"}),
        ],
        "alert_rule_test": [
            case(9, "AfspecDown"),
            case(11, "AfspecDown", told),
            case(50, "AfspecNotWatched"),
            case(
                1,
                "AfspecPromiseBroken",
                {"exp_labels": verdict | broken["labels"], "exp_annotations": broken["annotations"]},
            ),
        ],
    }
    (unwatched,) = [rule for rule in groups[1]["rules"] if rule["alert"] == "AfspecNotWatched"]
    silent = {"exp_labels": unwatched["labels"], "exp_annotations": unwatched["annotations"]}
    nobody = {
        "interval": "1m",
        "input_series": [],
        "alert_rule_test": [case(29, "AfspecNotWatched"), case(31, "AfspecNotWatched", silent)],
    }
    one = [series("probe_success", "1x60", probe=name, **job) for name in names[1:]]
    fewer = {"interval": "1m", "input_series": one, "alert_rule_test": [case(31, "AfspecNotWatched", silent)]}
    tests = {"rule_files": [str(rules)], "tests": [everything, nobody, fewer]}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    assert "SUCCESS" in said(tools() / "usr/bin/promtool", "test", "rules", tmp_path / "tests.yml")


def test_alerts_come_before_a_certificate_expires(tmp_path: Path) -> None:
    (rules,) = written(tmp_path, compiled("slac"), ".rules.yml")
    watch = yaml.safe_load(rules.read_text())["groups"][1]["rules"]
    both = {rule["labels"]["severity"]: rule for rule in watch if rule["alert"] == "AfspecCertificateExpires"}
    tests = []
    # promtool's clock begins in 1970: what is left is what the series say.
    for days, severities in ((15, ()), (13, ("warning",)), (2, ("warning", "critical"))):
        labels = {"job": "afspec-slac", "probe": "jupyter-ondemand"}
        expected = [
            {"exp_labels": labels | both[each]["labels"], "exp_annotations": both[each]["annotations"]}
            for each in severities
        ]
        tests.append(
            {
                "interval": "1m",
                "input_series": [series("probe_ssl_earliest_cert_expiry", f"{days * 86400}x90", **labels)],
                "alert_rule_test": [
                    {"eval_time": "70m", "alertname": "AfspecCertificateExpires", "exp_alerts": expected}
                ],
            }
        )
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": [str(rules)], "tests": tests}))
    assert "SUCCESS" in said(tools() / "usr/bin/promtool", "test", "rules", tmp_path / "tests.yml")


def test_nagios_accepts_the_files_of_all_sites_at_once(tmp_path: Path) -> None:
    for name in ("objects", "results", "rw"):
        (tmp_path / name).mkdir()
    for site in SITES:
        written(tmp_path / "objects", compiled(site, '{"contact_group": "admins"}'), ".cfg")
    (tmp_path / "objects/contacts.cfg").write_text(CONTACTS)
    (tmp_path / "main.cfg").write_text(MAIN.format(tmp_path))
    told = said(tools() / "usr/sbin/nagios4", "-v", tmp_path / "main.cfg")
    assert "Total Errors:   0" in told
    assert "Total Warnings: 0" in told
    (tmp_path / "objects/afspec-slac.cfg").write_text("define service {\n  host_name nowhere\n}\n")
    done = subprocess.run([tools() / "usr/sbin/nagios4", "-v", tmp_path / "main.cfg"], capture_output=True, check=False)
    assert done.returncode != 0, "nagios looks at the file"


class Page(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Location", "https://127.0.0.1:1/login")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


class Greeter(socketserver.StreamRequestHandler):
    """Greets as an SSH server does."""

    def handle(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        self.rfile.readline(100)


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


def listens(host: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[dict[str, str], dict[str, bool]]]:
    """Files of a site on this machine, and which of its questions get a good answer."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    ssh = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeter)
    with serving(web) as page, serving(ssh) as door:
        body = f"""
access:
  ssh:
    stance: promised
    hosts: [{{name: good, host: 127.0.0.1, port: {door}}}, {{name: gone, host: 127.0.0.1, port: {free()}}}]
jupyter:
  - {{name: login, kind: portal, stance: promised, url: "http://127.0.0.1:{page}/302"}}
  - {{name: closed, kind: portal, stance: promised, url: "http://127.0.0.1:{page}/403"}}
  - {{name: ill, kind: portal, stance: promised, url: "http://127.0.0.1:{page}/503"}}
  - {{name: lost, kind: portal, stance: best_effort, url: "http://127.0.0.1:{page}/404"}}
storage:
  xcache:
    - {{name: here, stance: promised, door: "root://localhost:{door}"}}
    - {{name: away, stance: best_effort, door: "root://127.0.0.1:{free()}"}}
services:
  triton: {{stance: promised, http: "http://127.0.0.1:{page}/200"}}
  reana: {{stance: promised, url: "http://127.0.0.1:{page}/500"}}
"""
        good = {"ssh-good", "jupyter-login", "jupyter-closed", "xcache-here", "triton"}
        made = {each.path: each.text for each in Monitoring().render(facility(body))}
        jobs = yaml.safe_load(made["monitoring/prometheus/afspec-toy.scrape.yml"])["scrape_configs"]
        names = [target["labels"]["probe"] for job in jobs for target in job["static_configs"]]
        yield made, {name: name in good for name in names}


def test_the_blackbox_exporter_finds_what_answers(site: tuple[dict[str, str], dict[str, bool]], tmp_path: Path) -> None:
    made, expected = site
    (modules,) = written(tmp_path, made, "blackbox.yml")
    address = f"127.0.0.1:{free()}"
    exporter = tools() / "usr/bin/prometheus-blackbox-exporter"
    command = [str(exporter), f"--config.file={modules}", f"--web.listen-address={address}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            host, _, port = address.partition(":")
            assert until(lambda: listens(host, int(port)))
            (job,) = yaml.safe_load(made["monitoring/prometheus/afspec-toy.scrape.yml"])["scrape_configs"]
            found = {}
            for target in job["static_configs"]:
                labels, (asked,) = target["labels"], target["targets"]
                url = f"http://{address}{job['metrics_path']}?module={labels['module']}&target={asked}"
                with urllib.request.urlopen(url, timeout=30) as answer:
                    text = answer.read().decode()
                found[labels["probe"]] = bool(re.search(r"^probe_success 1$", text, re.MULTILINE))
        finally:
            running.terminate()
    assert found == expected


def test_nagios_plugins_find_what_answers(site: tuple[dict[str, str], dict[str, bool]]) -> None:
    made, expected = site
    text = made["monitoring/nagios/afspec-toy.cfg"]
    lines = dict(re.findall(r"command_name  (\S+)\n    command_line  (.*)\n", text))
    hosts = dict(re.findall(r"host_name  (\S+)\n    address  (\S+)\n", text))
    services = re.findall(r"host_name  (\S+)\n    service_description  ([^:]+): .*\n    check_command  (\S+)\n", text)
    states = {}
    for host, name, called in services:
        command, *arguments = called.split("!")
        line = lines[command].replace("$USER1$", str(tools() / PLUGINS)).replace("$HOSTADDRESS$", hosts[host])
        for number, argument in enumerate(arguments, 1):
            line = line.replace(f"$ARG{number}$", argument)
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
        states[name] = done.returncode
        assert done.stdout, (shlex.quote(line), done.stderr)
    soft = {"jupyter-lost", "xcache-away"}
    assert states == {name: 0 if good else 1 if name in soft else 2 for name, good in expected.items()}
