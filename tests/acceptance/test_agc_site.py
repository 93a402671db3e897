"""`afspec agc run --site`: a compiled site's doors and Dask, and options that win over them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from afspec.agc.generate.nanoaod import write
from afspec.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DOOR = "root://127.0.0.1:9"
SPEC = f"""
afspec: 1
name: toy
title: A toy facility
declared_by: site
storage:
  xcache: [{{name: x, stance: promised, door: "{DOOR}"}}]
dask: {{jobqueue: {{stance: promised, cores: 1, pool: slurm}}}}
batch: [{{name: slurm, scheduler: slurm, stance: promised, max_walltime: 1 h}}]
agc:
  chunk: 500
  rewrites: [{{prefix: "https://origin.example.org:1094", replacement: "root://origin.example.org:1094"}}]
"""
# Stands for the site's own: workers are processes of this machine instead of batch jobs.
CLUSTER = """
from distributed import Client, LocalCluster
WAYS = ("jobqueue",)
def connect(via="jobqueue", workers=1, timeout=60, strict=False, image=None):
    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1",
        dashboard_address=None, worker_dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )
    return cluster, Client(cluster, set_as_default=False)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """build/toy, and a file list of the origin's beside it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "toy.yaml").write_text(SPEC)
    done = CliRunner().invoke(cli, ["compile", str(folder / "toy.yaml"), "-o", str(folder / "build")])
    assert done.exit_code == 0, done.output
    (folder / "build/toy/dask/cluster.py").write_text(CLUSTER)
    (folder / "files").mkdir()
    document: dict[str, dict[str, Any]] = {}
    for process, variation in (("ttbar", "nominal"), ("ttbar", "ME_var"), ("ttbar", "PS_var"), ("wjets", "nominal")):
        name = f"{process}_{variation}.root"
        write(folder / "files" / name, 1000, process=process, variation=variation, cluster=250)
        files = [{"path": f"https://origin.example.org:1094//files/{name}", "nevts": 1000}]
        document.setdefault(process, {})[variation] = {"nevts_total": 1000, "files": files}
    (folder / "list.json").write_text(json.dumps(document))
    return folder


def run(site: Path, output: Path, *arguments: str) -> Result:
    command = [
        "agc",
        "run",
        str(site / "list.json"),
        "--site",
        str(site / "build/toy"),
        "-o",
        str(output),
        "--no-plots",
    ]
    return CliRunner().invoke(cli, [*command, *arguments])


def test_the_sites_cluster_is_meant_where_no_other_is_named(site: Path, tmp_path: Path) -> None:
    local = f"https://origin.example.org:1094//={site}/"
    done = run(site, tmp_path, "--rewrite", local, "--workers", "2")
    assert done.exit_code == 0, done.output
    assert f"The settings of toy: files through {DOOR}, Dask by jobqueue" in done.stderr
    told = json.loads((tmp_path / "result.json").read_text())
    assert "LocalCluster" in json.dumps(told)
    assert sum(each["events"] for each in told["samples"]) == 4000


def test_what_is_typed_wins(site: Path, tmp_path: Path) -> None:
    local = f"https://origin.example.org:1094//={site}/"
    done = run(site, tmp_path, "--rewrite", local, "--threads", "1")
    assert done.exit_code == 0, done.output
    assert "LocalCluster" not in (tmp_path / "result.json").read_text()


def test_files_are_asked_of_the_sites_door(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRD_CONNECTIONWINDOW", "1")
    monkeypatch.setenv("XRD_CONNECTIONRETRY", "0")
    done = run(site, tmp_path, "--threads", "1", "--retries", "0", "--process", "wjets")
    assert done.exit_code == 1
    told = (tmp_path / "result.json").read_text() + done.output
    assert f"{DOOR}//root://origin.example.org:1094//files/wjets_nominal.root" in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--threads", "1", "--via", "jobqueue"], 2, "--via and --image are for --cluster"),
        (["--via", "gateway"], 1, "offers jobqueue, not gateway"),
    ],
)
def test_options_that_do_not_fit(arguments: list[str], code: int, told: str, site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, *arguments)
    assert (done.exit_code, told in done.output) == (code, True), done.output


def test_a_folder_that_is_no_site(site: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["agc", "run", str(site / "list.json"), "--site", str(tmp_path)])
    assert done.exit_code == 1
    assert "holds no agc/site.yaml" in done.output
    assert "afspec compile" in done.output
