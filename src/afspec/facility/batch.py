"""Section `batch`: the pools of a facility, each Slurm or HTCondor, with what users may ask of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from afspec.facility.common import Architecture, Capability, Named, NamedCapability
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.replica import HTCondorReplica, SlurmReplica
from afspec.facility.words import (
    Attribute,
    Count,
    EnvironmentName,
    Flag,
    Host,
    Name,
    Path,
    Text,
    UserPath,
    Version,
    Whole,
    Word,
)
from afspec.facility.workers import Workers

AttributeValue = Flag | Whole | Text


class GpuRequest(Named):
    """GPUs of one model, per node."""

    name: Name = Field(description="The model, as named under `gpus: models:`.", examples=["a100"])
    count: Count = Field(1, description="How many a node has.")


class Slots(NamedCapability):
    """Machines of one kind that jobs are sent to: a Slurm partition or an HTCondor queue."""

    nodes: Count | None = Field(None, description="How many nodes.")
    cores: Count | None = Field(None, description="Cores a node (Slurm), or cores in all (an HTCondor queue).")
    memory: Bytes | None = Field(None, description="Memory a node.")
    architecture: Architecture = Field(Architecture.X86_64, description="Processor architecture.")
    max_walltime: Duration | None = Field(None, description="The longest job.")
    gpus: tuple[GpuRequest, ...] = Field((), description="GPUs a node.")
    features: tuple[Word, ...] = Field((), description="Features that jobs can ask for.")
    scratch: Bytes | None = Field(None, description="Local scratch space a node.")


class Partition(Slots):
    """A Slurm partition."""

    qos: tuple[Word, ...] = Field((), description="The QOS that jobs here must use; left out, the pool's.")


class Queue(Slots):
    """An HTCondor queue: a class of jobs that a submit file selects by attributes."""

    attributes: dict[Attribute, AttributeValue] = Field(
        {}, description="Job attributes that select it, written as +NAME = value.", examples=[{"queue": "short"}]
    )


class Elastic(Capability):
    """Capacity beyond the pool's own: bursting, autoscaling or overflow to another pool."""

    kind: Literal["burst", "autoscale", "overflow"] = Field(description="How the capacity grows.")
    cores: Count | None = Field(None, description="Cores in all once it has grown.")
    mechanism: Text | None = Field(None, description="What makes it grow.", examples=["htcondor-autoscale-manager"])
    attributes: dict[Attribute, AttributeValue] = Field({}, description="Job attributes that ask for it.")
    workers: Workers | None = Field(None, description="The pods that it grows by (autoscale, on the site's cluster).")


class Pool(NamedCapability):
    """What Slurm and HTCondor pools share."""

    version: Version | None = Field(None, description="The scheduler's version.")
    head: Host | None = Field(None, description="The controller (Slurm), or the central manager (HTCondor).")
    nodes: Count | None = Field(None, description="Nodes in all.")
    cores: Count | None = Field(None, description="Cores in all.")
    max_walltime: Duration | None = Field(None, description="The longest job anywhere in the pool.")
    default_memory: Bytes | None = Field(None, description="Memory that a job asks for unless it says otherwise.")
    elastic: tuple[Elastic, ...] = Field((), description="Bursting, autoscaling, overflow.")
    log_directory: UserPath | None = Field(None, description="Where job logs belong, where it matters.")
    scratch: UserPath | None = Field(None, description="A job's own scratch folder.", examples=["/lscratch"])
    scratch_variable: EnvironmentName | None = Field(None, description="The variable that names it in a job.")
    unset: tuple[EnvironmentName, ...] = Field((), description="Variables that break jobs, unset before submitting.")
    binds: tuple[Path, ...] = Field((), description="Paths that make the batch client work inside a container.")


class SlurmPool(Pool):
    """A Slurm cluster."""

    scheduler: Literal["slurm"]
    accounts: tuple[Word, ...] = Field(
        (), description="Accounts; the first is the default.", examples=[["atlas:usatlas"]]
    )
    qos: tuple[Word, ...] = Field(
        (), description="QOS; the first is the default.", examples=[["normal", "preemptable"]]
    )
    partitions: tuple[Partition, ...] = Field((), description="Partitions that users may name.")
    default_partition: Name | None = Field(None, description="The partition of a job that names none.")
    replica: SlurmReplica = Field(SlurmReplica(), description="How a miniature of it runs on one machine.")

    @property
    def slots(self) -> tuple[Partition, ...]:
        """Partitions, under the name that both schedulers share."""
        return self.partitions

    @property
    def title(self) -> str:
        """The scheduler as people write it."""
        return "Slurm"


class HTCondorPool(Pool):
    """An HTCondor pool."""

    scheduler: Literal["htcondor"]
    accounting_groups: tuple[Word, ...] = Field((), description="Accounting groups; the first is the default.")
    queues: tuple[Queue, ...] = Field((), description="Queues that submit files select.")
    default_queue: Name | None = Field(None, description="The queue of a job that selects none.")
    default_disk: Bytes | None = Field(None, description="Disk that a job asks for unless it says otherwise.")
    container_universe: Literal["container", "docker", "vanilla"] = Field(
        "container", description="How a job gets its container; vanilla wraps it with +SingularityImage."
    )
    gpu_attributes: dict[Attribute, AttributeValue] = Field({}, description="Job attributes that a GPU job needs.")
    proxy: Flag | None = Field(
        None, description="Whether jobs take the user's grid proxy along: x509userproxy = $ENV(X509_USER_PROXY)."
    )
    shared_home: Flag = Field(default=True, description="Whether jobs see the users' home folders.")
    replica: HTCondorReplica = Field(HTCondorReplica(), description="How a miniature of it runs on one machine.")

    @property
    def slots(self) -> tuple[Queue, ...]:
        """Queues, under the name that both schedulers share."""
        return self.queues

    @property
    def title(self) -> str:
        """The scheduler as people write it."""
        return "HTCondor"


BatchPool = Annotated[SlurmPool | HTCondorPool, Field(discriminator="scheduler")]
