"""Slurm and HTCondor, broken for real: what the kit says of each fault, and that the twin is whole afterwards."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from engines.batch_user import SOON, mine, well
from engines.conformance.changed import declaring, planned
from support import until

from afspec.conformance.checks import function_of
from afspec.conformance.clients.batch.slurm import Slurm
from afspec.conformance.sweep import SWEEPERS
from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    from afspec.conformance.reach.hosts import Answer

    Begin = Callable[..., Asked]

CONFIG = "/etc/condor/config.d/99-zz-fault.conf"
# Where BNL wants the logs of jobs: a folder of the room.
LOGS = "/tmp/alice"  # noqa: S108


@contextmanager
def partition(slac: Miniature, name: str, fault: str, cure: str) -> Iterator[None]:
    """A partition with another setting."""
    slac.room.run(["scontrol", "update", f"partitionname={name}", fault])
    try:
        yield
    finally:
        slac.room.run(["scontrol", "update", f"partitionname={name}", cure])


@contextmanager
def condor(bnl: Miniature, *lines: str) -> Iterator[None]:
    """HTCondor with other settings."""
    bnl.room.write(CONFIG, "\n".join((*lines, "")))
    try:
        bnl.room.run(["condor_reconfig"])
        yield
    finally:
        bnl.room.run(["rm", "-f", CONFIG])
        bnl.room.run(["condor_reconfig"])


@contextmanager
def stopped(slac: Miniature, *daemons: str) -> Iterator[None]:
    """Daemons that hang."""

    def send(number: signal.Signals) -> None:
        for daemon in daemons:
            slac.room.kill(daemon, number)

    send(signal.SIGSTOP)
    try:
        yield
    finally:
        send(signal.SIGCONT)


def module_of(asked: Asked, instance: str) -> ModuleType:
    """The file of the suite that asks an instance; loading it registers its sweepers."""
    return sys.modules[function_of(asked.run.plan.by_id[instance].requirement.checks[0]).__module__]


def test_a_scheduler_that_died_is_one_cause(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    slac.room.kill("slurmctld", signal.SIGKILL)
    try:
        outcome, text = asked.outcome("AF-BATCH-001", "slurm")
        assert outcome is Outcome.FAIL
        assert "the scheduler answers a user's client" in text
        for requirement, item in (("AF-BATCH-003", "slurm/roma"), ("AF-BATCH-006", "slurm")):
            told = asked.ask(requirement, item)
            assert told.attempts[-1].reason is Reason.BLOCKED_BY
            assert told.cause == "AF-BATCH-001[slurm]"
    finally:
        slac.heal()
    assert [cause.id for cause in asked.store.causes()] == ["AF-BATCH-001[slurm]"]
    assert well(slac, "slurm")


def test_a_pool_on_request_whose_client_is_not_here_is_not_broken(bnl: Miniature, kit: Begin) -> None:
    told = kit(bnl).ask("AF-BATCH-001", "hpc")
    assert told.attempts[-1].reason is Reason.NO_CREDENTIALS


def test_another_version_than_the_declared_one(slac: Miniature, bnl: Miniature, kit: Begin) -> None:
    for twin, pool, version in ((slac, "slurm", "22.05"), (bnl, "htcondor", "23.9")):
        assert declaring(kit(twin), "batch", version=version).outcome("AF-BATCH-002", pool)[0] is Outcome.PASS
        outcome, text = declaring(kit(twin), "batch", version="22.1").outcome("AF-BATCH-002", pool)
        assert outcome is Outcome.FAIL
        assert f"version is 22.1: {version}." in text


def test_a_drained_partition_fails_and_says_so(slac: Miniature, kit: Begin) -> None:
    slac.room.run(["scontrol", "update", "nodename=n2", "state=drain", "reason=bad disk"])
    try:
        outcome, text = kit(slac).outcome("AF-BATCH-003", "slurm/ampere")
        # Jobs of a partition that has another node go around it.
        assert kit(slac).outcome("AF-BATCH-003", "slurm/roma")[0] is Outcome.PASS
    finally:
        slac.room.run(["scontrol", "update", "nodename=n2", "state=resume"])
    assert outcome is Outcome.FAIL
    assert "the job can never start" in text
    assert "drained" in text
    assert well(slac, "slurm")


def test_a_partition_that_is_down_fails(slac: Miniature, kit: Begin) -> None:
    with partition(slac, "hopper", "state=down", "state=up"):
        outcome, text = kit(slac).outcome("AF-BATCH-003", "slurm/hopper")
    assert outcome is Outcome.FAIL
    assert "PartitionDown" in text


def test_a_queue_that_is_long_is_no_fault(slac: Miniature, kit: Begin) -> None:
    script = slac.files.path("slurm/roma/cpu.sh")
    options = ["--parsable", "--nodes=2", "--ntasks=2", "--exclusive", "--mem=0", "--output=/dev/null", script]
    job = slac.room.run(["sbatch", *options, "sleep", "300"], user="bob").stdout.strip()
    state = ["squeue", "--noheader", "--format=%T", f"--jobs={job}"]
    try:
        assert until(lambda: slac.room.run(state).stdout.strip() == "RUNNING", SOON)
        told = planned(kit(slac), wall="30 s", jobs=1).ask("AF-BATCH-003", "slurm/ampere")
    finally:
        slac.room.run(["scancel", job])
    assert told.attempts[-1].reason is Reason.QUEUE_WAIT_EXCEEDED
    assert "Resources" in told.attempts[-1].text or "Priority" in told.attempts[-1].text
    assert until(lambda: not slac.room.run(["squeue", "--noheader"]).stdout.strip(), SOON)


def test_a_pool_of_drained_nodes_fails(bnl: Miniature, kit: Begin) -> None:
    found = bnl.room.run(["condor_status", "-af", "Name"]).stdout.split()
    nodes = [name for name in found if name.startswith("slot1@")]
    for node in nodes:
        bnl.room.run(["condor_drain", "-reason", "bad disk", node])
    try:
        assert until(lambda: len([one for one in mine(bnl, "htcondor") if "drained" in one.reason]) == len(nodes), SOON)
        outcome, text = kit(bnl).outcome("AF-BATCH-003", "htcondor/long")
    finally:
        for node in nodes:
            bnl.room.run(["condor_drain", "-cancel", node])
    assert outcome is Outcome.FAIL
    assert "no slot takes jobs" in text
    assert well(bnl, "htcondor")


def test_an_account_that_was_taken_away_is_found(slac: Miniature, kit: Begin) -> None:
    with partition(slac, "roma", "allowaccounts=root", "allowaccounts=all"):
        outcome, text = kit(slac).outcome("AF-BATCH-004", "slurm/atlas:usatlas", "accepted")
        refused, why = kit(slac).outcome("AF-BATCH-004", "slurm/atlas:usatlas", "made_up_refused")
    assert outcome is Outcome.FAIL
    assert "account" in text.lower()
    # Where everything is refused, a refusal proves nothing.
    assert refused is Outcome.FAIL
    assert "under the declared account is taken" in why


def test_made_up_accounts_that_are_taken_are_found(bnl: Miniature, kit: Begin) -> None:
    with condor(bnl, "SUBMIT_REQUIREMENT_NAMES ="):
        outcome, text = kit(bnl).outcome("AF-BATCH-004", "htcondor/group_atlas.general", "made_up_refused")
    assert outcome is Outcome.FAIL
    assert "a job under a made-up account is refused" in text
    assert not bnl.room.run(["condor_q", "-allusers", "-af", "ClusterId"]).stdout.strip()


def test_another_walltime_than_the_declared_one(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    with partition(slac, "roma", "maxtime=20-00:00:00", "maxtime=10-00:00:00"):
        longest = asked.ask("AF-BATCH-005", "slurm", "longest")
        outcome, text = asked.outcome("AF-BATCH-005", "slurm", "more_refused")
    assert longest.outcome is Outcome.FAIL
    assert "the longest job is 10 d: 20 d" in longest.attempts[-1].text
    assert longest.proof is Proof.CONFIGURED
    assert outcome is Outcome.FAIL
    assert "one minute more is refused" in text


def test_a_queue_that_ends_no_job(bnl: Miniature, kit: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = kit(bnl)
    # A job may live a little longer than its walltime; here there is no need to wait that long.
    monkeypatch.setattr(module_of(asked, "AF-BATCH-005[htcondor/short]"), "_SLACK", 6)
    with condor(bnl, "SYSTEM_PERIODIC_REMOVE = False"):
        outcome, text = asked.outcome("AF-BATCH-005", "htcondor/short", "longest")
        unread = asked.ask("AF-BATCH-005", "htcondor/long", "more_refused")
    assert outcome is Outcome.FAIL
    assert "a job is ended that runs longer than 20 s" in text
    # What no user can read is not known, and is no fault.
    assert unread.attempts[-1].reason is Reason.BUDGET_EXHAUSTED


def test_a_queue_that_ends_jobs_later_than_declared(bnl: Miniature, kit: Begin) -> None:
    later = "SYSTEM_PERIODIC_REMOVE = (JobStatus == 2) && ((time() - JobCurrentStartDate) > 200000)"
    with condor(bnl, later):
        outcome, text = kit(bnl).outcome("AF-BATCH-005", "htcondor/long", "more_refused")
    assert outcome is Outcome.FAIL
    assert "longer than 1 d is ended" in text


def test_a_job_that_nobody_takes_off_its_node(slac: Miniature, kit: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = kit(slac)
    monkeypatch.setattr(module_of(asked, "AF-BATCH-006[slurm]"), "_GONE", 10)
    cancel = Slurm.cancel
    with ExitStack() as hung:

        def hang_first(self: Slurm, number: str) -> Answer:
            # Not before: a slurmd that hangs earlier does not start the job, though squeue says that it runs.
            hung.enter_context(stopped(slac, "slurmd-n1", "slurmd-n2"))
            return cancel(self, number)

        monkeypatch.setattr(Slurm, "cancel", hang_first)
        outcome, text = asked.outcome("AF-BATCH-006", "slurm")
        monkeypatch.setattr(Slurm, "cancel", cancel)
    assert outcome is Outcome.FAIL
    assert "off the node in time: it is COMPLETING" in text
    assert until(lambda: not slac.room.run(["squeue", "--noheader"]).stdout.strip(), SOON)
    # slurmctld would look after them again only minutes later; a slurmd that starts makes itself known.
    for daemon in ("slurmd-n1", "slurmd-n2"):
        slac.room.kill(daemon, signal.SIGKILL)
    assert until(lambda: not any(slac.room.alive(daemon) for daemon in ("slurmd-n1", "slurmd-n2")))
    slac.heal()
    assert well(slac, "slurm"), mine(slac, "slurm")


def test_memory_that_nobody_limits(bnl: Miniature, kit: Begin) -> None:
    with condor(bnl, "SYSTEM_PERIODIC_HOLD = False"):
        outcome, text = kit(bnl).outcome("AF-BATCH-007", "htcondor")
    assert outcome is Outcome.FAIL
    assert "six times the memory" in text


@contextmanager
def prolog(slac: Miniature, text: str) -> Iterator[None]:
    """Slurm's prolog of every task, which is where the variable comes from, says something else."""
    path = f"{slac.facility.slurm_pools[0].replica.directory}/task-prolog.sh"
    before = slac.room.read(path)
    slac.room.write(path, f"#!/bin/sh\n{text}\n", mode=0o755)
    try:
        yield
    finally:
        slac.room.write(path, before, mode=0o755)


