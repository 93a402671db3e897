"""Batch: schedulers answer, jobs run and come back, limits hold. Jobs are small, and named for the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from afspec.conformance.checks import check

# Imported for its sweeper, too.
from afspec.conformance.clients.batch import Errand, Phase, batch_of, follow, leftovers, pool_of, usual_slots
from afspec.conformance.clients.batch.htcondor import HTCondor
from afspec.conformance.clients.batch.interface import LIVING
from afspec.conformance.clients.batch.slurm import Slurm
from afspec.conformance.trouble import FailedError
from afspec.facility.quantities import format_duration
from afspec.verdict import Promise, Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.batch import Batch
    from afspec.conformance.probe import Probe

__all__ = ["leftovers"]

# Jobs that say how long they may take are started earlier: schedulers fit them in.
_SHORT = 300
_NO_COMMAND = 127
# Walltimes up to that many seconds are tried; longer ones are read.
_TRIED = 120
# Seconds after its walltime in which a job may still live: schedulers look every half minute or so (slurm.conf(5),
# OverTimeLimit; HTCondor's PERIODIC_EXPR_INTERVAL is a minute).
_SLACK = 75
# Seconds in which a cancelled job is off its node: signals come first, then what nobody survives (KillWait).
_GONE = 45
_ASKED = 50 * 1024**2
_TAKEN = 300 * 1024**2


def _name(probe: Probe) -> str | None:
    """The slots that a check is about, else those of jobs that name none; None for the pool as a whole."""
    return str(probe.value.name) if probe.instance.subject.keys.get("slots") else usual_slots(pool_of(probe))


def _errand(probe: Probe, script: str, *args: str, memory: int | None = None, seconds: int | None = None) -> Errand:
    return Errand(probe.name, script, args, slots=_name(probe), memory=memory, seconds=seconds)


def _run(probe: Probe, script: str, *args: str) -> str:
    """What a job writes that runs a script to its end.

    Raises:
        FailedError: it is refused, never starts, or ends badly.
        UnverifiedError: the queue is too long.
    """
    batch = batch_of(probe)
    errand = _errand(probe, script, *args, seconds=_limited(batch))
    job = follow.send(probe, batch, errand)
    status = follow.to_the_end(probe, batch, job, errand.slots)
    said = follow.written(probe, batch, job, probe.nonce, status)
    if not status.well:
        raise FailedError(f"the job ended as {status.word} {status.reason}".strip() + f": {said.strip()[-200:]}")
    return said


def _limited(batch: Batch) -> int | None:
    """A walltime for a short job; HTCondor's submit files ask for none, or for what the queue allows."""
    return _SHORT if isinstance(batch, Slurm) else None


@check("AF-BATCH-001", "answers")
def test_scheduler_answers(probe: Probe) -> None:
    """A cheap question, as an ordinary user: other checks have it asked again when they fail."""
    answer = batch_of(probe).answers()
    if answer.exit == _NO_COMMAND and probe.instance.subject.promise is Promise.ON_REQUEST:
        hint = "Run the kit where your allocation on it is used."
        probe.unverified(Reason.NO_CREDENTIALS, "it is given on request, and its client is not here", hint)
    probe.expect(answer.ok, "the scheduler answers a user's client", answer.words)
    probe.expect(answer.out.strip(), "the scheduler has something to tell", "an empty answer")


@check("AF-BATCH-002", "version")
def test_version_is_the_declared_one(probe: Probe) -> None:
    """Declared 23.9 is met by 23.9.6; where schedds differ, every one counts."""
    declared = probe.value.version
    found = batch_of(probe).version().split()
    probe.expect(found, "the scheduler tells its version")
    probe.note("version", " ".join(found))
    other = [version for version in found if f"{version}.".startswith(f"{declared}.") is False]
    probe.expect(len(other) < len(found), f"the scheduler's version is {declared}", " ".join(found))
    if other:
        probe.degraded(f"some schedulers of the pool are of another version: {' '.join(other)}")


