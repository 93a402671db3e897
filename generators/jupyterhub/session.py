"""What starts a hub's notebooks, and what each choice of a user's asks of the batch pool.

Options are those of sbatch(1) and condor_submit(1); batchspawner 1.3 fills {cmd}, {homedir}, {keepvars} and {options}
into a batch script by str.format.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.batch import HTCondorPool, SlurmPool
from afspec.facility.common import by_name
from afspec.facility.quantities import mebibytes, slurm_time
from afspec.generators.quoting import submit_literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import Partition, Queue
    from afspec.facility.jupyter import Jupyter, Profile

# What a server, a kernel and a small analysis in it need.
USUAL_MEMORY = 2 * 1024**3
SPAWNERS = {
    "slurm": "batchspawner.SlurmSpawner",
    "htcondor": "batchspawner.CondorSpawner",
    "user": "jupyterhub.spawner.LocalProcessSpawner",
    "hub": "jupyterhub.spawner.SimpleLocalProcessSpawner",
}


# What the clients of a scheduler print that gives no answer, as squeue(1) and condor_q(1) do; of a job that has ended,
# squeue says so, and condor_q prints nothing. Without this a session would be forgotten, and its job go on alone.
NO_ANSWER = {
    "SlurmSpawner": r"^slurm_load_jobs error: (?!Invalid job id)",
    "CondorSpawner": r"\A\s*[^\s0-9]",
}
# A hub asks once to have a job removed, and forgets it. Where the scheduler itself is away, it is asked again; where it
# answers, the job is gone already.
_REMOVE = (
    "sh -c 'n=0; until {} {{job_id}} || {} >/dev/null 2>&1; do n=$((n+1)); test $n -lt 60 || exit 1; sleep 2; done'"
)
REMOVE = {
    "SlurmSpawner": _REMOVE.format("scancel", "scontrol ping"),
    "CondorSpawner": _REMOVE.format("condor_rm", "condor_q -totals"),
}


class Choice(NamedTuple):
    """A session that a user may ask for: lines of the batch script, limits in cores and bytes."""

    name: str
    title: str
    lines: tuple[str, ...]
    cpu: int | None
    memory: int | None


class Session(NamedTuple):
    """What the template writes down; without a batch pool there is no script."""

    spawner: str
    script: tuple[str, ...]
    submit: str | None
    choices: tuple[Choice, ...]
    form: str | None
    home: str | None
    environment: dict[str, str]

    @property
    def short_name(self) -> str:
        """The spawner's class without its module."""
        return self.spawner.rpartition(".")[2]

    @property
    def no_answer(self) -> str | None:
        """What the scheduler's client prints when the scheduler does not answer."""
        return NO_ANSWER.get(self.short_name)

    @property
    def remove(self) -> str | None:
        """The command that ends a job, in batchspawner's form."""
        return REMOVE.get(self.short_name)


def session(facility: Facility, jupyter: Jupyter) -> Session | None:
    """A hub's sessions; None where the spec does not say what runs them."""
    runs_as = jupyter.hub.runs_as if jupyter.hub else "user"
    if jupyter.spawner == "local":
        choices = tuple(_local(jupyter, profile) for profile in jupyter.profiles or (None,))
        return _session(facility, jupyter, SPAWNERS[runs_as], choices)
    pool = _pool(facility, jupyter)
    if runs_as != "user" or pool is None:
        return None
    if isinstance(pool, SlurmPool):
        choices = tuple(_slurm(pool, jupyter, profile) for profile in jupyter.profiles or (None,))
        return _session(facility, jupyter, SPAWNERS["slurm"], choices, script=_slurm_script(pool))
    if not pool.shared_home:
        return None
    choices = tuple(_condor(pool, jupyter, profile) for profile in jupyter.profiles or (None,))
    return _session(facility, jupyter, SPAWNERS["htcondor"], choices, script=_CONDOR_SCRIPT, submit=_CONDOR_SUBMIT)


def _session(
    facility: Facility,
    jupyter: Jupyter,
    spawner: str,
    choices: tuple[Choice, ...],
    *,
    script: tuple[str, ...] = (),
    submit: str | None = None,
) -> Session:
    home = facility.storage.area("home") if facility.storage else None
    path = (home.path if home else "/home/<user>").replace("<user>", "{username}").replace("<u>", "{username[0]}")
    return Session(
        spawner=spawner,
        script=script,
        submit=submit,
        choices=choices,
        form=_form(choices) if len(choices) > 1 else None,
        home=path if spawner == SPAWNERS["hub"] else None,
        environment=dict(_environment(facility, jupyter)),
    )


def _pool(facility: Facility, jupyter: Jupyter) -> SlurmPool | HTCondorPool | None:
    """The pool of the sessions: the one that is named, else the first of the spawner's scheduler."""
    fitting = [pool for pool in facility.batch if pool.offered and pool.scheduler == jupyter.spawner]
    return by_name(fitting, jupyter.pool) if jupyter.pool else next(iter(fitting), None)


def _environment(facility: Facility, jupyter: Jupyter) -> Iterator[tuple[str, str]]:
    """Variables of every session: where its kernels are, those of images too, which no hub finds by itself."""
    # JUPYTER_PATH names the folders above `kernels` (Jupyter documentation, Common Directories and File Locations).
    folders = [jupyter.kernels.removesuffix("/kernels")] if jupyter.kernels else []
    images = facility.images.named if facility.images else ()
    folders += [f"{image.prefix}/share/jupyter" for image in images if image.prefix and image.kernel]
    if folders:
        yield "JUPYTER_PATH", ":".join(dict.fromkeys(folders))