def test_scratch_that_nobody_may_write(slac: Miniature, kit: Begin) -> None:
    slac.room.run(["chmod", "755", "/lscratch"])
    try:
        with prolog(slac, "echo export LSCRATCH=/lscratch"):
            outcome, text = kit(slac).outcome("AF-BATCH-008", "slurm", "writable")
    finally:
        slac.room.run(["chmod", "1777", "/lscratch"])
    assert outcome is Outcome.FAIL
    assert "writes below /lscratch" in text


@pytest.mark.parametrize(("says", "found"), [("true", "unset"), ("echo export LSCRATCH=/srv", "/srv")])
def test_scratch_that_the_variable_does_not_name(slac: Miniature, kit: Begin, says: str, found: str) -> None:
    with prolog(slac, says):
        outcome, text = kit(slac).outcome("AF-BATCH-008", "slurm", "named")
    assert outcome is Outcome.FAIL
    assert f"LSCRATCH names a folder below /lscratch in a job: {found}" in text


def test_homes_that_differ(slac: Miniature, kit: Begin) -> None:
    """Both nodes have a home of their own, as where a mount is missing: what jobs write there, nobody finds."""
    daemons = [one for one in slac.engine("slurm").daemons() if one.name.startswith("slurmd-")]
    apart = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /sdf/home && exec "$@"', "sh")
    try:
        for daemon in daemons:
            slac.room.kill(daemon.name, signal.SIGKILL)
            assert until(lambda name=daemon.name: not slac.room.alive(name))  # type: ignore[misc]
            slac.room.start(replace(daemon, argv=(*apart, *daemon.argv)))
        assert well(slac, "slurm")
        outcome, text = kit(slac).outcome("AF-BATCH-009", "slurm")
    finally:
        for daemon in daemons:
            slac.room.kill(daemon.name, signal.SIGKILL)
        assert until(lambda: not any(slac.room.alive(daemon.name) for daemon in daemons))
        slac.heal()
    assert outcome is Outcome.FAIL
    # Slurm cannot even make the output file that the job was sent with.
    assert "the job ended as FAILED" in text
    assert well(slac, "slurm")


