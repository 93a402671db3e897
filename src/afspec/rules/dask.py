"""AF33: Dask clusters that could not start where the spec sends them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind
from afspec.facility.quantities import format_bytes, format_duration
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import beyond, default_slots, names, refused, slots_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Partition, Queue, SlurmPool
    from afspec.facility.dask import Jobqueue


class Target(NamedTuple):
    """Where dask-jobqueue's workers run, as far as it is known."""

    jobqueue: Jobqueue
    pool: SlurmPool | HTCondorPool | None
    slots: Partition | Queue | None


def _target(facility: Facility) -> Target | None:
    jobqueue = facility.dask.jobqueue if facility.dask else None
    if jobqueue is None or refused(jobqueue):
        return None
    if jobqueue.pool is not None:
        pool = by_name(facility.batch, jobqueue.pool)
    else:
        pool = facility.jobqueue_pool or next(iter(facility.batch), None)
    if pool is None:
        return Target(jobqueue, None, None)
    wanted = jobqueue.slots or default_slots(pool)
    slots: Partition | Queue | None = next((slots for slots in pool.slots if slots.name == wanted), None)
    return Target(jobqueue, pool, slots)


class AF3301(Rule):
    """Dask's workers are sent where there is nothing.

    dask-jobqueue submits its workers there: a pool or partition that is not there refuses them, and the user's cluster
    stays without workers and without an error.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name a pool under `batch:`, and one of its partitions or queues."""
        target = _target(facility)
        if target is None:
            return
        jobqueue, pool, slots = target
        if pool is None:
            if jobqueue.pool is not None:
                yield unknown("/dask/jobqueue/pool", jobqueue.pool, names(facility.batch), f"no pool `{jobqueue.pool}`")
            elif jobqueue.offered:
                yield Finding("/dask/jobqueue", "the spec describes no batch pool")
            return
        if jobqueue.slots is not None and slots is None:
            detail = f"no {slots_noun(pool)} `{jobqueue.slots}` in pool `{pool.name}`"
            yield unknown("/dask/jobqueue/slots", jobqueue.slots, names(pool.slots), detail)
        for field, part in (("pool", pool), ("slots", slots)):
            if jobqueue.offered and part is not None and part.stance and not part.offered:
                yield Finding(f"/dask/jobqueue/{field}", f"`{part.name}` is {part.standing}")


class AF3302(Rule):
    """Dask's port ranges overlap.

    Who comes second on a port cannot listen. The cluster then starts on some nodes and not on others, by chance.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give scheduler, worker and dashboard ports of their own; both ends of a range belong to it."""
        jobqueue = facility.dask.jobqueue if facility.dask else None
        if jobqueue is None or jobqueue.ports is None:
            return
        ports = jobqueue.ports
        ranges = [("scheduler", ports.scheduler), ("worker", ports.worker), ("dashboard", ports.dashboard)]
        given = [(name, range_) for name, range_ in ranges if range_ is not None]
        for (one, first), (other, second) in combinations(given, 2):
            if first.overlaps(second):
                yield Finding(f"/dask/jobqueue/ports/{other}", f"{other} {second} and {one} {first}")


class AF3303(Rule):
    """Dask worker asks for more than one job may have.

    The scheduler never starts such a worker job. In the notebook the computation waits, and nothing says why.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Ask for less under `dask: jobqueue:`, or send the workers to a larger partition or queue."""
        target = _target(facility)
        if target is None or target.pool is None:
            return
        jobqueue, pool, slots = target.jobqueue, target.pool, target.slots
        if slots is None:
            # Of a pool as a whole only the walltime limits a job: its cores are those of all nodes.
            asked = [("walltime", jobqueue.walltime, pool.max_walltime, format_duration)]
            yield from beyond("/dask/jobqueue", f"pool `{pool.name}`", asked)
            return
        yield from beyond(
            "/dask/jobqueue",
            f"{slots_noun(pool)} `{slots.name}`",
            (
                ("cores", jobqueue.cores, slots.cores, str),
                ("memory", jobqueue.memory, slots.memory, format_bytes),
                ("walltime", jobqueue.walltime, slots.max_walltime or pool.max_walltime, format_duration),
            ),
        )


class AF3304(Rule):
    """Dask workers on HTCondor do not say how much disk they need.

    HTCondor matches jobs by the disk that they request, and dask-jobqueue leaves that decision to the site.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add `disk:`: dask-jobqueue's HTCondorCluster does not start without it."""
        target = _target(facility)
        if target is None or target.pool is None or not target.jobqueue.offered:
            return
        if target.pool.scheduler == "htcondor" and target.jobqueue.disk is None:
            yield Finding("/dask/jobqueue/disk")


class AF3305(Rule):
    """Dask Gateway runs its workers on a scheduler that the facility does not have.

    dask-gateway has back ends for Kubernetes, Slurm, PBS and its own machine. With another one the gateway starts, and
    no cluster ever does.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe the Slurm pool under `batch:`, or choose another `backend:`; there is none for HTCondor."""
        gateway = facility.dask.gateway if facility.dask else None
        if gateway is None or gateway.backend != "slurm":
            return
        if not any(pool.scheduler == "slurm" for pool in facility.batch):
            yield Finding("/dask/gateway/backend", f"`{gateway.backend}`")


class AF3306(Rule):
    """Dask Gateway asks a JupyterHub that the facility does not have.

    With `auth: jupyterhub` the gateway shows every user's token to the hub; without one nobody gets a cluster.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe the hub under `jupyter:`, or choose another `auth:`; portals and Open OnDemand are not hubs."""
        gateway = facility.dask.gateway if facility.dask else None
        if gateway is None or refused(gateway) or gateway.auth != "jupyterhub":
            return
        casa = facility.services.coffea_casa  # which is a JupyterHub, too
        hubs = [way for way in facility.jupyter if way.kind in _HUBS and not refused(way)]
        if not hubs and (casa is None or refused(casa)):
            yield Finding("/dask/gateway/auth", "`jupyterhub`")
        elif gateway.cluster.hub is not None and gateway.cluster.hub not in names(tuple(hubs)):
            yield unknown("/dask/gateway/cluster/hub", gateway.cluster.hub, names(tuple(hubs)))


_HUBS = (JupyterKind.HUB_VM, JupyterKind.HUB_KUBERNETES)


class AF3307(Rule):
    """Dask workers are charged to an account that their pool does not list.

    Slurm refuses the jobs ("Invalid account or account/partition combination specified"), HTCondor may leave them idle;
    the user sees a cluster that never gets a worker.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name one of the pool's accounts or accounting groups, or list it there; left out, it is the first."""
        target = _target(facility)
        account = target.jobqueue.account if target else None
        if target is None or target.pool is None or account is None:
            return
        pool = target.pool
        known = pool.accounts if pool.scheduler == "slurm" else pool.accounting_groups
        # A pool that lists none says nothing about them; a group's users and subgroups are in it.
        if known and not any(f"{account}.".startswith(f"{name}.") for name in known):
            yield unknown("/dask/jobqueue/account", account, known)