def _form(choices: tuple[Choice, ...]) -> str:
    """The page's field for the choices; the page itself is the hub's."""
    options = "".join(
        f'<option value="{escape(choice.name)}">{escape(choice.title)}</option>'.encode(
            "ascii", "xmlcharrefreplace"
        ).decode()
        for choice in choices
    )
    label = '<label for="profile" class="form-label">Session</label>'
    return f'{label}<select name="profile" id="profile" class="form-select">{options}</select>'


def _local(jupyter: Jupyter, profile: Profile | None) -> Choice:
    limits = jupyter.limits
    cpu = (profile.cpu if profile else None) or (limits.cpu if limits else None)
    memory = (profile.memory if profile else None) or (limits.memory if limits else None)
    return Choice(*_names(profile), (), cpu, memory)


def _names(profile: Profile | None) -> tuple[str, str]:
    return (profile.name, profile.title or profile.name) if profile else ("default", "default")


def _request(jupyter: Jupyter, profile: Profile | None, default: int | None, most: int | None) -> tuple[int, int]:
    """Cores and bytes of memory; never more than a session may ask for, or a node has."""
    limits = jupyter.limits
    memory = (profile.memory if profile else None) or default or USUAL_MEMORY
    bounds = [bound for bound in (limits.memory if limits else None, most) if bound]
    return (profile.cpu if profile else None) or 1, min([memory, *bounds])


def _walltime(jupyter: Jupyter, slots: Partition | Queue | None, pool: SlurmPool | HTCondorPool) -> int | None:
    """Seconds until the scheduler ends a session; None where nothing limits it."""
    limits = jupyter.limits
    known = (limits.duration if limits else None, (slots.max_walltime if slots else None) or pool.max_walltime)
    return min((limit for limit in known if limit), default=None)


def _slurm(pool: SlurmPool, jupyter: Jupyter, profile: Profile | None) -> Choice:
    offered = [partition for partition in pool.partitions if partition.offered]
    wanted = (profile.slots if profile else None) or pool.default_partition
    partition = by_name(offered, wanted) if wanted else next(iter(offered), None)
    cpu, memory = _request(jupyter, profile, pool.default_memory, partition.memory if partition else None)
    qos = (partition.qos if partition else ()) or pool.qos
    walltime = _walltime(jupyter, partition, pool)
    options = {
        "account": pool.accounts[0] if pool.accounts else None,
        "partition": wanted or (partition.name if partition else None),
        "qos": qos[0] if qos else None,
        "cpus-per-task": cpu,
        "mem": f"{mebibytes(memory)}M",
        "gres": f"gpu:{f'{profile.gpu}:' if profile.gpu else ''}{profile.gpus}" if profile and profile.gpus else None,
        "time": slurm_time(walltime) if walltime else None,
    }
    lines = tuple(f"#SBATCH --{option}={value}" for option, value in options.items() if value is not None)
    return Choice(*_names(profile), lines, cpu, memory)


def _slurm_script(pool: SlurmPool) -> tuple[str, ...]:
    unset = (f"unset {' '.join(pool.unset)}",) if pool.unset else ()
    return (
        "#!/bin/bash",
        "#SBATCH --job-name=jupyterhub",
        "#SBATCH --nodes=1",
        "#SBATCH --ntasks=1",
        "{options}",
        "#SBATCH --chdir={homedir}",
        "#SBATCH --output={homedir}/.jupyterhub.log",
        "#SBATCH --open-mode=truncate",
        "#SBATCH --export={keepvars}",
        *unset,
        "exec {cmd}",
    )


# The session's variables, among them the token that opens it, are left in a file that only the user reads: in the
# job's ad, where getenv would put them, everybody could read them with condor_q.
_CONDOR_SUBMIT = "sh -c 'umask 077 && export -p > {homedir}/.jupyterhub.env && exec condor_submit'"
_CONDOR_SCRIPT = (
    "universe = vanilla",
    "executable = /bin/sh",
    "transfer_executable = False",
    "arguments = \"-c '. {homedir}/.jupyterhub.env; exec {cmd}'\"",
    "initialdir = {homedir}",
    "output = {homedir}/.jupyterhub.log",
    "error = {homedir}/.jupyterhub.log",
    "should_transfer_files = NO",
    "getenv = False",
    "{options}",
    "queue",
)


def _condor(pool: HTCondorPool, jupyter: Jupyter, profile: Profile | None) -> Choice:
    offered = [queue for queue in pool.queues if queue.offered]
    wanted = (profile.slots if profile else None) or pool.default_queue
    queue = by_name(offered, wanted) if wanted else next(iter(offered), None)
    cpu, memory = _request(jupyter, profile, pool.default_memory, queue.memory if queue else None)
    gpus = profile.gpus if profile else 0
    walltime = _walltime(jupyter, queue, pool)
    attributes = submit_literals((queue.attributes if queue else {}) | (pool.gpu_attributes if gpus else {}))
    options = {
        "accounting_group": pool.accounting_groups[0] if pool.accounting_groups else None,
        "request_cpus": cpu,
        "request_memory": f"{mebibytes(memory)} MB",
        "request_disk": f"{mebibytes(pool.default_disk)} MB" if pool.default_disk else None,
        "request_gpus": gpus or None,
        # HTCondor holds a job that runs longer.
        "allowed_job_duration": walltime,
    }
    lines = [f"{option} = {value}" for option, value in options.items() if value is not None]
    lines += [f"+{name} = {value}" for name, value in attributes.items()]
    return Choice(*_names(profile), tuple(lines), cpu, memory)
