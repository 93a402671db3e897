"""HTCondor as its users have it: condor_submit, condor_q, condor_history, condor_rm, condor_status (its manual)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.batch.far import FORGET, PATIENCE, START, ads, compiled, good, lines, number
from afspec.conformance.clients.batch.interface import Errand, Job, Listed, Phase, Status, Taken
from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.conformance.clients.batch.interface import Shell
    from afspec.conformance.reach import Answer
    from afspec.facility.batch import HTCondorPool

# JobStatus (HTCondor manual, Job ClassAd Attributes).
_PHASES = {
    1: Phase.QUEUED,
    2: Phase.RUNNING,
    3: Phase.ENDED,
    4: Phase.ENDED,
    5: Phase.HELD,
    6: Phase.RUNNING,
    7: Phase.RUNNING,
}
_WORDS = {1: "Idle", 2: "Running", 3: "Removed", 4: "Completed", 5: "Held", 6: "Transferring", 7: "Suspended"}
_COMPLETED = 4
_ATTRIBUTES = (
    "JobStatus,HoldReason,RemoveReason,LastRejMatchReason,RemoteHost,LastRemoteHost,ExitCode,ExitBySignal,ExitSignal,QDate,"
    "JobStartDate,JobCurrentStartDate,CompletionDate,EnteredCurrentStatus"
)

_SUBMIT = (
    START
    + """
find_client condor_submit
mkdir -p "$HOME/$1" && cd "$HOME/$1" && printf %s "$2" >job.sub && printf %s "$3" >run.sh && chmod 700 run.sh || exit 73
if [ -n "$4" ]; then mkdir -p "$(printf %s "$4" | sed "s/<user>/$USER/g")" || exit 73; fi
shift 4
pwd
condor_submit -terse "$@"
"""
)
_QUEUE = START + 'find_client condor_q; condor_q "$1" -json -attributes "$2"'
_HISTORY = START + 'find_client condor_history; condor_history "$1" -limit 1 -json -attributes "$2"'
_OUTPUT = 'cat "$1/out" "$1/err" 2>/dev/null; true'
_CANCEL = START + 'find_client condor_rm; condor_rm "$1"'
_MINE = START + 'find_client condor_q; condor_q "$USER" -json -attributes ClusterId,JobBatchName,JobStatus,RemoteHost'
_ANSWERS = (
    START
    + """
find_client condor_q
schedds=$(condor_status -schedd -limit 1 -af Name) || exit
jobs=$(condor_q "$USER" -json -attributes ClusterId) || exit
if [ -n "$schedds" ]; then echo "it has a schedd, which tells of the user's jobs in ${#jobs} bytes"; fi
"""
)
_VERSIONS = START + "find_client condor_status; condor_status -schedd -af CondorVersion"
# One slot that works says enough; pools have thousands.
_SLOTS = START + 'find_client condor_status; condor_status -limit 1 -constraint "$1" -af Name State Activity'
_WHY = START + 'find_client condor_q; condor_q "$1" -better-analyze | sed -n "/No machines matched/p"'
# Names of slots: slot1_3@node, in a job's ad and in what HTCondor says of it.
_HOSTS = re.compile(r"\bslot\d\w*@([\w.@-]*\w)")
_FORGET_LOG = 'rm -f -- "$(printf %s "$1" | sed "s/<user>/${USER:-$(id -un)}/g")/$2.log"'
_POLICY = (
    START
    + """
find_client condor_q
ad=$(mktemp "${TMPDIR:-/tmp}/afspec-XXXXXX") || exit 73
trap 'rm -f "$ad"' EXIT
{
    printf 'MyType = "Job"\\nClusterId = 1\\nProcId = 0\\nOwner = "%s"\\nJobStatus = 2\\n' "$USER"
    began=$(($(date +%s) - $1))
    for name in JobCurrentStartDate JobStartDate EnteredCurrentStatus ShadowBday JobCurrentStartExecutingDate; do
        printf '%s = %s\\n' "$name" "$began"
    done
    printf '%s\\n' "$2"
} >"$ad"
shift 2
for name in SYSTEM_PERIODIC_REMOVE SYSTEM_PERIODIC_HOLD; do
    policy=$(condor_config_val "$name" 2>/dev/null) || continue
    [ -n "$policy" ] && condor_q -jobads "$ad" -af "$policy"
