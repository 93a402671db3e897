"""Slurm: batch scripts for every partition that users may name, and a small replica of each pool.

`job` works out what a script asks of a partition, `container` where its image comes from, `replica` what a pool
needs to run on one machine; the templates only write that down. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.facility import Stance
from afspec.generators import Artifact, Format, Generator

from .container import Container
from .job import Job, cpu_job, gpu_job
from .replica import Replica

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import Partition, SlurmPool

__all__ = ["Slurm"]


class Slurm(Generator):
    """Batch scripts for sbatch, and a small Slurm with the same names on one machine."""

    name: ClassVar[str] = "slurm"

    def applies(self, facility: Facility) -> bool:
        """Where users may use a Slurm pool."""
        return bool(facility.slurm_pools)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Scripts by partition, then the replica's configuration, pool by pool."""
        pools = facility.slurm_pools
        for pool in pools:
            folder = "slurm" if len(pools) == 1 else f"slurm/{pool.name}"
            prefix = "" if len(pools) == 1 else f"{pool.name}-"
            asked = []
            for partition in _partitions(pool):
                here = f"{folder}/{partition.name if partition else 'default'}"
                for script in _scripts(facility, pool, partition, here):
                    asked.append(script.job)
                    yield self.template(
                        "container.sh.j2" if script.container else "job.sh.j2",
                        script.path,
                        Format.SHELL,
                        executable=True,
                        facility=facility,
                        pool=pool,
                        script=script,
                        job=script.job,
                        container=script.container,
                    )
            yield from self._replica(facility, Replica.of(pool, prefix, asked), f"{folder}/replica")

    def _replica(self, facility: Facility, replica: Replica, folder: str) -> Iterator[Artifact]:
        for name in ("slurm.conf", "slurmdbd.conf", "gres.conf", "my.cnf"):
            yield self.template(f"{name}.j2", f"{folder}/{name}", Format.INI, facility=facility, replica=replica)
        scripts = ("prepare.sh", "accounts.sh", *(("task-prolog.sh", "epilog.sh") if replica.scratch else ()))
        for name in scripts:
            yield self.template(
                f"{name}.j2", f"{folder}/{name}", Format.SHELL, executable=True, facility=facility, replica=replica
            )
        yield Artifact(f"{folder}/nodes.txt", "".join(f"{node.name}\n" for node in replica.nodes), Format.TEXT)


class Script(NamedTuple):
    """A script: where it goes, what it asks for, the image it runs in, what a user should know first."""

    path: str
    job: Job
    container: Container | None
    standing: str


def _partitions(pool: SlurmPool) -> tuple[Partition | None, ...]:
    """The partitions that users may name; None stands for a pool that has no partitions to name."""
    return tuple(part for part in pool.partitions if part.offered) if pool.partitions else (None,)


def _standing(partition: Partition | None) -> str:
    """What a user should know of a partition before a job waits for it; nothing where it is simply promised."""
    if partition is None:
        return ""
    word = "" if partition.stance is Stance.PROMISED else partition.standing.replace("_", " ")
    return ". ".join(filter(None, (word, partition.note)))


def _scripts(facility: Facility, pool: SlurmPool, partition: Partition | None, folder: str) -> Iterator[Script]:
    """The scripts of a partition."""
    standing = _standing(partition)
    cpu = cpu_job(pool, partition)
    gpu = gpu_job(pool, partition) if partition and partition.gpus else None
    yield Script(f"{folder}/cpu.sh", cpu, None, standing)
    if gpu:
        yield Script(f"{folder}/gpu.sh", gpu, None, standing)
    if container := Container.of(facility, pool):
        yield Script(f"{folder}/container.sh", (gpu or cpu)._replace(kind="container"), container, standing)