@check("AF-BATCH-003", "nonce")
def test_nonce_returns(probe: Probe) -> None:
    """With the compiled file's own account, QOS, attributes and log folder; the node must be one."""
    said = _run(probe, 'printf "nonce %s\\n" "$1"', probe.nonce)
    probe.expect(f"nonce {probe.nonce}" in said.splitlines(), "the job brings its nonce back", said[-200:])
    probe.expect(probe.evidence.notes.get("node"), "the scheduler says on which node it ran")


@check("AF-BATCH-004", "accepted")
def test_account_is_accepted(probe: Probe) -> None:
    """Slurm is asked without sending; HTCondor gets a job on hold, which never runs and is removed."""
    probe.spend(jobs=1)
    taken = batch_of(probe).takes(_for_account(probe, probe.instance.subject.keys["account"]))
    probe.expect(taken.yes, "a job under the account is taken", taken.words)


@check("AF-BATCH-004", "made_up_refused")
def test_made_up_account_is_refused(probe: Probe) -> None:
    """One job that names an account of nobody; a declared one is tried beside it, so that the refusal means it."""
    probe.spend(jobs=2)
    batch = batch_of(probe)
    control = batch.takes(_for_account(probe, probe.instance.subject.keys["account"]))
    probe.expect(control.yes, "the same job under the declared account is taken", control.words)
    # HTCondor knows groups below a group: a made-up one beside the declared one is no subgroup of any.
    taken = batch.takes(_for_account(probe, f"afspec.{probe.nonce}"))
    probe.expect(not taken.yes, "a job under a made-up account is refused", taken.words)
    probe.expect(batch.answers().ok, "the scheduler still answers: the refusal was its own", taken.words)


def _for_account(probe: Probe, account: str) -> Errand:
    return Errand(probe.name, "true", slots=_name(probe), account=account)


