"""HTCondor in the twin of BNL: what users may and may not do with the compiled files, and what dies and returns."""

from __future__ import annotations

import re
import secrets
import signal
import time
from typing import TYPE_CHECKING

import pytest
from engines.batch_user import SOON, BatchUser, folder_of, mine, well
from support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

QUEUES = ("short", "long")
# Takes 300 MB, and keeps them.
HUNGRY = "import time\nkept = b'x' * (300 << 20)\ntime.sleep(120)\n"
# The job's state as a number (HTCondor manual, Job ClassAd Attributes).
RUNNING, COMPLETED, HELD = "2", "4", "5"
# Seconds that asking for the health may take, whatever is dead.
PROMPT = 25
_CLUSTER = re.compile(r"submitted to cluster (\d+)")


class User(BatchUser):
    """A user of HTCondor."""

    def file(self, queue: str, kind: str = "cpu") -> str:
        return self.miniature.files.path(f"htcondor/{queue}/{kind}.sub")

    def submit(self, file: str, command: str, *options: str) -> str:
        """Number of a new cluster of jobs."""
        done = self.run("condor_submit", file, f"command={command}", *options)
        found = _CLUSTER.search(done.stdout)
        assert found, done.stdout
        return found[1]

    def facts(self, cluster: str, *names: str) -> list[str]:
        """Attributes of a cluster's first job, in the queue or after it."""
        for client in ("condor_q", "condor_history"):
            more = ["-limit", "1"] if client == "condor_history" else []
            output = self.run(client, cluster, *more, "-af:t", *names).stdout.strip("\n")
            if output:
                return output.splitlines()[0].split("\t")
        return ["" for _ in names]

    def becomes(self, cluster: str, state: str, seconds: float = SOON) -> bool:
        return until(lambda: self.facts(cluster, "JobStatus") == [state], seconds)

    def output(self, cluster: str, process: int = 0, kind: str = "cpu") -> str:
        return self.read(f"{kind}-{cluster}.{process}.out")


@pytest.fixture
def alice(bnl: Miniature) -> Iterator[User]:
    user = User(bnl, "alice", folder_of(bnl, "alice"))
    try:
        yield user
    finally:
        bnl.heal()
    user.run("condor_rm", "-all", check=False)
    assert until(lambda: not user.run("condor_q", "-af", "ClusterId").stdout.strip(), SOON)
    user.run("rm", "-r", user.folder)


def ailments(miniature: Miniature) -> dict[str, str]:
    """What ails HTCondor, told promptly."""
    begin = time.monotonic()
    found = {ailment.daemon: ailment.reason for ailment in mine(miniature, "htcondor")}
    assert time.monotonic() - begin < PROMPT
    return found


def kill(miniature: Miniature, pattern: str) -> None:
    """Kill a daemon of the pool; `pattern` is looked for in its command."""
    miniature.room.run(["pkill", "--signal", "KILL", "--full", pattern])


@pytest.mark.parametrize("queue", QUEUES)
def test_a_nonce_goes_in_and_comes_out_of_every_queue(alice: User, queue: str) -> None:
    nonce = secrets.token_hex(8)
    cluster = alice.submit(alice.file(queue), f"sh -c 'echo {nonce} $TMPDIR'")
    assert alice.becomes(cluster, COMPLETED)
    said, scratch = alice.output(cluster).split()
    assert said == nonce
    assert "/execute/n" in scratch
    assert not alice.miniature.room.exists(scratch)
    assert alice.facts(cluster, "AccountingGroup", "ExitCode") == ["group_atlas.general.alice", "0"]


def test_there_are_files_for_every_queue(bnl: Miniature) -> None:
    assert {name.split("/")[1] for name in bnl.files.glob("htcondor/*/cpu.sub")} == set(QUEUES)


def test_an_unknown_group_is_refused(alice: User) -> None:
    done = alice.run(
        *("condor_submit", alice.file("long"), "command=true", "-append", "accounting_group = group_atlas.nobody"),
        check=False,
    )
    assert done.returncode != 0
    assert "no such accounting group" in done.stderr
    assert alice.facts(alice.submit(alice.file("long"), "true"), "AcctGroup") == ["group_atlas.general"]
    other = alice.submit(alice.file("long"), "true", "-append", "accounting_group = group_atlas.tier3")
    assert alice.becomes(other, COMPLETED)