done
true
"""
)


class HTCondor:
    """A client of an HTCondor pool; `folder` is where the site's compiled submit files are."""

    def __init__(self, sh: Shell, pool: HTCondorPool, files: Mapping[str, str], folder: str) -> None:
        self._sh = sh
        self._pool = pool
        self._files = files
        self._folder = folder

    def _ask(self, script: str, *args: str) -> Answer:
        return self._sh(script, " ".join(self._pool.unset), *args, timeout=PATIENCE, hosts=_HOSTS.findall)

    @property
    def _logs(self) -> str:
        """Where the pool wants job logs, if it says so in a way that the submit language can write."""
        folder = self._pool.log_directory or ""
        return "" if "<u>" in folder else folder

    def answers(self) -> Answer:
        """A schedd that the collector knows, and the one that takes this user's jobs."""
        return self._ask(_ANSWERS)

    def version(self) -> str:
        """Every version among the schedds: "23.9.6", or several, with spaces between."""
        answer = good(self._ask(_VERSIONS), "condor_status -schedd")
        return " ".join(sorted(set(re.findall(r"CondorVersion: (\S+)", answer.out))))

    def submit(self, errand: Errand) -> Job:
        return self._submit(errand)

    def _submit(self, errand: Errand, *lines_more: str) -> Job:
        folder = f"{self._folder}/{errand.slots or 'default'}"
        text = compiled(self._files, f"{folder}/{errand.kind}.sub")
        # Logs of other jobs may be in the same folder: this one's has the job's name.
        text = re.sub(r"(?m)^(log = (?:.*/)?)[^/\n]*$", lambda match: f"{match[1]}{errand.name}.log", text)
        run = compiled(self._files, f"{folder}/run.sh")
        more = [option for line in (*_lines(errand), *lines_more) for option in ("-append", line)]
        command = ["-batch-name", errand.name, *more, "job.sub", f"command={command_line(errand)}"]
        answer = self._ask(_SUBMIT, errand.name, text, run, self._logs, *command)
        good(answer, "the job is refused")
        said = lines(answer)
        found = re.match(r"(\d+)\.\d+", said[-1].strip()) if len(said) > 1 else None
        if not found:
            raise FailedError(f"condor_submit does not say the number of the job: {answer.words}")
        return Job(found[1], errand.name, said[0].strip())

    def takes(self, errand: Errand) -> Taken:
        """It is sent on hold, so that it never runs, and removed: `-dry-run` would not ask the schedd."""
        held = Job("", errand.name, "")
        try:
            held = self._submit(errand, "hold = true")
        except FailedError as refused:
            return Taken(yes=False, words=refused.text)
        finally:
            if held.id:
                good(self.cancel(held.id), f"job {held.id} cannot be removed")
            self.forget(held)
        return Taken(yes=True, words=f"job {held.id}, on hold")

    def status(self, job: Job) -> Status:
        answer = good(self._ask(_QUEUE, job.id, _ATTRIBUTES), "condor_q")
        found = next(ads(answer, "condor_q"), None)
        if found is None:
            history = self._ask(_HISTORY, job.id, _ATTRIBUTES)
            found = next(ads(history, "condor_history"), None) if history.ok else None
        return parse_ad(found) if found is not None else Status(Phase.UNKNOWN)

    def output(self, job: Job) -> str:
        return self._sh(_OUTPUT, job.folder).out

    def cancel(self, number: str) -> Answer:
        return self._ask(_CANCEL, number)

    def forget(self, job: Job) -> None:
        good(self._sh(FORGET, job.name), f"the folder {job.name} cannot be removed")
        if self._logs:
            good(self._sh(_FORGET_LOG, self._logs, job.name), f"the log of {job.name} cannot be removed")

    def mine(self) -> list[Listed]:
        answer = good(self._ask(_MINE), "condor_q")
        return [
            Listed(
                str(ad.get("ClusterId", "")),
                str(ad.get("JobBatchName", "")),
                _PHASES.get(ad.get("JobStatus", 0), Phase.UNKNOWN),
                _node(ad.get("RemoteHost")),
            )
            for ad in ads(answer, "condor_q")
        ]

    def hopeless(self, job: Job, slots: str | None) -> str:
        del slots
        works = 'State =!= "Drained" && State =!= "Owner" && Start =!= false'
        if not lines(good(self._ask(_SLOTS, works), "condor_status")):
            any_at_all = lines(self._ask(_SLOTS, "true"))
            return "no slot takes jobs: all are drained, or their owners'" if any_at_all else "the pool has no slots"
        # No slot would ever take a job with these settings (condor_q(1), -better-analyze).
        why = self._ask(_WHY, job.id).out
        return "no machine matches the job's constraints" if "No machines matched" in why else ""

    def ends(self, seconds: int, attributes: Mapping[str, object]) -> bool | None:
        """Whether the schedd's own policy ends a job that has run that long; None where no user can read one.

        The policy is evaluated on a job that is only written down, by condor_q itself.
        """
        text = "\n".join(f"{name} = {_literal(value)}" for name, value in attributes.items())
        answers = {word.strip() for word in lines(good(self._ask(_POLICY, str(seconds), text), "condor_q -jobads"))}
        if "true" in answers:
            return True
        return False if "false" in answers else None


