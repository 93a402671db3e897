"""Workers that are HTCondor's jobs: where the pool is, what it is told, by which token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from coffea_casa_site import SESSION, SITES, WORKER, facility, needs, session, settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["usual", "everything"])
def test_workers_run_in_one_image_with_one_tag(name: str) -> None:
    image = WORKER if name == "everything" else SESSION
    environment = session(SITES[name])["extraEnv"]
    assert f"{environment['WORKER_IMAGE']}:{environment['TAG']}" == image
    assert settings(SITES[name])["jobqueue"]["coffea-casa"]["worker-image"] == image


def test_sessions_find_the_pool_and_workers_find_the_session() -> None:
    environment = session(SITES["usual"])["extraEnv"]
    for name in ("CONDOR_HOST", "COLLECTOR_NAME", "SCHEDD_HOST"):
        assert environment[name] == "head.pool.example.org"
    assert environment["UID_DOMAIN"] == "pool.example.org"
    assert environment["POD_IP"] == {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    told = {"schedd": "submit.example.org", "collector": "the-pool", "uid_domain": "example.org"}
    environment = session(facility({"workers": told}))["extraEnv"]
    assert environment["SCHEDD_HOST"] == "submit.example.org"
    assert environment["COLLECTOR_NAME"] == "the-pool"
    assert environment["UID_DOMAIN"] == "example.org"


def test_the_token_for_htcondor_is_a_secret() -> None:
    volume = next(item for item in session(SITES["usual"])["storage"]["extraVolumes"] if item["name"] == "condor-token")
    assert volume["secret"]["items"] == [{"key": "condor_token", "path": "condor_token"}]
    assert needs(SITES["usual"])["Secret", "coffea-casa"]["holds"] == ["condor_token"]
    own = facility({"workers": {"token": {"kubernetes_secret": {"name": "mine", "key": "token"}}}})
    assert needs(own)["Secret", "mine"]["holds"] == ["token"]


JOB = """
import json, sys
import dask
import dask_jobqueue.htcondor as htcondor
settings = json.load(sys.stdin)
class Job(htcondor.HTCondorJob):
    config_name = "coffea-casa"
dask.config.update(dask.config.config, {"jobqueue": {"coffea-casa": dask.config.get("jobqueue.htcondor")}})
dask.config.update(dask.config.config, settings)
print(Job(scheduler="tls://127.0.0.1:8786", name="worker").job_script())
"""


def test_dask_jobqueue_makes_a_submit_file_of_the_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", JOB],
        input=json.dumps(settings(SITES["everything"])),
        env={**os.environ, "DASK_CONFIG": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line in (
        "universe = docker",
        "container_service_names = dask,nanny",
        "dask_container_port = 8788",
        "nanny_container_port = 8001",
        '+AccountingGroup = "group_atlas.general.$ENV(HOSTNAME)"',
        '+queue = "a \\"$(DOLLAR)short"',
        "MY.DaskWorkerMemory = 4294967296",
        "MY.DaskWorkerDisk = 2147483648",
    ):
        assert line in lines, done.stdout
    assert settings(SITES["everything"])["jobqueue"]["coffea-casa"]["submit-command-extra"] == ["-spool"]
    assert settings(SITES["everything"])["labextension"]["initial"][0]["adapt"]["maximum"] == 9
