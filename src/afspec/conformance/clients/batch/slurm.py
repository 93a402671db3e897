"""Slurm as its users have it: sbatch, squeue, scontrol, sinfo, scancel (their manual pages)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.conformance.clients.batch.far import FORGET, PATIENCE, START, compiled, good, lines, number, rows
from afspec.conformance.clients.batch.interface import Errand, Job, Listed, Phase, Status, Taken
from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from afspec.conformance.clients.batch.interface import Shell
    from afspec.conformance.reach import Answer
    from afspec.facility.batch import SlurmPool

# Names of states (squeue(1), JOB STATE CODES); every other is one of a job that is over.
_PHASES = {
    "PENDING": Phase.QUEUED,
    "CONFIGURING": Phase.QUEUED,
    "REQUEUED": Phase.QUEUED,
    "REQUEUE_FED": Phase.QUEUED,
    "RESV_DEL_HOLD": Phase.HELD,
    "SPECIAL_EXIT": Phase.HELD,
    "REQUEUE_HOLD": Phase.HELD,
    "RUNNING": Phase.RUNNING,
    "SUSPENDED": Phase.RUNNING,
    "RESIZING": Phase.RUNNING,
    "SIGNALING": Phase.RUNNING,
    "COMPLETING": Phase.ENDING,
    "STAGE_OUT": Phase.ENDING,
    "STOPPED": Phase.ENDING,
}
# Reasons (squeue(1), JOB REASON CODES) that no wait takes away, of a job with the site's own settings.
_NEVER = {
    "PartitionDown",
    "PartitionInactive",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "AccountNotAllowed",
    "QOSNotAllowed",
    "InvalidAccount",
    "InvalidQOS",
    "BadConstraints",
    "JobHeldAdmin",
    "AssocMaxCpuPerJobLimit",
    "AssocMaxMemPerJob",
    "AssocMaxWallDurationPerJobLimit",
    "QOSMaxCpuPerJobLimit",
    "QOSMaxMemoryPerJob",
    "QOSMaxWallDurationPerJobLimit",
}
# States of nodes (sinfo(1), NODE STATE CODES) that take jobs, now or when those that they have are over.
_WORKING = {"idle", "mixed", "allocated", "completing", "planned", "blocked", "reserved", "powering_up", "powered_down"}

_SUBMIT = (
    START
    + """
find_client sbatch
mkdir -p "$HOME/$1" && cd "$HOME/$1" && printf %s "$2" >job.sh || exit 73
shift 2
pwd
number=$(sbatch --parsable --output=out --error=err "$@") || exit
echo "job $number"
"""
)
_TEST = (
    START
    + """
find_client sbatch
cd "$HOME" && script=$(mktemp "${TMPDIR:-/tmp}/afspec-XXXXXX") || exit 73
trap 'rm -f "$script"' EXIT
printf %s "$1" >"$script"
shift
sbatch --test-only --output=/dev/null "$@" "$script" true
"""
)
# What is not asked for is not said: the rest names users, hosts and folders.
_STATUS = (
    START
    + """
find_client scontrol
said=$(SLURM_TIME_FORMAT=%s scontrol show job --oneliner "$1") || exit
set -f
for word in $said; do
    case $word in
        JobState=* | Reason=* | NodeList=* | ExitCode=* | SubmitTime=* | StartTime=* | EndTime=*) echo "$word" ;;
    esac
done
"""
)
_HISTORY = (
    START
    + """
find_client sacct
SLURM_TIME_FORMAT=%s sacct --noheader --parsable2 --allocations --jobs="$1" \\
    --format=State,ExitCode,NodeList,Submit,Start,End
"""
)
_OUTPUT = 'cat "$1/out" "$1/err" 2>/dev/null; true'
_CANCEL = START + 'find_client scancel; scancel "$1"'
_MINE = (
    START
    + """
