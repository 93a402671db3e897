"""What a batch script asks of a partition: never more than a node has, and by default its fair share of one.

Options are those of sbatch(1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.quantities import mebibytes, slurm_time

if TYPE_CHECKING:
    from afspec.facility.batch import Partition, SlurmPool

HOUR = 3600
USUAL_WALLTIME = 4 * HOUR

# sbatch splits a #SBATCH line as a shell would, but nothing is ever expanded there: such marks only do harm.
_PLAIN = re.compile(r"[A-Za-z0-9_.:@+/,=%-]+\Z")


def plain(value: object) -> str:
    """The value as text that needs no quotes in a #SBATCH line or in slurm.conf.

    Raises:
        ValueError: it holds a space, a quote, or another mark that Slurm would read as more than a part of the value.
    """
    text = str(value)
    if _PLAIN.match(text) is None:
        raise ValueError(f"{text!r} cannot be written in a #SBATCH line or in slurm.conf, where nothing can be quoted")
    return text


class Job(NamedTuple):
    """The request of one script."""

    kind: str
    partition: str | None
    account: str | None
    qos: str | None
    cpus: int
    memory: int | None
    walltime: int
    gpu: str | None
    output: str

    @property
    def name(self) -> str:
        """The job's name, after the script."""
        return f"{self.partition}-{self.kind}" if self.partition else self.kind

    @property
    def directives(self) -> tuple[str, ...]:
        """The options of the #SBATCH lines, in sbatch's long form.

        Raises:
            ValueError: a value cannot be written without quotes.
        """
        options = {
            "job-name": self.name,
            "account": self.account,
            "partition": self.partition,
            "qos": self.qos,
            "nodes": 1,
            "ntasks": 1,
            "cpus-per-task": self.cpus,
            "mem": f"{mebibytes(self.memory)}M" if self.memory else None,
            "gpus": f"{self.gpu}:1" if self.gpu else None,
            "time": slurm_time(self.walltime),
            "output": self.output,
        }
        return tuple(f"--{option}={plain(value)}" for option, value in options.items() if value is not None)


def cpu_job(pool: SlurmPool, partition: Partition | None) -> Job:
    """One core, with the pool's default memory or the core's share of the node's."""
    memory = _share(partition, 1)
    if pool.default_memory:
        most = partition.memory if partition and partition.memory else pool.default_memory
        memory = min(pool.default_memory, most)
    return _job("cpu", pool, partition, 1, memory, gpu=None)


def gpu_job(pool: SlurmPool, partition: Partition) -> Job:
    """One GPU, with its share of the node's cores and memory: a bigger request would keep other GPUs idle."""
    cpus = max(1, (partition.cores or 1) // sum(gpu.count for gpu in partition.gpus))
    memory = _share(partition, cpus) or pool.default_memory
    return _job("gpu", pool, partition, cpus, memory, gpu=partition.gpus[0].name)


def _share(partition: Partition | None, cpus: int) -> int | None:
    """Bytes of a node's memory that go with some of its cores; None where the spec does not say."""
    if partition is None or not (partition.memory and partition.cores):
        return None
    return partition.memory * cpus // partition.cores


def _job(
    kind: str, pool: SlurmPool, partition: Partition | None, cpus: int, memory: int | None, *, gpu: str | None
) -> Job:
    qos = (partition.qos if partition else ()) or pool.qos
    longest = (partition.max_walltime if partition else None) or pool.max_walltime or USUAL_WALLTIME
    return Job(
        kind=kind,
        partition=partition.name if partition else None,
        account=pool.accounts[0] if pool.accounts else None,
        qos=qos[0] if qos else None,
        cpus=cpus,
        memory=memory,
        walltime=min(USUAL_WALLTIME, longest),
        gpu=gpu,
        output=_output(pool),
    )


def _output(pool: SlurmPool) -> str:
    """The output file as sbatch's pattern, which knows a user's name (%u) but not the name's first letter."""
    folder = pool.log_directory
    if folder is None or "<u>" in folder:
        return "%x-%j.out"
    return folder.replace("%", "%%").replace("<user>", "%u") + "/%x-%j.out"
