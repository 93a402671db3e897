"""AF31: batch pools that contradict themselves, and GPUs that are not described or do not add up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.batch import SlurmPool
from afspec.facility.quantities import format_bytes, format_duration
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import default_slots, each_slots, longest_job, names, slots_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool


class AF3101(Rule):
    """Default partition or queue is not one of the pool's.

    Every job that names no partition goes there: Slurm refuses all of them, and Dask's workers and notebooks with
    them.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name one that the pool lists, or list it."""
        for pool in facility.batch:
            default, known = default_slots(pool), names(pool.slots)
            if default is not None and default not in known:
                yield unknown(f"/batch/{pool.name}/default_{slots_noun(pool)}", default, known)


class AF3102(Rule):
    """Partition or queue allows longer jobs than its pool.

    A scheduler applies the smaller of the two limits. Who believes the larger loses a job, and what it has computed,
    at the smaller.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower its `max_walltime:`, or raise the pool's: that is the longest job anywhere in it."""
        for pointer, pool, slots in each_slots(facility):
            longest, limit = slots.max_walltime, pool.max_walltime
            if longest and limit and longest > limit:
                detail = f"{format_duration(longest)} in a pool of {format_duration(limit)}"
                yield Finding(f"{pointer}/max_walltime", detail)


class AF3103(Rule):
    """Partition or queue names a GPU that the facility does not describe.

    Job files, slurm.conf and the users' page take the model from the inventory. A name that is not there asks for GPUs
    that no node has, and such a job waits for ever.
    """

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
    """Partitions hold more GPUs of a model than the facility says it has.

    Either the inventory promises too few or the partitions too many: one of the two numbers is what users plan their
    work by.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct `count:`, or the partitions' nodes and GPUs; if partitions share nodes, give the pool's `nodes:`."""
        for gpu in facility.gpus.models if facility.gpus else ():
            held = sum(_held(pool, gpu.name) for pool in facility.batch)
            if gpu.count is not None and held > gpu.count:
                yield Finding(f"/gpus/models/{gpu.name}/count", f"{held} of `{gpu.name}`, not {gpu.count}")


class AF3105(Rule):
    """Partition needs a QOS that its pool does not list.

    Jobs in the partition are submitted with its QOS. Slurm refuses one that the account does not have ("Invalid qos
    specification").
    """

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


class AF3106(Rule):
    """Job attribute is given twice, in other capitals.

    ClassAds do not tell capitals apart: +Queue and +queue are one attribute, and the last one counts.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Keep one of the two."""
        for pool in facility.batch:
            if isinstance(pool, SlurmPool):
                continue
            here = f"/batch/{pool.name}"
            places = {f"{here}/gpu_attributes": pool.gpu_attributes}
            places |= {f"{here}/queues/{queue.name}/attributes": queue.attributes for queue in pool.queues}
            places |= {f"{here}/elastic/{index}/attributes": way.attributes for index, way in enumerate(pool.elastic)}
            for place, attributes in places.items():
                first: dict[str, str] = {}
                for name in attributes:
                    if (known := first.setdefault(name.lower(), name)) != name:
                        yield Finding(f"{place}/{name}", f"`{name}` is `{known}`")


class AF3107(Rule):
    """Job asks by default for more memory than a node has.

    Slurm refuses such a job with a message about the node configuration; under HTCondor it stays idle for ever. Both
    happen to those who ask for nothing special, which is most users.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower `default_memory:`, or send jobs that name nothing to a partition or queue with larger nodes."""
        for pool in facility.batch:
            wanted, default = pool.default_memory, default_slots(pool)
            nodes = {slots.name: slots.memory for slots in pool.slots}
            memory = nodes.get(default) if default else None
            if memory is None:  # any node may take it
                known = [size for size in nodes.values() if size is not None]
                memory = max(known, default=None) if len(known) == len(nodes) else None
            if wanted is not None and memory is not None and wanted > memory:
                detail = f"{format_bytes(wanted)}, a node has {format_bytes(memory)}"
                yield Finding(f"/batch/{pool.name}/default_memory", detail)


# What sbatch(1) takes in --gpus and --gres, with a type: --gpus a100:1, --gres=gpu:a100:4.
_GPU_TYPE = re.compile(r"(?:--gpus(?:-per-\w+)?[= ](?=[\w.-]+:)|\bgpu:)((?=[\w.-]*[A-Za-z])[\w.-]+)")


class AF3108(Rule):
    """GPU is asked for by a name that is not its own.

    Users paste this line. A type that Slurm does not know ends in "Invalid generic resource (gres) specification", and
    one of another model quietly gives another GPU.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the model's name as partitions do: `--gpus a100:1` for the model `a100`."""
        gpus = facility.gpus
        if gpus is None:
            return
        asks = [("/gpus/ask", gpus.ask, facility.gpu_names)]
        asks += [(f"/gpus/models/{model.name}/ask", model.ask, (model.name,)) for model in gpus.models]
        for pointer, ask, known in asks:
            for name in _GPU_TYPE.findall(ask or ""):
                if name not in known:
                    yield unknown(pointer, name, known)


class AF3109(Rule):
    """Job may outlive the proxy that it takes along.

    When a proxy expires, the next file that the job opens or writes over XRootD is refused: days of work end at the
    last step.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Raise `valid:` as far as the VOMS server grants it, or lower the longest job."""
        voms = facility.software.voms if facility.software else None
        if voms is None or voms.valid is None:
            return
        for pool in facility.batch:
            longest = longest_job(pool)
            if not isinstance(pool, SlurmPool) and pool.proxy and longest is not None and longest > voms.valid:
                detail = f"{format_duration(voms.valid)}, a job in `{pool.name}` {format_duration(longest)}"
                yield Finding("/software/voms/valid", detail)