find_client squeue
squeue --noheader --user="$(id -un)" --format='job %i|%T|%N|%j'
"""
)
_NODES = START + "find_client sinfo; sinfo --noheader ${1:+--partition=\"$1\"} --format='%a|%T|%D'"
# Where the scheduler's words name nodes: n1, n[1-3,7].
_HOSTS = re.compile(r"(?:\bNodeList=|UnavailableNodes:| on nodes )([\w.,\[\]-]+)")
_ANSWERS = (
    START
    + """
find_client sinfo
sinfo --noheader --format='partition %R' && squeue --noheader --user="$(id -un)" --format='job %i'
"""
)
_CONFIG = START + "find_client scontrol; scontrol show config"
_LIMITS = START + "find_client scontrol; scontrol show partition --oneliner"


class Slurm:
    """A client of a Slurm cluster; `folder` is where the site's compiled scripts are."""

    def __init__(self, sh: Shell, pool: SlurmPool, files: Mapping[str, str], folder: str) -> None:
        self._sh = sh
        self._pool = pool
        self._files = files
        self._folder = folder

    def _ask(self, script: str, *args: str, hosts: Callable[[str], Iterable[str]] = _HOSTS.findall) -> Answer:
        return self._sh(script, " ".join(self._pool.unset), *args, timeout=PATIENCE, hosts=_real(hosts))

    def _script(self, errand: Errand) -> str:
        return compiled(self._files, f"{self._folder}/{errand.slots or 'default'}/{errand.kind}.sh")

    def answers(self) -> Answer:
        """Its partitions, and the user's own jobs: the second needs her to be known."""
        return self._ask(_ANSWERS)

    def version(self) -> str:
        """The controller's version."""
        answer = good(self._ask(_CONFIG), "scontrol show config")
        found = re.search(r"^SLURM_VERSION\s*=\s*(\S+)", answer.out, re.MULTILINE)
        return found[1] if found else ""

    def submit(self, errand: Errand) -> Job:
        command = ["job.sh", "sh", "-c", errand.script, "sh", *errand.args]
        answer = self._ask(_SUBMIT, errand.name, self._script(errand), *_options(errand), *command)
        good(answer, "the job is refused")
        # Sites have sbatch print notes of their own before the number; a cluster's name may follow it.
        said = lines(answer)
        found = re.fullmatch(r"(?:job )?(\d+)(;\S+)?", said[-1].strip()) if len(said) > 1 else None
        if not found:
            raise FailedError(f"sbatch does not say the number of the job: {answer.words}")
        return Job(found[1], errand.name, said[0].strip())

    def takes(self, errand: Errand) -> Taken:
        answer = self._ask(_TEST, self._script(errand), *_options(errand))
        return Taken(answer.ok, answer.words)

    def status(self, job: Job) -> Status:
        answer = self._ask(_STATUS, job.id)
        if answer.ok:
            return parse_job(answer.out)
        if "Invalid job id" not in answer.err:
            raise FailedError(f"scontrol show job {job.id}: {answer.words}")
        history = self._ask(_HISTORY, job.id, hosts=lambda text: [row[2] for row in rows(text, 6)])
        return parse_history(history.out) if history.ok else Status(Phase.UNKNOWN)

    def output(self, job: Job) -> str:
        return self._sh(_OUTPUT, job.folder).out

    def cancel(self, number: str) -> Answer:
        return self._ask(_CANCEL, number)

    def forget(self, job: Job) -> None:
        good(self._sh(FORGET, job.name), f"the folder {job.name} cannot be removed")

    def mine(self) -> list[Listed]:
        answer = good(self._ask(_MINE, hosts=lambda text: [row[2] for row in rows(text, 4)]), "squeue")
        return [
            Listed(number.removeprefix("job").strip(), name, _PHASES.get(state, Phase.ENDED), node)
            for number, state, node, name in rows(answer.out, 4)
        ]

    def hopeless(self, job: Job, slots: str | None) -> str:
        reason = self.status(job).reason
        if reason in _NEVER:
            return reason
        return parse_nodes(self._ask(_NODES, slots or "").out)

    def limits(self) -> dict[str, int | None]:
        """Seconds that jobs may run, by partition, as configured; None where there is no limit."""
        return parse_limits(good(self._ask(_LIMITS), "scontrol show partition").out)


