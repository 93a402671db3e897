"""Settings of dask-jobqueue 0.9: `jobqueue: slurm:` or `jobqueue: htcondor:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.batch import Partition, Queue, SlurmPool
from afspec.facility.common import by_name
from afspec.facility.quantities import format_bytes, mebibytes, slurm_time
from afspec.generators.images import pull_reference, unpacked_path
from afspec.generators.quoting import submit_literal
from afspec.generators.ways import worker_image

from .paths import has_placeholder, local_directory

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool
    from afspec.facility.dask import Jobqueue

# HTCondorCluster refuses to start without a disk request; used where neither the site's workers nor its pool say.
_DISK_PER_CORE = 4 * 1000**3
# A worker retires between 9 and 1 minutes before its job ends, so that its results move to others first.
_EARLIER = 300
_STAGGER = "240s"
_SHORTEST_TO_RETIRE = 900


def jobqueue(facility: Facility) -> dict[str, Any]:
    """The settings; empty where dask-jobqueue is not offered or its pool is not known."""
    pool = facility.jobqueue_pool
    declared = facility.dask.jobqueue if facility.dask else None
    if pool is None or declared is None:
        return {}
    if isinstance(pool, SlurmPool):
        wanted = declared.slots or pool.default_partition
        partition = by_name(pool.partitions, wanted) if wanted else None
        made = _common(declared, pool, partition) | _slurm(declared, pool, wanted, partition)
    else:
        wanted = declared.slots or pool.default_queue
        queue = by_name(pool.queues, wanted) if wanted else None
        made = _common(declared, pool, queue) | _htcondor(facility, declared, pool, queue)
    return {"jobqueue": {pool.scheduler: {key: value for key, value in made.items() if value not in (None, [], {})}}}


def _walltime(declared: Jobqueue, pool: SlurmPool | HTCondorPool, slots: Partition | Queue | None) -> int | None:
    """Seconds that a worker may run: what the site says of its workers, never more than the machines allow."""
    limits = [declared.walltime, slots.max_walltime if slots else None, pool.max_walltime]
    known = [limit for limit in limits if limit]
    return min(known) if declared.walltime else None


def _common(declared: Jobqueue, pool: SlurmPool | HTCondorPool, slots: Partition | Queue | None) -> dict[str, Any]:
    ports = declared.ports
    arguments: list[str] = []
    if ports and ports.worker:
        arguments += ["--worker-port", str(ports.worker), "--nanny-port", str(ports.worker)]
    walltime = _walltime(declared, pool, slots)
    if walltime and walltime >= _SHORTEST_TO_RETIRE:
        arguments += ["--lifetime", f"{walltime - _EARLIER}s", "--lifetime-stagger", _STAGGER]
    scheduler: dict[str, Any] = {}
    if ports and ports.scheduler:
        scheduler["port"] = ports.scheduler.low
    if ports and ports.dashboard:
        scheduler["dashboard_address"] = f":{ports.dashboard.low}"
    logs = pool.log_directory
    return {
        "cores": declared.cores,
        "memory": format_bytes(declared.memory),
        "processes": declared.processes,
        "interface": declared.interface,
        "local-directory": local_directory(pool, declared.local_directory),
        # dask-jobqueue makes this folder as it is written: a placeholder cannot be filled in here.
        "log-directory": logs if logs and not has_placeholder(logs) else None,
        "worker-extra-args": arguments,
        "scheduler-options": scheduler,
    }


def _slurm(declared: Jobqueue, pool: SlurmPool, wanted: str | None, partition: Partition | None) -> dict[str, Any]:
    qos = (partition.qos if partition else ()) or pool.qos
    walltime = _walltime(declared, pool, partition)
    return {
        "queue": wanted,
        "account": declared.account or (pool.accounts[0] if pool.accounts else None),
        "walltime": slurm_time(walltime) if walltime else None,
        "job-cpu": declared.cores,
        "job-mem": f"{mebibytes(declared.memory)}M",
        "job-extra-directives": [f"--qos={qos[0]}"] if qos else [],
        "job-script-prologue": [f"unset {' '.join(pool.unset)}"] if pool.unset else [],
    }


def _htcondor(facility: Facility, declared: Jobqueue, pool: HTCondorPool, queue: Queue | None) -> dict[str, Any]:
    disk = declared.disk or pool.default_disk or _DISK_PER_CORE * declared.cores
    directives: dict[str, str] = {}
    if group := declared.account or next(iter(pool.accounting_groups), None):
        directives["accounting_group"] = group
    for name, value in (queue.attributes if queue else {}).items():
        directives[f"+{name}"] = str(submit_literal(value))
    return {
        "disk": format_bytes(disk),
        "job-extra-directives": directives | _image(facility, pool),
        # Variables of the notebook do not reach a job, unless the user forwards them.
        "job-script-prologue": [f"unset {' '.join(pool.unset)}"] if pool.unset else [],
    }


def _image(facility: Facility, pool: HTCondorPool) -> dict[str, str]:
    """What makes a worker run in the site's image, in the way that the pool runs containers."""
    images, image = facility.images, worker_image(facility)
    if images is None or image is None:
        return {}
    reference = pull_reference(image.reference)
    place = unpacked_path(images.unpacked, image.reference) or f"docker://{reference}"
    made = {
        "container": {"universe": "container", "container_image": place},
        "docker": {"universe": "docker", "docker_image": reference},
        "vanilla": {"universe": "vanilla", "MY.SingularityImage": str(submit_literal(place))},
    }[pool.container_universe]
    # The image's own /bin/sh, not a copy of the submit host's.
    return made | {"transfer_executable": "False"}
