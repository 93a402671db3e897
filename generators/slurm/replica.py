"""A pool's own configuration for a replica on one machine: the real names and limits, pretended hardware.

Keys are those of slurm.conf(5), slurmdbd.conf(5) and gres.conf(5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.quantities import mebibytes, slurm_time

from .job import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from afspec.facility.batch import Partition, SlurmPool
    from afspec.facility.replica import SlurmReplica

    from .job import Job


class Gres(NamedTuple):
    """Pretended GPUs of one model: something to schedule, and never proof of a GPU."""

    model: str
    number: int
    folder: str

    @property
    def files(self) -> str:
        """As many devices as GPUs, each with its own name (gres.conf: File)."""
        numbers = f"[0-{self.number - 1}]" if self.number > 1 else "0"
        return f"{self.folder}/{self.model}-{numbers}"

    @property
    def paths(self) -> tuple[str, ...]:
        """The same devices, one by one."""
        return tuple(f"{self.folder}/{self.model}-{index}" for index in range(self.number))


class Node(NamedTuple):
    """A slurmd."""

    name: str
    port: int
    features: tuple[str, ...]
    gres: tuple[Gres, ...]


class ReplicaPartition(NamedTuple):
    """A partition under its real name."""

    name: str
    nodes: str
    max_time: str
    qos: tuple[str, ...]
    default: bool


class Replica(NamedTuple):
    """What the templates of the configuration write down."""

    cluster: str
    settings: SlurmReplica
    cpus: int
    memory: int
    memory_per_cpu: int
    nodes: tuple[Node, ...]
    partitions: tuple[ReplicaPartition, ...]
    accounts: tuple[str, ...]
    qos: tuple[str, ...]
    # Where a job's own scratch folder is made, and the variable that names it, where the site has both.
    scratch: str | None
    scratch_variable: str | None

    @classmethod
    def of(cls, pool: SlurmPool, prefix: str, jobs: Sequence[Job]) -> Replica:
        """The replica of a pool; its nodes are never smaller than what `jobs`, the compiled scripts, ask for.

        Raises:
            ValueError: a name cannot be written in slurm.conf.
        """
        settings = pool.replica
        for path in (settings.directory, settings.munge_socket, settings.storage_password):
            plain(path)
        cpus = max([settings.cores, *(job.cpus for job in jobs)])
        memory = mebibytes(max([settings.memory, *(job.memory or 0 for job in jobs)]))
        names = [f"{prefix}n{index + 1}" for index in range(settings.nodes)]
        partitions = [partition for partition in pool.partitions if partition.offered]
        return cls(
            cluster=plain(pool.name).lower(),
            settings=settings,
            cpus=cpus,
            memory=memory,
            memory_per_cpu=min(mebibytes(pool.default_memory), memory) if pool.default_memory else memory // cpus,
            nodes=tuple(_nodes(names, settings, partitions)),
            partitions=tuple(_partitions(names, pool, partitions)),
            accounts=pool.accounts or ("users",),
            qos=tuple(dict.fromkeys((*pool.qos, *(qos for partition in partitions for qos in partition.qos)))),
            scratch=pool.scratch if pool.scratch_variable else None,
            scratch_variable=pool.scratch_variable if pool.scratch else None,
        )


def _nodes(names: list[str], settings: SlurmReplica, partitions: list[Partition]) -> Iterable[Node]:
    """Every node serves every partition without GPUs; only the last one has GPUs."""
    for index, name in enumerate(names):
        last = index == len(names) - 1
        served = [partition for partition in partitions if last or not partition.gpus]
        features = dict.fromkeys(plain(feature) for partition in served for feature in partition.features)
        models: dict[str, int] = {}
        for gpu in (gpu for partition in served for gpu in partition.gpus):
            models[plain(gpu.name)] = max(gpu.count, models.get(gpu.name, 0))
        gres = tuple(Gres(*model, folder=f"{settings.directory}/gpu") for model in models.items())
        yield Node(name, settings.node_port + index, tuple(features), gres)


def _partitions(names: list[str], pool: SlurmPool, partitions: list[Partition]) -> Iterable[ReplicaPartition]:
    for partition in partitions:
        if partition.name.lower() == "default":
            raise ValueError(f"slurm.conf keeps the partition name {partition.name} for the defaults of the others")
        longest = partition.max_walltime or pool.max_walltime
        yield ReplicaPartition(
            name=plain(partition.name),
            nodes=names[-1] if partition.gpus else ",".join(names),
            max_time=slurm_time(longest) if longest else "UNLIMITED",
            qos=tuple(map(plain, partition.qos)),
            default=partition.name == pool.default_partition,
        )
    if not partitions:
        longest = pool.max_walltime
        yield ReplicaPartition(
            "main", ",".join(names), slurm_time(longest) if longest else "UNLIMITED", (), default=True
        )