def _lines(errand: Errand) -> list[str]:
    """What replaces the compiled submit file's own lines, and where the output goes."""
    found = ["output = out", "error = err"]
    if errand.account:
        found.append(f"accounting_group = {errand.account}")
    if errand.memory:
        found.append(f"request_memory = {errand.memory // 1024**2} MB")
    if errand.seconds:
        found.append(f"allowed_job_duration = {errand.seconds}")
    if errand.gpu:
        # Devices are known by their own names there; a slice of one has its model's.
        found.append(f'require_gpus = regexp("{re.sub("-.*", "", errand.gpu)}", DeviceName, "i")')
    return found


def _literal(value: object) -> str:
    """A value as ClassAds write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def command_line(errand: Errand) -> str:
    """The errand as the value of `arguments` (condor_submit(1), the new syntax); $ would begin a macro there.

    The script goes in base64, which needs no quotes of any kind.

    Raises:
        ValueError: an argument holds a line break.
    """
    script = base64.b64encode(errand.script.encode()).decode()
    return " ".join(["sh", "-c", _quoted('echo "$0" | base64 -d | sh -s -- "$@"'), script, *map(_quoted, errand.args)])


def _quoted(text: str) -> str:
    if "\n" in text:
        raise ValueError(f"{text!r} cannot be an argument of an HTCondor job: it holds a line break")
    return "'" + text.replace("'", "''").replace('"', '""').replace("$", "$(DOLLAR)") + "'"


def _node(host: object) -> str:
    """The node's name of slot1_3@node, as the startd gives it."""
    return host.partition("@")[2] or host if isinstance(host, str) else ""


def parse_ad(ad: Mapping[str, Any]) -> Status:
    """What a job's ClassAd says.

    Raises:
        FailedError: it says no status that HTCondor has.
    """
    status = ad.get("JobStatus")
    if status not in _PHASES:
        raise FailedError(f"HTCondor gives the job the status {status!r}")
    phase = _PHASES[status]
    started = number(ad.get("JobCurrentStartDate")) or number(ad.get("JobStartDate"))
    ended = number(ad.get("CompletionDate")) or number(ad.get("EnteredCurrentStatus"))
    code = ad.get("ExitCode") if status == _COMPLETED else None
    if ad.get("ExitBySignal") is True:
        code = 128 + int(number(ad.get("ExitSignal")) or 0)
    reasons = [ad.get(name) for name in ("HoldReason", "RemoveReason", "LastRejMatchReason")]
    return Status(
        phase=phase,
        word=_WORDS[status],
        reason=next((str(reason).strip() for reason in reasons if reason), ""),
        node=_node(ad.get("RemoteHost") or ad.get("LastRemoteHost")),
        exit=code if isinstance(code, int) else None,
        submitted=number(ad.get("QDate")),
        started=None if phase is Phase.QUEUED else started,
        ended=ended if phase in {Phase.ENDED, Phase.HELD} else None,
    )