def test_a_job_goes_without_a_proxy_that_is_not_there(alice: User) -> None:
    """The site's pool takes proxies along, and condor_submit refuses a job that names one which is absent."""
    setup = alice.miniature.files.path("user-setup/setup.sh")
    place = f"{alice.folder}/proxy"
    plain = f"source {setup}; condor_submit {alice.file('long')} command=true"
    assert _CLUSTER.search(alice.run("env", "-u", "X509_USER_PROXY", "bash", "-c", plain).stdout)
    # Whoever names one all the same is refused by HTCondor, and helped by the compiled command.
    named = ("env", f"X509_USER_PROXY={place}", "bash", "-c")
    refused = alice.run(*named, plain, check=False)
    assert refused.returncode != 0
    assert "unable to read proxy file" in refused.stderr
    helped = alice.run(*named, plain.replace("condor_submit", "af_submit"))
    found = _CLUSTER.search(helped.stdout)
    assert found, helped.stdout
    assert f"no valid proxy at {place}: the job goes without one" in helped.stderr
    assert alice.becomes(found[1], COMPLETED)


def test_root_runs_no_jobs(bnl: Miniature, alice: User) -> None:
    done = bnl.room.run(["condor_submit", alice.file("long"), "command=true"], directory="/tmp", check=False)  # noqa: S108
    assert done.returncode != 0


def test_a_job_that_takes_more_memory_than_it_asked_for_is_held(alice: User) -> None:
    script = alice.write("hungry.py", HUNGRY)
    cluster = alice.submit(alice.file("long"), f"python3 {script}", "-append", "request_memory = 50 MB")
    assert alice.becomes(cluster, HELD)
    assert alice.facts(cluster, "HoldReason") == ["The job took more memory than it had asked for."]
    assert until(lambda: "hungry.py" not in alice.miniature.room.run(["ps", "-e", "-o", "args="]).stdout, SOON)


def test_a_job_that_runs_longer_than_its_queue_allows_is_held(alice: User) -> None:
    cluster = alice.submit(alice.file("short"), "sleep 600")
    longer = alice.submit(alice.file("long"), "sleep 600")
    assert alice.becomes(cluster, HELD, seconds=90)
    assert "exceeded allowed job duration" in alice.facts(cluster, "HoldReason")[0]
    assert alice.facts(longer, "JobStatus") == [RUNNING]


@pytest.mark.parametrize("queue", QUEUES)
def test_the_compiled_file_for_containers_runs_in_the_sites_image(alice: User, queue: str) -> None:
    nonce = secrets.token_hex(8)
    alice.write("input.txt", nonce)
    command = "sh -c 'cat input.txt; echo; echo $APPTAINER_CONTAINER; cat input.txt > output.txt'"
    cluster = alice.submit(alice.file(queue, "container"), command, "inputs=input.txt")
    assert alice.becomes(cluster, COMPLETED), alice.read(f"container-{cluster}.0.err")
    said, image = alice.output(cluster, kind="container").split()
    assert said == nonce
    assert image.startswith("/cvmfs/")
    assert alice.read("output.txt") == nonce


def test_many_jobs_at_once(alice: User) -> None:
    """HTCondor's array: one submit file, several processes."""
    text = alice.miniature.room.read(alice.file("long")).replace("\nqueue\n", "\nqueue 3\n")
    assert "queue 3" in text
    alice.write("run.sh", alice.miniature.room.read(alice.file("long").replace("cpu.sub", "run.sh")))
    alice.run("chmod", "+x", "run.sh")
    cluster = alice.submit(alice.write("many.sub", text), "sh -c 'echo $(ProcId)'")
    assert until(lambda: not alice.run("condor_q", cluster, "-af", "ProcId").stdout.strip(), SOON)
    assert [alice.output(cluster, process).strip() for process in range(3)] == ["0", "1", "2"]


def test_a_job_waits_for_another(alice: User) -> None:
    """HTCondor's dependency: DAGMan."""
    alice.write(
        "two.dag",
        f"""\
JOB first {alice.file("long")} DIR {alice.folder}
VARS first command="sh -c 'sleep 2; echo first > order'"
JOB second {alice.file("long")} DIR {alice.folder}
VARS second command="sh -c 'echo second >> order'"
PARENT first CHILD second
""",
    )
    alice.run("condor_submit_dag", "two.dag")
    assert until(lambda: alice.read("order").split() == ["first", "second"], 2 * SOON), alice.read("two.dag.dagman.out")


def test_a_job_is_removed(alice: User) -> None:
    cluster = alice.submit(alice.file("long"), "sleep 600")
    assert alice.becomes(cluster, RUNNING)
    alice.run("condor_rm", cluster)
    assert alice.becomes(cluster, "3")


def test_nobody_removes_what_is_not_hers(bnl: Miniature, alice: User) -> None:
    cluster = alice.submit(alice.file("long"), "sleep 600")
    assert bnl.room.run(["condor_rm", cluster], user="bob", check=False).returncode != 0
    assert alice.facts(cluster, "JobStatus")[0] in {"1", RUNNING}


