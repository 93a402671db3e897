"""Sessions that are jobs of HTCondor (condor_submit(1)).

batchspawner 1.3 fills {cmd}, {homedir}, {options}, {prologue} and {host} into a submit file by str.format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.common import by_name
from afspec.facility.quantities import mebibytes
from afspec.generators.quoting import submit_literals

from .images import HAS_SERVER, SERVER
from .request import Choice, cores_and_memory, names, walltime

if TYPE_CHECKING:
    from afspec.facility.batch import HTCondorPool
    from afspec.facility.jupyter import Jupyter, Profile


def condor_choice(pool: HTCondorPool, jupyter: Jupyter, profile: Profile | None) -> Choice:
    """A session as lines of a submit file."""
    offered = [queue for queue in pool.queues if queue.offered]
    wanted = (profile.slots if profile else None) or pool.default_queue
    queue = by_name(offered, wanted) if wanted else next(iter(offered), None)
    cpu, memory = cores_and_memory(jupyter, profile, pool.default_memory, queue.memory if queue else None)
    gpus = profile.gpus if profile else 0
    attributes = submit_literals((queue.attributes if queue else {}) | (pool.gpu_attributes if gpus else {}))
    options = {
        "accounting_group": pool.accounting_groups[0] if pool.accounting_groups else None,
        "request_cpus": cpu,
        "request_memory": f"{mebibytes(memory)} MB",
        "request_disk": f"{mebibytes(pool.default_disk)} MB" if pool.default_disk else None,
        "request_gpus": gpus or None,
        # HTCondor holds a job that runs longer.
        "allowed_job_duration": walltime(jupyter, queue, pool),
    }
    lines = [f"{option} = {value}" for option, value in options.items() if value is not None]
    lines += [f"+{name} = {value}" for name, value in attributes.items()]
    return Choice(*names(profile), tuple(lines), cpu, memory, profile.image if profile else None)


def condor_submit(suffix: str) -> str:
    """What submits a session.

    Its variables, among them the token that opens it, are left in a file that only the user reads: in the job's ad,
    where getenv would put them, everybody could read them with condor_q. `suffix` tells apart a user's sessions.
    """
    return f"sh -c 'umask 077 && export -p > {{homedir}}/.jupyterhub{suffix}.env && exec condor_submit'"


def condor_script(*, suffix: str, in_images: bool) -> tuple[str, ...]:
    """The submit file."""
    variables = f". {{homedir}}/.jupyterhub{suffix}.env"
    run = f"{variables}; exec {{cmd}}"
    if in_images:
        # Inside HTCondor's double quotes a quote is doubled. The file of variables has the hub's PATH.
        run = (
            f"P=$PATH; {variables}; set -- {{cmd}}; if test {{prologue}} = image; then PATH=$P:$PATH;"
            f' if {HAS_SERVER}; then shift 2; set -- {SERVER} ""$@""; fi; fi; exec ""$@""'
        )
    return (
        "universe = vanilla",
        "executable = /bin/sh",
        "transfer_executable = False",
        f"arguments = \"-c '{run}'\"",
        "initialdir = {homedir}",
        f"output = {{homedir}}/.jupyterhub{suffix}.log",
        f"error = {{homedir}}/.jupyterhub{suffix}.log",
        "should_transfer_files = NO",
        "getenv = False",
        "{options}",
        "queue",
    )


def condor_container(pool: HTCondorPool) -> tuple[str, ...]:
    """Lines that ask for an image as the pool's jobs do; what follows the last of them is the image."""
    match pool.container_universe:
        case "docker":
            return ("universe = docker", "docker_image = ")
        case "vanilla":
            return ("+SingularityImage = ",)
        case _:
            return ("universe = container", "container_image = ")
