"""Slurm in the twin of SLAC, when something of it dies or is set aside: the health says what, and it recovers."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from engines.batch_user import SOON, BatchUser, folder_of, mine, well
from support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

# Seconds that asking for the health may take, whatever is dead: a few clients, each with a time-out.
PROMPT = 25


@pytest.fixture
def alice(slac: Miniature) -> Iterator[BatchUser]:
    user = BatchUser(slac, "alice", folder_of(slac, "alice"))
    try:
        yield user
    finally:
        slac.heal()
    user.run("scancel", "--user=alice")
    assert until(lambda: not user.run("squeue", "--me", "--noheader").stdout.strip(), SOON)
    user.run("rm", "-r", user.folder)
    assert well(slac, "slurm")


def ailments(miniature: Miniature) -> dict[str, str]:
    """What ails Slurm, told promptly."""
    begin = time.monotonic()
    found = {ailment.daemon: ailment.reason for ailment in mine(miniature, "slurm")}
    assert time.monotonic() - begin < PROMPT
    return found


def kill(miniature: Miniature, daemon: str) -> None:
    miniature.room.kill(daemon, signal.SIGKILL)
    assert until(lambda: not miniature.room.alive(daemon))


def submit(user: BatchUser, *command: str, options: tuple[str, ...] = ()) -> str:
    script = user.miniature.files.path("slurm/roma/cpu.sh")
    return user.run("sbatch", "--parsable", *options, script, *command).stdout.strip()


def written_down(user: BatchUser, mark: str) -> bool:
    """Whether slurmctld has saved its jobs since a file was made: all that it knows after it was killed."""
    saved = f"{user.miniature.facility.slurm_pools[0].replica.directory}/state/job_state"
    command = ["sh", "-c", 'test "$0" -nt "$1"', saved, f"{user.folder}/{mark}"]
    return until(lambda: user.miniature.room.run(command, check=False).returncode == 0, SOON)


def state(user: BatchUser, job: str) -> str:
    return user.run("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}").stdout.strip()


def node(user: BatchUser, job: str) -> str:
    return user.run("squeue", "--noheader", "--states=all", "--format=%N", f"--jobs={job}").stdout.strip()


def test_a_dead_controller_is_named_and_running_jobs_survive_it(slac: Miniature, alice: BatchUser) -> None:
    job = submit(alice, "sh", "-c", "echo begun > begun; sleep 20; echo ended > ended")
    assert until(lambda: alice.read("begun") == "begun\n", SOON)
    assert written_down(alice, "begun")
    kill(slac, "slurmctld")
    found = ailments(slac)
    assert found["slurmctld"] == "not running"
    # A user's client gives up instead of hanging.
    refused = alice.run("sbatch", "--wrap=true", check=False, timeout=30)
    assert "Unable to contact slurm controller" in refused.stderr
    slac.heal()
    assert ailments(slac) == {}
    assert until(lambda: state(alice, job) == "COMPLETED", SOON)
    assert alice.read("ended") == "ended\n"


def test_a_job_that_ends_without_a_controller_is_not_lost(slac: Miniature, alice: BatchUser) -> None:
    job = submit(alice, "sh", "-c", "echo begun > begun; sleep 9; echo ended > ended")
    assert until(lambda: alice.read("begun") == "begun\n", SOON)
    assert written_down(alice, "begun")
    kill(slac, "slurmctld")
    assert until(lambda: alice.read("ended") == "ended\n", SOON)
    slac.heal()
    assert until(lambda: state(alice, job) == "COMPLETED", SOON)


def test_a_dead_accounting_is_named_and_catches_up(slac: Miniature, alice: BatchUser) -> None:
    kill(slac, "slurmdbd")
    assert ailments(slac) == {"slurmdbd": "not running"}
    # Jobs go on: slurmctld keeps what it has to tell.
    job = submit(alice, "true")
    assert until(lambda: state(alice, job) == "COMPLETED", SOON)
    slac.heal()
    assert ailments(slac) == {}
    accounted = ("sacct", "--noheader", "--allocations", "--format=state", f"--jobs={job}")
    assert until(lambda: alice.run(*accounted).stdout.strip() == "COMPLETED", SOON)


def test_a_dead_database_is_named(slac: Miniature, alice: BatchUser) -> None:
    kill(slac, "mariadbd")
    found = ailments(slac)
    assert found["mariadbd"] == "not running"
    assert "mariadbd" in found["slurmdbd"]
    slac.heal()
    assert ailments(slac) == {}
    job = submit(alice, "true")
    accounted = ("sacct", "--noheader", "--allocations", "--format=state", f"--jobs={job}")
    assert until(lambda: alice.run(*accounted).stdout.strip() == "COMPLETED", SOON)


def test_a_dead_munged_is_named(slac: Miniature, alice: BatchUser) -> None:
    del alice
    kill(slac, "munged")
    assert ailments(slac)["munged"] == "not running"
    slac.heal()
    assert ailments(slac) == {}


def test_a_dead_slurmd_is_named_and_its_job_survives(slac: Miniature, alice: BatchUser) -> None:
    job = submit(alice, "sh", "-c", "echo begun > begun; sleep 8; echo ended > ended", options=("--nodelist=n1",))
    assert until(lambda: alice.read("begun") == "begun\n", SOON)
    kill(slac, "slurmd-n1")
    assert ailments(slac) == {"slurmd-n1": "not running"}
    slac.heal()
    assert ailments(slac) == {}
    assert until(lambda: state(alice, job) == "COMPLETED", SOON)
    assert alice.read("ended") == "ended\n"


def test_jobs_go_around_a_node_that_was_drained(slac: Miniature, alice: BatchUser) -> None:
    root = slac.room.run
    root(["scontrol", "update", "nodename=n1", "state=drain", "reason=bad disk"])
    try:
        assert until(lambda: ailments(slac).get("n1", "") == "drained: bad disk", SOON)
        jobs = [submit(alice, "sh", "-c", "echo $SLURMD_NODENAME") for _ in range(3)]
        assert until(lambda: {state(alice, job) for job in jobs} == {"COMPLETED"}, SOON)
        assert {node(alice, job) for job in jobs} == {"n2"}
        waiting = submit(alice, "true", options=("--nodelist=n1",))
        assert state(alice, waiting) == "PENDING"
        # It was an operator's decision: bringing the twin up once more does not take it back.
        slac.heal()
        assert ailments(slac) == {"n1": "drained: bad disk"}
    finally:
        root(["scontrol", "update", "nodename=n1", "state=resume"])
    assert until(lambda: state(alice, waiting) == "COMPLETED", SOON)
    assert ailments(slac) == {}
