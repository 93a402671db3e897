"""Slurm in the twin of SLAC: what users may and may not do, with the compiled scripts and by Slurm's own means."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from engines.batch_user import SOON, BatchUser, folder_of
from support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

PARTITIONS = ("roma", "ampere", "milano", "torino", "turing", "ada", "hopper")
ACCOUNT = "atlas:usatlas"
# Takes 300 MB, and keeps them.
HUNGRY = "import time; kept = b'x' * (300 << 20); time.sleep(120)"


class User(BatchUser):
    """A user of Slurm."""

    def script(self, partition: str, kind: str = "cpu") -> str:
        return self.miniature.files.path(f"slurm/{partition}/{kind}.sh")

    def submit(self, *argv: str) -> str:
        """Number of a new job."""
        return self.run("sbatch", "--parsable", *argv).stdout.strip()

    def refused(self, *argv: str) -> str:
        """What sbatch says to a job that it does not take."""
        done = self.run("sbatch", *argv, check=False)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def facts(self, job: str) -> dict[str, str]:
        """What slurmctld knows of a job."""
        text = self.run("scontrol", "show", "job", "--oneliner", "--details", job).stdout
        return dict(word.partition("=")[::2] for word in text.split() if "=" in word)

    def state(self, job: str) -> str:
        return self.facts(job)["JobState"]

    def becomes(self, job: str, state: str, seconds: float = SOON) -> bool:
        return until(lambda: self.state(job) == state, seconds)

    def accounted(self, job: str, *fields: str) -> list[str]:
        """Fields of a job in the accounting."""
        wanted = ["--noheader", "--parsable2", "--allocations", f"--format={','.join(fields)}"]
        return self.run("sacct", *wanted, f"--jobs={job}").stdout.strip().split("|")


@pytest.fixture
def alice(slac: Miniature) -> Iterator[User]:
    user = User(slac, "alice", folder_of(slac, "alice"))
    yield user
    user.run("scancel", "--user=alice")
    assert until(lambda: not user.run("squeue", "--me", "--noheader").stdout.strip(), SOON)
    user.run("rm", "-r", user.folder)


@pytest.fixture(scope="module")
def overdue(slac: Miniature) -> tuple[User, str]:
    """A job that runs into its walltime while other tests are at work: Slurm counts in minutes."""
    user = User(slac, "bob", folder_of(slac, "bob"))
    return user, user.submit("--time=1", "--output=overdue.out", user.script("roma"), "sleep", "600")


@pytest.fixture(autouse=True)
def started(overdue: tuple[User, str]) -> None:
    """It is on its way from the first test on."""
    assert overdue


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_nonce_goes_in_and_comes_out_of_every_partition(alice: User, partition: str) -> None:
    nonce = secrets.token_hex(8)
    asked = 'echo "$1" "$SLURM_JOB_PARTITION" "$SLURM_JOB_ACCOUNT" "$TMPDIR"'
    alice.run("sbatch", "--wait", "--output=out", alice.script(partition), "sh", "-c", asked, "sh", nonce)
    said, where, account, scratch = alice.read("out").split()
    assert (said, where, account) == (nonce, partition, ACCOUNT)
    # The job's own scratch folder, which the site names in LSCRATCH, and gone with it.
    assert scratch.startswith("/lscratch/alice-")
    assert until(lambda: not alice.miniature.room.exists(scratch))


def test_there_is_a_script_for_every_partition_that_is_offered(slac: Miniature, alice: User) -> None:
    known = alice.run("sinfo", "--noheader", "--format=%R").stdout.split()
    assert sorted(known) == sorted(PARTITIONS)
    assert {name.split("/")[1] for name in slac.files.glob("slurm/*/cpu.sh")} == set(PARTITIONS)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--account=no:such"], "account"),
        (["--qos=bogus"], "qos"),
        (["--partition=milano", "--qos=normal"], "qos"),
        (["--time=11-00:00:00"], "time limit"),
        (["--mem=100G"], "not available"),
        (["--partition=bullet"], "partition"),
    ],
)
def test_what_the_facility_does_not_offer_is_refused(alice: User, options: list[str], reason: str) -> None:
    assert reason in alice.refused(*options, alice.script("roma"), "true").lower()


def test_a_user_without_an_account_is_refused(slac: Miniature, alice: User) -> None:
    done = slac.room.run(
        ["sbatch", "--output=/dev/null", alice.script("roma"), "true"], user="nobody", directory="/", check=False
    )
    assert done.returncode != 0
    assert "Invalid account" in done.stderr


def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed(alice: User) -> None:
    done = alice.run(
        *("sbatch", "--wait", "--parsable", "--mem=50M", "--output=out", alice.script("roma"), "python3", "-c", HUNGRY),
        check=False,
    )
    assert done.returncode != 0
    assert "exceeded memory limit" in alice.read("out")
    assert alice.state(done.stdout.strip()) != "COMPLETED"


def test_the_same_job_lives_where_it_asks_for_enough(alice: User) -> None:
    short = HUNGRY.replace("120", "4")
    alice.run("sbatch", "--wait", "--mem=600M", "--output=out", alice.script("roma"), "python3", "-c", short)


def test_an_array(alice: User) -> None:
    command = ["sh", "-c", "echo $SLURM_ARRAY_TASK_ID"]
    alice.run("sbatch", "--wait", "--array=1-3", "--output=%a.out", alice.script("roma"), *command)
    assert [alice.read(f"{number}.out").strip() for number in (1, 2, 3)] == ["1", "2", "3"]


def test_a_dependency_waits_and_is_given_up_where_it_fails(alice: User) -> None:
    first = alice.submit("--output=a", alice.script("roma"), "sh", "-c", "sleep 2; echo first > order")
    second = alice.submit(f"--dependency=afterok:{first}", alice.script("roma"), "sh", "-c", "echo second >> order")
    assert alice.becomes(second, "COMPLETED")
    assert alice.read("order").split() == ["first", "second"]
    bad = alice.submit(alice.script("roma"), "false")
    after = alice.submit(f"--dependency=afterok:{bad}", alice.script("roma"), "true")
    assert until(lambda: alice.facts(after)["Reason"] == "DependencyNeverSatisfied", SOON)


def test_a_job_is_cancelled(alice: User) -> None:
    job = alice.submit(alice.script("roma"), "sleep", "600")
    assert alice.becomes(job, "RUNNING")
    alice.run("scancel", job)
    assert alice.becomes(job, "CANCELLED")


def test_nobody_cancels_what_is_not_hers(slac: Miniature, alice: User) -> None:
    job = alice.submit(alice.script("roma"), "sleep", "600")
    done = slac.room.run(["scancel", job], user="bob", check=False)
    assert "denied" in done.stderr
    assert alice.state(job) in {"PENDING", "RUNNING"}


def test_a_pretended_gpu_is_given_to_one_job_at_a_time(alice: User) -> None:
    """Something to schedule on, and no GPU: the compiled script for GPUs says so."""
    job = alice.submit("--gpus=a100:3", "--output=out", alice.script("ampere"), "sh", "-c", "env; sleep 600")
    assert until(lambda: "CUDA_VISIBLE_DEVICES=0,1,2" in alice.read("out"), SOON)
    facts = alice.facts(job)
    assert (facts["NodeList"], facts["GRES"]) == ("n2", "gpu:a100:3(IDX:0-2)")
    second = alice.submit("--gpus=a100:2", alice.script("ampere"), "true")
    assert until(lambda: alice.facts(second)["Reason"] == "Resources", SOON)
    alice.run("scancel", job)
    assert alice.becomes(second, "COMPLETED")
    assert "not available" in alice.refused("--gpus=a100:5", alice.script("ampere"), "true")
    assert "not available" in alice.refused("--gpus=a100:1", "--nodelist=n1", alice.script("roma"), "true")


def test_the_script_for_gpus_says_where_there_is_none(alice: User) -> None:
    done = alice.run("sbatch", "--wait", "--output=out", alice.script("ampere", "gpu"), "true", check=False)
    assert done.returncode == 69
    assert "no GPU is visible" in alice.read("out")


def test_features_choose_a_node(alice: User) -> None:
    job = alice.submit("--constraint=GPU_SKU:A100", "--partition=roma", alice.script("roma"), "true")
    assert alice.becomes(job, "COMPLETED")
    assert alice.facts(job)["NodeList"] == "n2"


def test_an_interactive_step_runs_on_both_nodes(alice: User) -> None:
    options = [f"--account={ACCOUNT}", "--partition=roma", "--nodes=2", "--ntasks=2", "--mem=100M"]
    done = alice.run("srun", *options, "sh", "-c", "echo $SLURMD_NODENAME")
    assert sorted(done.stdout.split()) == ["n1", "n2"]


def test_accounting_knows_a_job(alice: User) -> None:
    job = alice.submit(alice.script("roma"), "sh", "-c", "exit 3")
    assert alice.becomes(job, "FAILED")
    fields = ("state", "exitcode", "account", "partition", "qos", "user")
    expected = ["FAILED", "3:0", ACCOUNT, "roma", "normal", "alice"]
    assert until(lambda: alice.accounted(job, *fields) == expected, SOON), alice.accounted(job, *fields)


def test_the_configuration_is_where_users_expect_it(slac: Miniature, alice: User) -> None:
    assert slac.room.read("/etc/slurm/slurm.conf") == slac.files.text("slurm/replica/slurm.conf")
    for secret in ("slurmdbd.conf", "storage-password"):
        assert alice.run("cat", f"/etc/slurm/{secret}", check=False).returncode != 0
    assert alice.run("cat", "/etc/munge/munge.key", check=False).returncode != 0


def test_everything_listens_on_loopback(slac: Miniature, alice: User) -> None:
    del alice
    ports = {6817, 6819, 6820, 6821, 3306}
    lines = slac.room.run(["ss", "--tcp", "--listening", "--numeric", "--no-header"]).stdout.splitlines()
    addresses = [line.split()[3] for line in lines]
    found = {int(address.rpartition(":")[2]): address.rpartition(":")[0] for address in addresses}
    assert ports <= set(found)
    assert {found[port] for port in ports} <= {"127.0.0.1"}


def test_a_job_that_runs_longer_than_it_asked_for_is_killed(overdue: tuple[User, str]) -> None:
    """Last, for it takes a minute and up to half a minute more."""
    user, job = overdue
    assert user.becomes(job, "TIMEOUT", seconds=120)
    assert re.search(r"CANCELLED AT \S+ DUE TO TIME LIMIT", user.read("overdue.out"))
