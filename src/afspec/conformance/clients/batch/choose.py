"""The client of a pool, for a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.conformance.clients.batch.htcondor import HTCondor
from afspec.conformance.clients.batch.slurm import Slurm
from afspec.facility.batch import SlurmPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from afspec.conformance.clients.batch.interface import Batch, Shell
    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer
    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool


def pool_named(facility: Facility, name: str) -> SlurmPool | HTCondorPool:
    """A pool of a facility; LookupError where it has none of that name."""
    for pool in facility.batch:
        if pool.name == name:
            return pool
    raise LookupError(f"no pool {name}")


def pool_of(probe: Probe) -> SlurmPool | HTCondorPool:
    """The pool that a check is about: the one that its subject names."""
    return pool_named(probe.facility, probe.instance.subject.keys["pool"])


def usual_slots(pool: SlurmPool | HTCondorPool) -> str | None:
    """The partition or queue of jobs that name none; None for the pool as a whole."""
    usual = pool.default_partition if isinstance(pool, SlurmPool) else pool.default_queue
    offered = [slots.name for slots in pool.slots if slots.offered]
    return usual if usual in offered else next(iter(offered), None)


def client(facility: Facility, files: Mapping[str, str], pool: SlurmPool | HTCondorPool, sh: Shell) -> Batch:
    """The client of a pool, over a shell of the facility."""
    if isinstance(pool, SlurmPool):
        return Slurm(sh, pool, files, "slurm" if len(facility.slurm_pools) == 1 else f"slurm/{pool.name}")
    folder = "htcondor" if len(facility.htcondor_pools) == 1 else f"htcondor/{pool.name}"
    return HTCondor(sh, pool, files, folder)


def batch_of(probe: Probe, pool: SlurmPool | HTCondorPool | None = None, vantage: str = "") -> Batch:
    """The client of a pool at a check's vantage; left out, of the pool that the check is about."""

    def sh(script: str, *args: str, timeout: float = 30, hosts: Callable[[str], Iterable[str]] | None = None) -> Answer:
        return probe.sh(script, *args, timeout=timeout, vantage=vantage, hosts=hosts)

    return client(probe.facility, probe.run.files, pool or pool_of(probe), sh)