def _real(hosts: Callable[[str], Iterable[str]]) -> Callable[[str], list[str]]:
    """The hosts that are some: a job that waits has "(null)", or nothing."""
    return lambda text: [host for host in hosts(text) if host.strip("()") not in {"", "null", "None assigned"}]


def _options(errand: Errand) -> list[str]:
    """What replaces the compiled script's own lines."""
    options = [f"--job-name={errand.name}"]
    if errand.account:
        options.append(f"--account={errand.account}")
    if errand.memory:
        options.append(f"--mem={errand.memory // 1024**2}M")
    if errand.seconds:
        options.append(f"--time={-(-errand.seconds // 60)}")
    if errand.gpu:
        options.append(f"--gpus={errand.gpu}:1")
    return options


def parse_job(text: str) -> Status:
    """What `scontrol show job --oneliner` says.

    Raises:
        FailedError: it names no state.
    """
    facts: dict[str, str] = {}
    for word in text.split():
        key, sign, value = word.partition("=")
        if sign:
            facts.setdefault(key, value)
    if "JobState" not in facts:
        raise FailedError(f"scontrol does not say the state of the job: {text.strip()[:80]!r}")
    return _status(
        facts["JobState"],
        facts.get("ExitCode", ""),
        facts.get("NodeList", ""),
        (facts.get("SubmitTime"), facts.get("StartTime"), facts.get("EndTime")),
        facts.get("Reason", ""),
    )


def parse_history(text: str) -> Status:
    """What sacct says of one job; unknown where it says nothing, as where no accounting is kept."""
    found = rows(text, 6)
    if not found:
        return Status(Phase.UNKNOWN)
    state, code, node, submit, start, end = found[0]
    return _status(state, code, node, (submit, start, end))


def _status(
    state: str, code: str, node: str, times: tuple[str | None, str | None, str | None], reason: str = ""
) -> Status:
    # "CANCELLED by 1000", "COMPLETING+..." and the like begin with the state's name.
    word = re.split(r"[ +]", state)[0]
    phase = _PHASES.get(word, Phase.ENDED)
    submitted, started, ended = (number(time) for time in times)
    ended_with = re.fullmatch(r"(\d+):(\d+)", code) if phase is Phase.ENDED else None
    return Status(
        phase=phase,
        word=state,
        reason="" if reason == "None" else reason.replace("_", " "),
        node="" if node in {"(null)", "None assigned"} else node,
        exit=_exit_code(int(ended_with[1]), int(ended_with[2])) if ended_with else None,
        submitted=submitted,
        # Of a job that waits it is when the scheduler means to start it; its end is the latest that it may have.
        started=None if phase is Phase.QUEUED else started,
        ended=ended if phase is Phase.ENDED else None,
    )


def _exit_code(code: int, signal: int) -> int:
    return code or (128 + signal if signal else 0)


def parse_nodes(text: str) -> str:
    """Why no node takes jobs, from sinfo's "up|drained*|12" for every state: "" where one does, or nothing is said."""
    states = rows(text, 3)
    if states and all(row[0] != "up" for row in states):
        return f"the partition is {states[0][0]}"
    # Marks: * does not answer, ~ # ! % power saving, $ @ ^ maintenance and reboots, - planned (sinfo(1)).
    if any(row[1].rstrip("~#!%$@^-+") in _WORKING for row in states):
        return ""
    found = ", ".join(f"{count} {state}" for _, state, count in states)
    return f"no node of it takes jobs: {found}" if states else ""


def parse_limits(text: str) -> dict[str, int | None]:
    """Seconds of MaxTime by partition, from `scontrol show partition --oneliner`."""
    found = {}
    for line in text.splitlines():
        facts = dict(word.partition("=")[::2] for word in line.split())
        if "PartitionName" in facts and "MaxTime" in facts:
            found[facts["PartitionName"]] = seconds_of(facts["MaxTime"])
    return found


def seconds_of(text: str) -> int | None:
    """Seconds of Slurm's [days-]hours:minutes:seconds; None for UNLIMITED and anything else."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", text)
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
