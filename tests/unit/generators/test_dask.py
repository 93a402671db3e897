"""The generator dask: what dask-jobqueue, distributed and a notebook make of its files."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.dask import Dask

from afspec.facility import Facility

if TYPE_CHECKING:
    from pathlib import Path

PORTS = {"scheduler": "31000:32000", "worker": "40000:41000", "dashboard": "41001:42000"}
SLURM: dict[str, Any] = {
    "name": "slurm",
    "scheduler": "slurm",
    "stance": "promised",
    "accounts": ["atlas:usatlas"],
    "qos": ["normal", "preemptable"],
    "unset": ["KRB5CCNAME"],
    "scratch": "/lscratch",
    "scratch_variable": "LSCRATCH",
    "log_directory": "/sdf/scratch/users/<u>/<user>/logs",
    "partitions": [
        {"name": "roma", "stance": "promised", "max_walltime": "2 h"},
        {"name": "ampere", "stance": "promised", "gpus": [{"name": "a100", "count": 4}]},
        {"name": "ada", "stance": "best_effort", "qos": ["preemptable"]},
    ],
}
HTCONDOR: dict[str, Any] = {
    "name": "pool",
    "scheduler": "htcondor",
    "stance": "promised",
    "accounting_groups": ["group_atlas.general"],
    "container_universe": "vanilla",
    "log_directory": "/var/log/users/<user>",
    "queues": [{"name": "short", "stance": "promised", "attributes": {"queue": "short"}}],
}
REFERENCE = "hub.opensciencegrid.org/iris-hep/analysis-systems-base:2022-12-15"
IMAGES = {
    "stance": "promised",
    "unpacked": "/cvmfs/unpacked.cern.ch",
    "named": [{"name": "base", "reference": REFERENCE, "packages": ["dask"]}],
}
GATEWAY = {
    "stance": "promised",
    "url": "https://hub.example.org/services/dask-gateway/",
    "internal_url": "http://traefik.dask/services/dask-gateway/",
    "proxy": "gateway://traefik.dask:80",
    "auth": "jupyterhub",
}


def facility(**sections: Any) -> Facility:
    """A site with those sections."""
    base = {"afspec": 1, "name": "site", "title": 'A "site" \u2014 {x}', "declared_by": "site"}
    return Facility.model_validate({**base, **sections})


def slurm(**jobqueue: Any) -> Facility:
    """A Slurm site."""
    asked = {"stance": "promised", "slots": "roma", "walltime": "4 h", "interface": "lo", **jobqueue}
    return facility(batch=[SLURM], dask={"stance": "promised", "jobqueue": asked})


def htcondor(**jobqueue: Any) -> Facility:
    """An HTCondor site."""
    asked = {"stance": "promised", "slots": "short", "disk": "20 GB", "interface": "lo", **jobqueue}
    return facility(batch=[HTCONDOR], images=IMAGES, dask={"stance": "promised", "jobqueue": asked})


def files(site: Facility) -> dict[str, str]:
    """Texts by path."""
    return {artifact.path: artifact.text for artifact in Dask().render(site)}


def run(folder: Path, code: str, **environment: str) -> str:
    """What a Python with the folder's files prints; every warning of its own code is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-W", "error::FutureWarning", "-c", code],
        cwd=folder / "dask",
        env={**os.environ, "DASK_CONFIG": str(folder / "none"), "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning" not in done.stderr
    return done.stdout


def write(folder: Path, site: Facility) -> None:
    """Put a site's files into the folder."""
    for path, text in files(site).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="ascii")


SCRIPT = """
import dask
import dask_jobqueue
given = dask.config.collect(paths=["jobqueue.yaml"], env={{}})
dask.config.update(dask.config.config, given)
local = {{"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}}
with dask_jobqueue.{cluster}(n_workers=0, scheduler_options=local) as cluster:
    print(cluster.job_script())
"""


