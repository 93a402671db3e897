"""The checks of `afspec verify` that need what twins bring: each is seen to find something, and to be content."""

from __future__ import annotations

import os

import pytest
from monitoring_tools import tools
from verify_support import ask, check_called, compiled, found

from afspec.twins import find
from afspec.verify import Compiled, State, verify

SITES = ("sites/bnl.yaml", "sites/uchicago.yaml", "sites/slac.yaml", "sites/local.yaml")
THEN = ("sites/2023/bnl.yaml", "sites/2023/uchicago.yaml", "sites/2023/slac.yaml")
HUB = "jupyterhub/jupyterhub_config.py"
GATEWAY = "dask/gateway/dask_gateway_config.py"
SUBMIT = "htcondor/cpu.sub"
SLURM_CONF = "slurm/replica/slurm.conf"
DEFINITION = "images/x/a.def"
CONTAINERFILE = "images/x/a.Containerfile"

GOOD = [
    ("jupyterhub", "local"),
    ("jupyterhub", "bnl"),
    ("dask", "local"),
    ("dask", "slac"),
    ("dask", "bnl"),
    ("dask-gateway", "local"),
    ("condor_submit", "bnl"),
    ("condor_config", "bnl"),
    ("sbatch", "slac"),
    ("slurm.conf", "slac"),
    ("sshd", "slac"),
    ("apptainer", "slac"),
    ("buildah", "slac"),
]


@pytest.mark.parametrize(("check", "twin"), GOOD)
def test_compiled_files_are_fine(check: str, twin: str) -> None:
    verdict = ask(check, compiled(twin))
    assert verdict.findings == ()
    assert verdict.state is State.FINE


@pytest.mark.parametrize("spec", [*SITES, *THEN])
def test_no_tool_finds_anything_in_what_a_site_deploys(spec: str) -> None:
    site = find(spec)
    report = verify(Compiled.of_texts(site.facility.name, site.texts))
    assert report.diagnostics() == []
    assert len(report.verdicts) > len(report.unchecked)


