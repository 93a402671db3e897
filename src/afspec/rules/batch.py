"""AF31: batch pools that contradict themselves, and GPUs that are not described or do not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.batch import SlurmPool
from afspec.facility.quantities import format_duration
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import default_slots, each_slots, names, slots_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool


class AF3101(Rule):
    """Default partition or queue is not one of the pool's."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name one that the pool lists, or list it."""
        for pool in facility.batch:
            default, known = default_slots(pool), names(pool.slots)
            if default is not None and default not in known:
                yield unknown(f"/batch/{pool.name}/default_{slots_noun(pool)}", default, known)


class AF3102(Rule):
    """Partition or queue allows longer jobs than its pool."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower its `max_walltime:`, or raise the pool's: that is the longest job anywhere in it."""
        for pointer, pool, slots in each_slots(facility):
            longest, limit = slots.max_walltime, pool.max_walltime
            if longest and limit and longest > limit:
                detail = f"{format_duration(longest)} in a pool of {format_duration(limit)}"
                yield Finding(f"{pointer}/max_walltime", detail)


class AF3103(Rule):
    """Partition or queue names a GPU that the facility does not describe."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the model under `gpus: models:`, or correct the name."""
        for pointer, _pool, slots in each_slots(facility):
            for gpu in slots.gpus:
                if gpu.name not in facility.gpu_names:
                    yield unknown(f"{pointer}/gpus/{gpu.name}", gpu.name, facility.gpu_names)


def _held(pool: SlurmPool | HTCondorPool, model: str) -> int:
    """How many GPUs of a model a pool holds at least, by its partitions."""
    held = [slots.nodes * gpu.count for slots in pool.slots for gpu in slots.gpus if slots.nodes and gpu.name == model]
    # More nodes in the partitions than in the pool: partitions share nodes, so that nothing may be added up.
    shared = pool.nodes is not None and sum(slots.nodes or 0 for slots in pool.slots) > pool.nodes
    return max(held, default=0) if shared else sum(held)


class AF3104(Rule):
    """Partitions hold more GPUs of a model than the facility says it has."""

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct `count:`, or the partitions' nodes and GPUs; if partitions share nodes, give the pool's `nodes:`."""
        for gpu in facility.gpus.models if facility.gpus else ():
            held = sum(_held(pool, gpu.name) for pool in facility.batch)
            if gpu.count is not None and held > gpu.count:
                yield Finding(f"/gpus/models/{gpu.name}/count", f"{held} of `{gpu.name}`, not {gpu.count}")


class AF3105(Rule):
    """Partition needs a QOS that its pool does not list."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add the QOS to the pool's `qos:`, or correct the partition's."""
        for pool in facility.batch:
            # A pool that lists none says nothing about them.
            if not isinstance(pool, SlurmPool) or not pool.qos:
                continue
            for partition in pool.partitions:
                for index, qos in enumerate(partition.qos):
                    if qos not in pool.qos:
                        yield unknown(f"/batch/{pool.name}/partitions/{partition.name}/qos/{index}", qos, pool.qos)
