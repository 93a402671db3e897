"""A pool's own configuration for a replica on one machine: the real groups, queues and limits, pretended hardware.

Macros are those of the HTCondor manual, "Configuration Macros".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.quantities import mebibytes
from afspec.generators.quoting import Raw, submit_literal, submit_literals

from .job import USUAL_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Queue
    from afspec.facility.replica import HTCondorReplica


class Node(NamedTuple):
    """A startd: its local name, and whether it pretends to have GPUs."""

    name: str
    daemon: str
    gpus: bool


class Group(NamedTuple):
    """An accounting group and its part of the group above it."""

    name: str
    quota: str


class Containers(NamedTuple):
    """What runs jobs in containers, and which folders of the machine they see there."""

    executable: str
    binds: tuple[str, ...]
    # Whether jobs ask for one by an attribute of the site's own (+SingularityImage), which HTCondor must be told of.
    by_attribute: bool

    @property
    def bind_expression(self) -> Raw:
        """The folders as a ClassAd."""
        return submit_literal(" ".join(self.binds))


class Replica(NamedTuple):
    """What the templates of the configuration write down."""

    settings: HTCondorReplica
    memory: int
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    promised_groups: tuple[str, ...]
    start: Raw
    longest: Raw | None
    containers: Containers | None

    @classmethod
    def of(cls, facility: Facility, pool: HTCondorPool) -> Replica:
        """The replica of a pool; its nodes are never smaller than what the compiled submit files ask for."""
        settings = pool.replica
        queues = [queue for queue in pool.queues if queue.offered]
        gpus = any(facility.queue_has_gpus(pool, queue) for queue in queues or (None,))
        names = [f"n{index + 1}" for index in range(settings.nodes)]
        return cls(
            settings=settings,
            memory=mebibytes(max(settings.memory, pool.default_memory or USUAL_MEMORY)),
            nodes=tuple(Node(name, f"STARTD_{name.upper()}", gpus and name == names[-1]) for name in names),
            groups=tuple(_groups(pool.accounting_groups)),
            promised_groups=pool.accounting_groups,
            start=_start(queues),
            longest=_longest(queues, pool.max_walltime),
            containers=_containers(facility, pool),
        )


def _containers(facility: Facility, pool: HTCondorPool) -> Containers | None:
    """None where the facility has no Apptainer."""
    images = facility.images
    if images is None or not images.offered or images.runtime != "apptainer":
        return None
    binds = tuple(dict.fromkeys((*images.binds, *pool.binds)))
    return Containers(images.executable or "/usr/bin/apptainer", binds, pool.container_universe == "vanilla")


def _groups(names: tuple[str, ...]) -> Iterable[Group]:
    """The groups and those above them, which HTCondor wants to be named too; siblings share alike."""
    every = sorted({".".join(name.split(".")[: depth + 1]) for name in names for depth in range(name.count(".") + 1)})
    for name in every:
        siblings = [other for other in every if other.rpartition(".")[0] == name.rpartition(".")[0]]
        yield Group(name, f"{1 / len(siblings):.6f}")


def _selects(queue: Queue, scope: str) -> str:
    return " && ".join(f"({scope}.{name} =?= {value})" for name, value in submit_literals(queue.attributes).items())


def _start(queues: list[Queue]) -> Raw:
    """Which jobs a node takes: those of a known queue; a queue that needs no attribute takes all others."""
    if not queues or any(not queue.attributes for queue in queues):
        return Raw("True")
    return Raw(" || ".join(f"({_selects(queue, 'TARGET')})" for queue in queues))


def _longest(queues: list[Queue], pool_limit: int | None) -> Raw | None:
    """The longest that a job may run, by its queue; None where nothing is limited."""
    limits = [(queue, queue.max_walltime or pool_limit) for queue in queues]
    rest = next((limit for queue, limit in limits if not queue.attributes), pool_limit)
    if not any(limit for _, limit in limits) and not rest:
        return None
    expression = str(rest) if rest else "undefined"
    # A queue that more attributes select is the more special one: it is asked first, so it is written last.
    for queue, limit in sorted(limits, key=lambda pair: len(pair[0].attributes)):
        if queue.attributes:
            expression = f"ifThenElse({_selects(queue, 'MY')}, {limit or 'undefined'}, {expression})"
    return Raw(expression)