@check("AF-BATCH-005", "longest")
def test_longest_job_is_the_declared_one(probe: Probe) -> None:
    """A limit of two minutes or less is tried; a longer one is read from what the scheduler tells its users."""
    batch, limit = batch_of(probe), probe.value.max_walltime
    if limit <= _TRIED:
        _is_ended(probe, batch, limit)
    elif isinstance(batch, Slurm):
        found = _configured(probe, batch)
        probe.configured("MaxTime of the partitions, from scontrol")
        probe.expect(found == limit, f"the longest job is {format_duration(limit)}", _shown(found))
    else:
        ends = _policy(probe, batch, limit - limit // 20)
        probe.expect(not ends, f"a job that has run for 95 % of {format_duration(limit)} goes on", "it is ended")


@check("AF-BATCH-005", "more_refused")
def test_longer_job_is_refused(probe: Probe) -> None:
    """Slurm refuses it when it is sent; HTCondor, which jobs do not tell their time, ends it."""
    batch, limit = batch_of(probe), probe.value.max_walltime
    if isinstance(batch, Slurm):
        probe.configured("what sbatch --test-only says; no job of that length was run")
        errand = Errand(probe.name, "true", slots=_longest_slots(probe, batch), seconds=limit)
        taken = batch.takes(errand)
        probe.expect(taken.yes, f"a job of {format_duration(limit)} is taken", taken.words)
        longer = batch.takes(Errand(probe.name, "true", slots=errand.slots, seconds=limit + 60))
        probe.expect(not longer.yes, "a job of one minute more is refused", longer.words)
        probe.expect(batch.answers().ok, "the scheduler still answers: the refusal was its own", longer.words)
        return
    over = limit + max(limit // 20, 5)
    if not _policy(probe, batch, over):
        never = not _policy(probe, batch, 100 * limit)
        if never:
            _nothing_to_read(probe)
        probe.expect(holds=False, claim=f"a job that has run longer than {format_duration(limit)} is ended")
    probe.expect(holds=True, claim=f"a job that has run for {format_duration(over)} is ended by the schedd's policy")


def _shown(seconds: int | None) -> str:
    return format_duration(seconds) if seconds else "no limit"


def _partitions(probe: Probe) -> list[str]:
    item = probe.instance.subject.keys.get("slots")
    return [probe.value.name] if item else [part.name for part in pool_of(probe).slots if part.offered]


def _limits(probe: Probe, batch: Slurm) -> dict[str, int | None]:
    found = batch.limits()
    mine = {name: found[name] for name in _partitions(probe) or found if name in found}
    probe.expect(mine, "the scheduler tells the limits of its partitions", ", ".join(found))
    return mine


def _configured(probe: Probe, batch: Slurm) -> int | None:
    limits = list(_limits(probe, batch).values())
    return None if None in limits else max(limit for limit in limits if limit is not None)


def _longest_slots(probe: Probe, batch: Slurm) -> str | None:
    limits = _limits(probe, batch)
    usual = _name(probe)
    longest = max(limits, key=lambda name: (limits[name] or float("inf"), name == usual))
    return longest if longest in _partitions(probe) else usual


def _policy(probe: Probe, batch: Batch, seconds: int) -> bool:
    """Whether the schedd's policy ends a job that has run for so long."""
    attributes = getattr(probe.value, "attributes", {})
    ends = batch.ends(seconds, attributes) if isinstance(batch, HTCondor) else None
    if ends is None:
        _nothing_to_read(probe)
    probe.configured("the schedd's own policy, evaluated on a job that was only written down")
    return ends


def _nothing_to_read(probe: Probe) -> NoReturn:
    limit = format_duration(probe.value.max_walltime)
    hint = "Ask the site to publish its policy where users can read it: SYSTEM_PERIODIC_REMOVE of the schedd."
    probe.unverified(Reason.BUDGET_EXHAUSTED, f"no user can read the limit, and trying it takes {limit}", hint)


def _is_ended(probe: Probe, batch: Batch, limit: int) -> None:
    # It allows itself more than the queue does: what ends it is the site, not what it asked for.
    allowed = None if isinstance(batch, Slurm) else limit + 2 * _SLACK
    script = 'printf "begun %s\\n" "$1"; sleep "$2" && printf "outlived %s\\n" "$1"'
    errand = _errand(probe, script, probe.nonce, str(limit + _SLACK), seconds=allowed)
    job = follow.send(probe, batch, errand)
    follow.started(probe, batch, job, errand.slots, limit + _SLACK + 5)
    status = follow.to_the_end(probe, batch, job, errand.slots, limit + _SLACK + 5)
    said = batch.output(job)
    lived = f"outlived {probe.nonce}" in said or status.phase not in {Phase.ENDED, Phase.HELD}
    probe.expect(not lived, f"a job is ended that runs longer than {format_duration(limit)}", status.word)
    ran = status.ran or 0
    probe.expect(ran >= limit - 1, f"it is not ended before {format_duration(limit)}", f"after {ran:.0f} s")
    probe.note("ended", f"{status.word} {status.reason}")


_HEARTBEAT = 'i=0; while [ "$i" -lt 600 ]; do i=$((i + 1)); printf "beat %s %s\\n" "$1" "$i"; sleep 1; done'


@check("AF-BATCH-006", "gone")
def test_cancelled_job_is_gone(probe: Probe) -> None:
    """It writes a line every second, and no more once it is cancelled."""
    batch = batch_of(probe)
    errand = _errand(probe, _HEARTBEAT, probe.nonce, seconds=_limited(batch) and 2 * _SHORT)
    job = follow.send(probe, batch, errand)
    status = follow.started(probe, batch, job, errand.slots, reserve=60)
    shared = getattr(pool_of(probe), "shared_home", True)
    if shared:
        said = follow.written(probe, batch, job, f"beat {probe.nonce}", status, seconds=30)
        probe.expect(f"beat {probe.nonce} 1" in said, "the job is at work", said[-200:])
    answer = batch.cancel(job.id)
    probe.expect(answer.ok, "its user may cancel it", answer.words)
    gone = probe.poll(lambda: batch.status(job).phase not in LIVING, _GONE, 1)
    word = batch.status(job).word
    probe.expect(gone, "the scheduler has it off the node in time", f"it is {word}")
    if shared:
        before = batch.output(job).count("beat")
        grew = probe.poll(lambda: batch.output(job).count("beat") > before, 3, 1)
        probe.expect(not grew, "none of its processes lives on", "it still writes")


# What counts is that the line came out whole: where memory is limited the kernel may end tail alone.
_HUNGRY = """
printf 'begun %s\\n' "$1"
kept=$({ head -c "$2" /dev/zero; sleep 20; } | tail | wc -c)
[ "$kept" -eq "$2" ] && printf 'kept %s\\n' "$1"
"""


@check("AF-BATCH-007", "stopped")
def test_greedy_job_is_stopped(probe: Probe) -> None:
    """tail(1) keeps a line of 300 MB for 20 s in a job that asked for 50 MB."""
    batch = batch_of(probe)
    errand = _errand(probe, _HUNGRY, probe.nonce, str(_TAKEN), memory=_ASKED, seconds=_limited(batch))
    job = follow.send(probe, batch, errand)
    status = follow.to_the_end(probe, batch, job, errand.slots)
    said = batch.output(job)
    probe.note("ended", f"{status.word} {status.reason}")
    survived = f"kept {probe.nonce}" in said or status.well
    probe.expect(not survived, "a job that takes six times the memory that it asked for is stopped", status.word)
    over = status.phase in {Phase.ENDED, Phase.HELD}
    probe.expect(over, "the scheduler says that it is over", status.word)


_SCRATCH = """
printf 'nonce %s\\n' "$1"
variable=$3
[ -z "$variable" ] || eval "folder=\\${$variable:-}"
[ -n "$variable" ] || folder=${TMPDIR:-}
case $folder in
    "$2" | "$2"/*) place=inside ;;
    "") place=unset ;;
    *) place="$folder" ;;
esac
printf 'place %s\\n' "$place"
for each in "$2" "$folder"; do
    [ -d "$each" ] || continue
    if printf %s "$1" >"$each/$4" && [ "$(cat "$each/$4")" = "$1" ]; then printf 'written %s\\n' "$each"; fi
    rm -f "$each/$4"
done
"""


@check("AF-BATCH-008", "writable")
def test_scratch_is_writable(probe: Probe) -> None:
    """Some sites let users write into the folder itself, others into one of the job's own that a variable names."""
    pool = pool_of(probe)
    said = _run(probe, _SCRATCH, probe.nonce, _folder(probe), pool.scratch_variable or "", probe.name)
    probe.expect("\nwritten " in said, f"a job writes below {pool.scratch} and reads it back", said[-200:])


@check("AF-BATCH-008", "named")
def test_scratch_is_named(probe: Probe) -> None:
    """By the declared variable; where none is declared, TMPDIR, which the compiled scripts set, may be elsewhere."""
    pool = pool_of(probe)
    said = _run(probe, _SCRATCH, probe.nonce, _folder(probe), pool.scratch_variable or "", probe.name)
    found = next((line.partition(" ")[2] for line in said.splitlines() if line.startswith("place ")), "nothing")
    if pool.scratch_variable:
        claim = f"{pool.scratch_variable} names a folder below {pool.scratch} in a job"
        probe.expect(found == "inside", claim, found)
    else:
        probe.expect(found not in {"unset", "nothing"}, "TMPDIR names a folder in a job", found)


def _folder(probe: Probe) -> str:
    folder = pool_of(probe).scratch or ""
    return folder.replace("<user>", probe.user).replace("<u>", probe.user[0]) if "<" in folder else folder


# It ends well whatever it finds: what it found is what counts.
_SHARED = """
printf 'nonce %s\\nread %s\\n' "$1" "$(cat "$2")"
printf %s "$1" >"$2.job"
true
"""


@check("AF-BATCH-009", "both_ways")
def test_home_is_shared(probe: Probe) -> None:
    """A file of the session is read in a job, one of the job in the session: both in the home, both with a nonce."""
    # A job's own HOME may be unset: it is told the path.
    path = f"{probe.sh('cd && pwd', check=True).out.strip()}/{probe.name}/shared"
    probe.later(lambda: probe.sh('rm -f "$1" "$1.job"', path, check=True), f"rm -r ~/{probe.name}")
    probe.put(path, probe.nonce.encode())
    said = _run(probe, _SHARED, probe.nonce, path)
    probe.expect(f"read {probe.nonce}" in said, "a job reads what the session wrote", said[-200:])
    read = probe.poll(lambda: probe.sh('cat "$1.job"', path).out == probe.nonce, 15)
    probe.expect(read, "the session reads what a job wrote")