def test_a_pretended_gpu_is_no_gpu(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    asked.run.absent = {}
    outcome, text = asked.outcome("AF-GPU-001", "a100")
    assert outcome is Outcome.FAIL
    assert "no GPU is visible" in text


def test_a_device_that_everybody_may_open(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    asked.run.absent = {}
    told = asked.ask("AF-GPU-002", "slurm")
    assert told.attempts[-1].reason is Reason.PREREQUISITE_ABSENT
    slac.room.run(["ln", "-s", "/dev/null", "/dev/nvidia0"])
    try:
        asked = kit(slac)
        asked.run.absent = {}
        outcome, text = asked.outcome("AF-GPU-002", "slurm")
    finally:
        slac.room.run(["rm", "/dev/nvidia0"])
    assert outcome is Outcome.FAIL
    assert "sees none: /dev/nvidia0" in text


@pytest.mark.parametrize("twin", ["slac", "bnl"])
def test_what_a_killed_run_left_is_swept(twin: str, kit: Begin, request: pytest.FixtureRequest) -> None:
    """Jobs and folders whose time is over, and nothing else of the same user."""
    miniature: Miniature = request.getfixturevalue(twin)
    names = {"over": "afspec-0badcafe-00000001-0123456789abcdef", "mine": "afspec-0badcafe-ffffffff-0123456789abcdef"}
    slurm = ("sbatch", "--job-name=@", "--output=/dev/null", "slurm/roma/cpu.sh", "sleep", "300")
    htcondor = ("condor_submit", "-batch-name", "@", "htcondor/long/cpu.sub", "command=sleep 300")
    compiled = miniature.files.path
    sent = [
        compiled(word) if word.endswith((".sh", ".sub")) else word for word in (slurm if twin == "slac" else htcondor)
    ]
    for name in names.values():
        miniature.room.run(["mkdir", "-p", name, LOGS], user="alice")
        miniature.room.run([word.replace("@", name) for word in sent], user="alice", directory=LOGS)
    listed = {"slac": ["squeue", "--noheader", "--format=%j"], "bnl": ["condor_q", "-allusers", "-af", "JobBatchName"]}
    asked = kit(miniature)
    module_of(asked, f"AF-BATCH-001[{asked.run.facility.batch[0].name}]")
    try:
        assert list(SWEEPERS["batch_jobs"](asked.run)) == []
        assert until(lambda: names["over"] not in miniature.room.run(listed[twin]).stdout, SOON)
        assert names["mine"] in miniature.room.run(listed[twin]).stdout
        folders = miniature.room.run(["ls"], user="alice").stdout.split()
        assert names["mine"] in folders
        assert names["over"] not in folders
    finally:
        cancel = ["scancel", "--user=alice"] if twin == "slac" else ["condor_rm", "-all"]
        miniature.room.run(cancel, user="alice", check=False)
        miniature.room.run(["rm", "-rf", *names.values()], user="alice")
    assert until(lambda: not miniature.room.run(listed[twin]).stdout.strip(), SOON)