def test_slurm_settings_make_a_job_script(tmp_path: Path) -> None:
    write(tmp_path, slurm(memory="2.5G", ports=PORTS))
    script = run(tmp_path, SCRIPT.format(cluster="SLURMCluster"))
    lines = script.splitlines()
    for line in ("-p roma", "-A atlas:usatlas", "-t 0-02:00:00", "--mem=2560M", "--cpus-per-task=1", "--qos=normal"):
        assert f"#SBATCH {line}" in lines
    assert "unset KRB5CCNAME" in lines
    assert "--local-directory ${LSCRATCH:-/lscratch} " in script
    assert "--worker-port 40000:41000 --nanny-port 40000:41000 --lifetime 6900s --lifetime-stagger 240s" in script


def test_htcondor_settings_make_a_submit_file(tmp_path: Path) -> None:
    write(tmp_path, htcondor(account="group_atlas.tier3"))
    lines = run(tmp_path, SCRIPT.format(cluster="HTCondorCluster")).splitlines()
    assert "accounting_group = group_atlas.tier3" in lines
    assert '+queue = "short"' in lines
    assert f'MY.SingularityImage = "/cvmfs/unpacked.cern.ch/{REFERENCE}"' in lines
    assert "transfer_executable = False" in lines
    assert "MY.DaskWorkerDisk = 20000000000" in lines


def test_a_partition_with_its_own_qos_is_asked_with_that() -> None:
    made = yaml.safe_load(files(slurm(slots="ada"))["dask/jobqueue.yaml"])
    assert made["jobqueue"]["slurm"]["job-extra-directives"] == ["--qos=preemptable"]


def test_a_folder_that_python_makes_has_no_placeholder() -> None:
    for site in (slurm(), htcondor()):
        made = files(site)
        assert "log-directory" not in made["dask/jobqueue.yaml"]
        assert "LOG_DIRECTORY = '/" in made["dask/cluster.py"]


@pytest.mark.parametrize(
    ("site", "folder"),
    [(slurm, "/data/${USER:0:1}/${USER}"), (htcondor, "/data/`id -un | cut -c1`/`id -un`")],
)
def test_a_users_spill_folder_is_spelled_for_the_jobs_shell(site: Any, folder: str) -> None:
    made = files(site(local_directory="/data/<u>/<user>"))["dask/jobqueue.yaml"]
    (settings,) = yaml.safe_load(made)["jobqueue"].values()
    assert settings["local-directory"] == folder
    said = subprocess.run(
        ["bash", "-c", f"echo {folder}"], env={**os.environ, "USER": "jo"}, capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("/data/")
    assert not set("$`{") & set(said.stdout)


def test_deprecated_keys_are_not_used() -> None:
    for site in (slurm(), htcondor()):
        (settings,) = yaml.safe_load(files(site)["dask/jobqueue.yaml"])["jobqueue"].values()
        assert not {"project", "extra", "job-extra", "env-extra", "header-skip"} & set(settings)


def test_gateway_and_operator_are_settings_of_their_clients() -> None:
    operator = {"stance": "promised", "namespace": "af-jupyter", "service_account": "jupyter"}
    site = facility(images=IMAGES, dask={"stance": "promised", "gateway": GATEWAY, "operator": operator})
    made = yaml.safe_load(files(site)["dask/dask.yaml"])
    assert made["gateway"] == {
        "address": "http://traefik.dask/services/dask-gateway/",
        "public-address": "https://hub.example.org/services/dask-gateway/",
        "proxy-address": "gateway://traefik.dask:80",
        "auth": {"type": "jupyterhub"},
    }
    assert made["kubernetes"] == {"namespace": "af-jupyter", "image": REFERENCE}


def test_nothing_is_made_where_nothing_is_offered() -> None:
    assert not Dask().applies(facility())
    assert not Dask().applies(facility(dask={"stance": "promised", "gateway": {"stance": "planned"}}))
    assert not Dask().applies(facility(dask={"stance": "promised", "jobqueue": {"stance": "promised"}}))


def sites() -> list[Facility]:
    """One site for each way, and one for all of them."""
    gateway = {"stance": "promised", "gateway": GATEWAY}
    casa = {"stance": "promised", "coffea_casa": {"stance": "promised"}}
    operator = {"stance": "promised", "operator": {"stance": "promised"}}
    everything = {**gateway, **casa, **operator, "jobqueue": {"stance": "promised"}}
    alone = [facility(dask=dask) for dask in (gateway, casa, operator)]
    return [slurm(), htcondor(), *alone, facility(batch=[HTCONDOR], dask=everything)]


@pytest.mark.parametrize("site", sites())
def test_the_module_compiles_and_knows_every_name_it_uses(site: Facility) -> None:
    text = files(site)["dask/cluster.py"]
    assert text.isascii()
    tree = ast.parse(text)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert {name for name in called if name.startswith("_")} <= defined
    assert files(site) == files(site)


def test_the_module_says_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path, facility(dask={"stance": "promised", "gateway": GATEWAY}))
    code = """
import cluster, sys
for arguments in ({"via": "jobqueue"}, {}):
    sys.modules["dask_gateway"] = None if not arguments else sys.modules.get("dask_gateway")
    try:
        cluster.importlib.util.find_spec = lambda name: None
        cluster.connect(**arguments)
    except cluster.SetupError as error:
        print(error)
"""
    said = run(tmp_path, code)
    assert "offers Dask through gateway, not 'jobqueue'" in said
    assert "python -m pip install 'dask[distributed]'" in said


