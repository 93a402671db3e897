"""What a session asks of a machine or a batch pool: never more than its limits, and what its slots have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import by_name

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Partition, Queue, SlurmPool
    from afspec.facility.jupyter import Jupyter, Profile

# What a server, a kernel and a small analysis in it need.
USUAL_MEMORY = 2 * 1024**3


class Choice(NamedTuple):
    """A session that a user may ask for: lines of the batch script, limits in cores and bytes.

    Without lines it runs on the hub's own machine; `image` is what it runs in unless the user says otherwise.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    cpu: int | None
    memory: int | None
    image: str | None = None


def pool_of(facility: Facility, jupyter: Jupyter) -> SlurmPool | HTCondorPool | None:
    """The pool of the sessions: the one that is named, else the first of the spawner's scheduler."""
    fitting = [pool for pool in facility.batch if pool.offered and pool.scheduler == jupyter.spawner]
    return by_name(fitting, jupyter.pool) if jupyter.pool else next(iter(fitting), None)


def local(jupyter: Jupyter, profile: Profile | None) -> Choice:
    """A session on the hub's own machine."""
    limits = jupyter.limits
    cpu = (profile.cpu if profile else None) or (limits.cpu if limits else None)
    memory = (profile.memory if profile else None) or (limits.memory if limits else None)
    return Choice(*names(profile), (), cpu, memory)


def names(profile: Profile | None) -> tuple[str, str]:
    """A choice's name, and what users see."""
    return (profile.name, profile.title or profile.name) if profile else ("default", "default")


def cores_and_memory(
    jupyter: Jupyter, profile: Profile | None, default: int | None, most: int | None
) -> tuple[int, int]:
    """Cores and bytes of memory; never more than a session may ask for, or a node has."""
    limits = jupyter.limits
    memory = (profile.memory if profile else None) or default or USUAL_MEMORY
    bounds = [bound for bound in (limits.memory if limits else None, most) if bound]
    return (profile.cpu if profile else None) or 1, min([memory, *bounds])


def walltime(jupyter: Jupyter, slots: Partition | Queue | None, pool: SlurmPool | HTCondorPool) -> int | None:
    """Seconds until the scheduler ends a session; None where nothing limits it."""
    limits = jupyter.limits
    known = (limits.duration if limits else None, (slots.max_walltime if slots else None) or pool.max_walltime)
    return min((limit for limit in known if limit), default=None)