@pytest.fixture
def promtool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus' promtool on PATH, as on a machine that has Prometheus."""
    monkeypatch.setenv("PATH", f"{tools()}/usr/bin{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("promtool")
@pytest.mark.parametrize("spec", SITES)
def test_prometheus_takes_the_rules_of_a_site(spec: str) -> None:
    assert ask("promtool", find(spec).texts).findings == ()


@pytest.mark.usefixtures("promtool")
@pytest.mark.parametrize(
    ("wrong", "word"),
    [("exprr: up == 0", "exprr"), ("expr: up ==", "parse"), ("expr: up == 0\n  for: a while", "while")],
)
def test_rules_that_prometheus_does_not_take(wrong: str, word: str) -> None:
    rules = f"groups:\n- name: a\n  rules:\n  - alert: Down\n    {wrong.replace(chr(10), chr(10) + '  ')}\n"
    ((path, _, said),) = found("promtool", {"monitoring/prometheus/a.rules.yml": f"# A comment.\n{rules}"})
    assert path == "monitoring/prometheus/a.rules.yml"
    assert word in said


PLAIN = "c = get_config()\nc.JupyterHub.authenticator_class = 'dummy'\nc.JupyterHub.spawner_class = 'simple'\n"
# Each ends the making of the hub, so that it is alone in its file.
HUBS = [
    ("c.JupyterHub.hub_port = 'a port'", 4, "hub_port"),
    ("c.JupyterHub.spawner_class = 'jupyterhub.spawner.NoSuchSpawner'", 4, "spawner_class"),
    ("c.JupyterHub.load_roles = [{'name': 'a-role', 'scopes': ['no:such:scope']}]", 0, "no:such:scope"),
    ("import subprocess; subprocess.run(['true'])", 4, "subprocess.Popen"),
    ("c.JupyterHub.hub_port = (", 4, "SyntaxError"),
]


@pytest.mark.parametrize(("line", "at", "word"), HUBS, ids=[word for _, _, word in HUBS])
def test_hub_that_jupyterhub_does_not_accept(line: str, at: int, word: str) -> None:
    what = found("jupyterhub", {HUB: f"{PLAIN}{line}\n"})
    assert [(number, word in said) for _, number, said in what] == [(at, True)], what


def test_settings_that_no_part_of_a_hub_takes_up() -> None:
    lines = (
        "c.JupyterHub.bind_ulr = 'http://127.0.0.1:8000/'\n"
        "c.Spawner.cmdd = ['x']\n"
        "c.SlurmSpawner.req_partition = 'roma'\n"
        "c.Authenticator.alowed_users = {'a'}\n"
    )
    what = found("jupyterhub", {HUB: PLAIN + lines})
    assert {at for _, at, _ in what} == {4, 5, 6, 7}, what


def test_hub_that_reads_secrets_of_a_machine_that_is_not_there() -> None:
    text = (
        PLAIN + "import os\nfrom pathlib import Path\n"
        "folder = Path('/nowhere/of/a/hub')\nfolder.mkdir(parents=True, exist_ok=True)\n"
        "(folder / 'note').write_text('x')\n"
        "c.ConfigurableHTTPProxy.auth_token = Path('/nowhere/secret').read_text().strip()\n"
        "c.JupyterHub.hub_port = 8081 if os.environ['NO_SUCH_VARIABLE'] else 1\n"
    )
    assert found("jupyterhub", {HUB: text}) == []


GATEWAYS = [
    ("c.DaskGateway.adress = '127.0.0.1:0'", "adress"),
    ("c.DaskGateway.backend_class = 'dask_gateway_server.backends.local.NoSuchBackend'", "backend_class"),
    ("c.ClusterConfig.idle_timeout = 'never'", "idle_timeout"),
    ("c.Proxy.adress = 'x'", "adress"),
    ("c.NoSuchThing.a = 1", "NoSuchThing"),
    ("1 / 0", "ZeroDivisionError"),
]


@pytest.mark.parametrize(("line", "word"), GATEWAYS, ids=[line.partition(" = ")[0] for line, _ in GATEWAYS])
def test_gateway_that_dask_gateway_does_not_accept(line: str, word: str) -> None:
    good = compiled("local")[GATEWAY]
    what = found("dask-gateway", {GATEWAY: f"{good}{line}\n"})
    assert any(word in said and at == good.count("\n") + 1 for _, at, said in what), what


SETTINGS = [
    ("jobqueue:\n  slurm:\n    cores: 1\n    memory: 1 GiB\n    quee: roma\n", 5, "jobqueue.slurm.quee"),
    ("jobqueue:\n  slrum:\n    cores: 1\n", 2, "jobqueue.slrum"),
    ("jobqueue:\n  slurm:\n    cores: 1\n", 2, "memory"),
    ("distributed:\n  comm:\n    timeouts:\n      conect: 60s\n", 4, "distributed.comm.timeouts.conect"),
]


@pytest.mark.parametrize(("text", "line", "word"), SETTINGS, ids=[word for _, _, word in SETTINGS])
def test_settings_that_dask_does_not_know(text: str, line: int, word: str) -> None:
    ((_, at, said),) = found("dask", {"dask/jobqueue.yaml": text})
    assert at == line
    assert word in said


def test_helper_that_cannot_be_imported() -> None:
    ((path, line, said),) = found("dask", {"dask/cluster.py": "import os\nos.no_such_name\n"})
    assert (path, line) == ("dask/cluster.py", 2)
    assert "no_such_name" in said


JOB = "universe = vanilla\nexecutable = /bin/true\n"
SUBMITS = [
    ("requst_memory = 1 GB", 3, "requst_memory"),
    ("universe = vanila", 0, "vanila"),
    ("request_memory = lots of", 0, "lots of"),
    ("if defined gpus\nrequst_gpus = 1\nendif", 4, "requst_gpus"),
    ("executable = no-such-file", 0, "no-such-file"),
]


@pytest.mark.parametrize(("line", "at", "word"), SUBMITS, ids=[word for _, _, word in SUBMITS])
def test_submit_file_that_condor_submit_does_not_accept(line: str, at: int, word: str) -> None:
    what = found("condor_submit", {SUBMIT: f"{JOB}{line}\nqueue\n"})
    assert [(number, word in said) for _, number, said in what] == [(at, True)], what


def test_configuration_that_htcondor_does_not_read() -> None:
    ((_, line, said),) = found("condor_config", {"htcondor/replica/99-afspec.conf": "A = 1\nno sign of equality\n"})
    assert line == 2
    assert "Configuration Error" in said


OPTIONS = [
    ("--partition=nowhere", "nowhere"),
    ("--nonsense=1", "nonsense"),
    ("--time=soon", "time"),
    ("--time=99-00:00:00", "time limit"),
    ("--mem=99999G", "node configuration"),
    ("--gpus=no-such-model:1", "node configuration"),
]


@pytest.mark.parametrize(("option", "word"), OPTIONS)
def test_script_that_sbatch_refuses(option: str, word: str) -> None:
    script = f"#!/bin/bash\n#SBATCH --partition=roma\n#SBATCH {option}\ntrue\n"
    files = {SLURM_CONF: compiled("slac")[SLURM_CONF], "slurm/roma/a.sh": script}
    ((path, _, said),) = found("sbatch", files)
    assert path == "slurm/roma/a.sh"
    assert word in said


def test_key_that_slurm_does_not_know() -> None:
    text = compiled("slac")[SLURM_CONF]
    what = found("slurm.conf", {SLURM_CONF: text.replace("SelectType=", "SelectTipe=")})
    assert any("SelectTipe" in said and text.splitlines()[at - 1].startswith("SelectType=") for _, at, said in what), (
        what
    )


def test_directive_that_sshd_does_not_know() -> None:
    text = compiled("slac")["ssh/replica/bastion.conf"]
    ((_, line, said),) = found("sshd", {"ssh/replica/bastion.conf": f"{text}Nonsense yes\n"})
    assert line == text.count("\n") + 1
    assert "Nonsense" in said


DEFINITIONS = [
    ("Bootstrap: docker\nFrom: x\n\n%pst\n  true\n", 4, "pst"),
    ("Bootstrap: nonsense\nFrom: x\n", 1, "nonsense"),
    ("From: x\n\n%post\n  true\n", 0, "bootstrap"),
]


@pytest.mark.parametrize(("text", "line", "word"), DEFINITIONS)
def test_definition_that_apptainer_does_not_understand(text: str, line: int, word: str) -> None:
    ((_, at, said),) = found("apptainer", {DEFINITION: text})
    assert at == line
    assert word in said


def test_definition_is_not_executed() -> None:
    site = Compiled.of_texts("toy", {DEFINITION: "Bootstrap: docker\nFrom: x\n\n%pre\n  exit 3\n"})
    (verdict,) = verify(site, [check_called("apptainer")]).verdicts
    assert (verdict.state, verdict.reason) == (
        State.UNCHECKED,
        "`%pre` is executed on this machine, which is not done here",
    )


CONTAINERFILES = [
    ("FROM x\nRUNN true\n", 2, "RUNN"),
    ("FROM x\nENV A\n", 2, "ENV"),
    ("FROM x\nRUN true \\\n  && false\nCOPY no-such-file /\n", 4, "no-such-file"),
    ("FROM x\nRUN --nonsense=1 true\nWORKDIRR /\n", 3, "WORKDIRR"),
]


@pytest.mark.parametrize(("text", "line", "word"), CONTAINERFILES)
def test_containerfile_that_buildah_does_not_understand(text: str, line: int, word: str) -> None:
    ((_, at, said),) = found("buildah", {CONTAINERFILE: text})
    assert at == line
    assert word in said


def test_containerfile_is_not_executed() -> None:
    assert found("buildah", {CONTAINERFILE: "FROM x\nRUN exit 1\nENV A=1\n"}) == []