def test_a_cluster_starts_and_other_software_is_named(tmp_path: Path) -> None:
    write(tmp_path, slurm(ports=PORTS, max_workers=3))
    tools = tmp_path / "bin"
    tools.mkdir()
    # The least that a batch system does: run the script, tell a number, end it.
    (tools / "sbatch").write_text(
        "#!/bin/bash\n"
        f'cp "$1" {tmp_path}/job.sh\n'
        f"LSCRATCH={tmp_path}/spill setsid bash {tmp_path}/job.sh >{tmp_path}/job.log 2>&1 &\n"
        'echo "Submitted batch job $!"\n'
    )
    (tools / "scancel").write_text('#!/bin/bash\nkill -- -"$1"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    code = """
import cluster
cluster._mine = lambda path: "logs"
try:
    cluster.connect(9)
except cluster.SetupError as error:
    print(error)
made, client = cluster.connect(1, timeout=60, scheduler_options={"host": "127.0.0.1"}, security=None)
print(client.submit(sum, [1, 2]).result(), made.scheduler_address)
print(client.run(lambda dask_worker: dask_worker.local_directory))
true = client.get_versions
def other(packages):
    found = true(packages=packages)
    for worker in found["workers"].values():
        worker["packages"]["awkward"] = "1.0"
    return found
client.get_versions = other
try:
    cluster.check_environments(client)
except cluster.SetupError as error:
    print(error)
client.get_versions = true
client.close()
made.close()
"""
    said = run(tmp_path, code, PATH=f"{tools}:{os.environ['PATH']}", KRB5CCNAME="/tmp/x", SCONTAINER="")  # noqa: S108
    assert "allows 3 worker jobs at a time, and you asked for 9" in said
    assert "3 tcp://127.0.0.1:31" in said
    assert f"{tmp_path}/spill" in said
    assert re.search(rf"awkward +{re.escape(version('awkward'))} +1\.0", said)
    assert "Use one image, with one tag, for both" in said


def test_a_worker_binds_what_its_node_has(tmp_path: Path) -> None:
    """Apptainer refuses to start where a bound path is missing: the job's own shell looks."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apptainer").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "bin/apptainer").chmod(0o755)
    here = tmp_path / "data"
    here.mkdir()
    images = {**IMAGES, "runtime": "apptainer", "binds": [str(here), "/no/such/path"], "gpu_flag": True}
    asked = {"stance": "promised", "slots": "roma", "interface": "lo"}
    write(tmp_path, facility(batch=[SLURM], images=images, dask={"stance": "promised", "jobqueue": asked}))
    script = run(
        tmp_path,
        """
import cluster
local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
cluster._load_settings()
with cluster._slurm("docker://hub.example.org/base:1", None, {"scheduler_options": local}) as started:
    print(started.job_script())
""",
    )
    assert "unset KRB5CCNAME" in script.splitlines()
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    expected = ["exec", "--nv", "--bind", str(here), "docker://hub.example.org/base:1", sys.executable, "-m"]
    assert done.stdout.splitlines()[: len(expected)] == expected