def test_a_pretended_gpu_is_given_on_the_node_that_has_them(alice: User) -> None:
    """Something to schedule on, and no GPU."""
    first, second, third = (alice.submit(alice.file("long", "gpu"), "sh -c 'env; sleep 600'") for _ in range(3))
    assert until(lambda: [alice.facts(job, "JobStatus") for job in (first, second)] == [[RUNNING]] * 2, SOON)
    assert until(lambda: all(alice.output(job, kind="gpu") for job in (first, second)), SOON)
    shown = [re.findall(r"CUDA_VISIBLE_DEVICES=(\S+)", alice.output(job, kind="gpu")) for job in (first, second)]
    assert shown[0] != shown[1]
    assert all("@n2@" in alice.facts(job, "RemoteHost")[0] for job in (first, second))
    # There are two, all on one node.
    assert alice.facts(third, "JobStatus") == ["1"]
    elsewhere = alice.submit(
        alice.file("long", "gpu"), "true", "-append", r'requirements = regexp("@n1@", TARGET.Name)'
    )
    assert alice.facts(elsewhere, "JobStatus") == ["1"]
    alice.run("condor_rm", first, second)
    assert alice.becomes(third, RUNNING)
    assert alice.facts(elsewhere, "JobStatus") == ["1"]


def test_what_a_user_sees_of_the_pool(alice: User) -> None:
    names = alice.run("condor_status", "-af", "Name").stdout.split()
    assert {name.split("@")[1] for name in names} == {"n1", "n2"}


def test_everything_listens_on_loopback(bnl: Miniature) -> None:
    lines = bnl.room.run(["ss", "-tlnpH"]).stdout.splitlines()
    addresses = [line.split()[3] for line in lines if "condor" in line]
    assert "127.0.0.1:9618" in addresses
    assert {address.rpartition(":")[0] for address in addresses} <= {"127.0.0.1"}


def test_a_dead_schedd_is_named_and_its_jobs_survive_it(bnl: Miniature, alice: User) -> None:
    cluster = alice.submit(alice.file("long"), "sh -c 'echo begun > begun; sleep 12; echo ended > ended'")
    assert until(lambda: alice.read("begun") == "begun\n", SOON)
    kill(bnl, "^condor_schedd")
    found = ailments(bnl)
    assert list(found) == ["condor_schedd"]
    assert "not running" in found["condor_schedd"]
    bnl.heal()
    assert ailments(bnl) == {}
    assert alice.becomes(cluster, COMPLETED)
    assert alice.read("ended") == "ended\n"


@pytest.mark.parametrize(
    ("daemon", "pattern"),
    [
        ("condor_collector", "^condor_collector"),
        ("condor_negotiator", "^condor_negotiator"),
        ("startd n1", "^condor_startd .*-local-name n1"),
    ],
)
def test_another_dead_daemon_is_named_and_comes_back(bnl: Miniature, alice: User, daemon: str, pattern: str) -> None:
    kill(bnl, pattern)
    assert daemon in ailments(bnl)
    bnl.heal()
    assert ailments(bnl) == {}
    assert alice.becomes(alice.submit(alice.file("long"), "true"), COMPLETED)


def test_a_dead_master_is_named_and_its_jobs_run_again(bnl: Miniature, alice: User) -> None:
    cluster = alice.submit(alice.file("long"), "sh -c 'sleep 5; echo ended > ended'")
    assert alice.becomes(cluster, RUNNING)
    bnl.room.kill("condor_master", signal.SIGKILL)
    assert until(lambda: not bnl.room.alive("condor_master"))
    assert ailments(bnl) == {"condor_master": "not running"}
    bnl.heal()
    assert ailments(bnl) == {}
    assert alice.becomes(cluster, COMPLETED, seconds=120)


def test_jobs_go_around_a_node_that_was_drained(bnl: Miniature, alice: User) -> None:
    root = bnl.room.run
    node = next(name for name in root(["condor_status", "-af", "Name"]).stdout.split() if name.startswith("slot1@n1@"))
    root(["condor_drain", "-reason", "bad disk", node])
    try:
        assert until(lambda: ailments(bnl).get("n1", "") == "drained: bad disk", SOON)
        jobs = [alice.submit(alice.file("long"), "true") for _ in range(3)]
        assert all(alice.becomes(job, COMPLETED) for job in jobs)
        assert {alice.facts(job, "LastRemoteHost")[0].split("@")[1] for job in jobs} == {"n2"}
        # It was an operator's decision: bringing the twin up once more does not take it back.
        bnl.heal()
        assert ailments(bnl) == {"n1": "drained: bad disk"}
    finally:
        root(["condor_drain", "-cancel", node])
    assert well(bnl, "htcondor")
