"""af_submit, and what af_check says of a site."""

from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING

import pytest
from user_setup_site import Site, full, recorded, variants

if TYPE_CHECKING:
    import subprocess


def test_af_submit_hides_the_variables_that_break_jobs(ready: Site) -> None:
    ready.stub("sbatch", 'echo "${KRB5CCNAME-unset}"')
    assert ready.prints("af_submit 'my job.sh'; echo $KRB5CCNAME", KRB5CCNAME="/tmp/k").split() == ["unset", "/tmp/k"]  # noqa: S108
    assert recorded(ready.root / "sbatch.log") == ["my job.sh"]


def test_in_a_job_they_are_unset_at_once(ready: Site) -> None:
    assert ready.prints('echo "${KRB5CCNAME-unset}"', KRB5CCNAME="k", SLURM_JOB_ID="1") == "unset"
    assert ready.prints('echo "${KRB5CCNAME-unset}"', KRB5CCNAME="k") == "k"


def test_af_submit_without_the_client_says_where_it_is(ready: Site) -> None:
    done = ready.bash("af_submit x || echo $?")
    assert done.stdout == "127\n"
    assert "login node" in done.stderr


def test_a_pool_is_chosen_by_name_and_its_log_folder_made(ready: Site) -> None:
    (ready.root / "logs").mkdir()
    site = Site(ready.root, variants(ready.root)["two-pools"])
    condor, slurm = site.stub("condor_submit"), site.stub("sbatch")
    site.prints("af_submit a.sub; AF_POOL=hpc af_submit b.sh; AF_POOL=shared-pool.1 af_submit c.sub")
    assert (recorded(condor), recorded(slurm)) == (["a.sub", "c.sub"], ["b.sh"])
    assert stat.S_IMODE((ready.root / "logs/jdoe").stat().st_mode) == 0o700
    wrong = site.bash("AF_POOL=none af_submit a || echo $?")
    assert wrong.stdout == "2\n"
    assert "shared-pool.1 hpc" in wrong.stderr


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What af_check said of each thing: ok or missing."""
    return {line[8:32].strip(): line.split()[0] for line in done.stdout.splitlines()}


def test_af_check_is_content_where_everything_works(complete: Site) -> None:
    done = complete.bash("af_check")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(lines(done).values()) == {"ok"}
    assert set(lines(done)) == {
        "setupATLAS",
        "AF_HOME",
        "AF_DATA",
        "AF_SCRATCH",
        "batch slurm",
        "apptainer",
        "image cache",
        "image",
        "kernel",
        "proxy",
    }


@pytest.mark.parametrize(
    ("gone", "what", "fault"),
    [
        ("bin/sbatch", "batch slurm", True),
        ("bin/apptainer", "apptainer", True),
        ("data/jdoe", "AF_DATA", True),
        ("cvmfs/alrb/user", "setupATLAS", True),
        ("proxy/jdoe/x509", "proxy", False),
    ],
)
def test_af_check_fails_for_what_the_site_promises(gone: str, what: str, fault: bool, complete: Site) -> None:  # noqa: FBT001
    path = complete.root / gone
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    done = complete.bash("af_check", strict=False)
    assert done.returncode == int(fault)
    assert [name for name, state in lines(done).items() if state == "missing"] == [what]


def test_af_check_knows_an_expired_proxy_and_a_missing_kernel(complete: Site) -> None:
    complete.stub("openssl", "exit 1")
    complete.stub("jupyter", "echo '{}'")
    done = complete.bash("af_check")
    assert done.returncode == 0
    assert [name for name, state in lines(done).items() if state == "missing"] == ["kernel", "proxy"]


def test_af_check_names_a_repository_that_is_not_mounted(ready: Site) -> None:
    done = ready.bash("af_check", strict=False)
    assert done.returncode == 1
    assert "atlas.example.org is not mounted on this machine: ask help@example.org" in done.stdout


def test_what_is_only_best_effort_is_told_and_forgiven(complete: Site) -> None:
    pools = [{"name": "slurm", "stance": "best_effort", "scheduler": "slurm"}]
    spec = full(complete.root, batch=pools)
    del spec["software"]["cvmfs"]
    site = Site(complete.root, spec)
    (site.bin / "sbatch").unlink()
    done = site.bash("af_check")
    assert (done.returncode, lines(done)["batch slurm"]) == (0, "missing")
