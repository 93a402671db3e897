"""AF34, continued: what a session may have, next to what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind
from afspec.facility.quantities import format_bytes, format_duration
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.parts import beyond, job_limit, largest, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, SlurmPool
    from afspec.facility.jupyter import Jupyter, Limits
    from afspec.facility.orchestration import Quota


def _pool(facility: Facility, way: Jupyter) -> SlurmPool | HTCondorPool | None:
    if way.pool is not None:
        return by_name(facility.batch, way.pool)
    return next((pool for pool in facility.batch if pool.scheduler == way.spawner), None)


class AF3405(Rule):
    """Session may ask for more than there is.

    Users are shown the limit as a choice. Who takes it waits, until the hub gives up, for what can never start.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower `limits:` to the largest node, the longest job, or the quota of the namespace."""
        quota = facility.orchestration.quota if facility.orchestration else None
        for way in facility.jupyter:
            here, pool = f"/jupyter/{way.name}/limits", _pool(facility, way)
            if way.limits is None:
                continue
            on_cluster = way.spawner == "kubernetes" or way.kind is JupyterKind.HUB_KUBERNETES
            if on_cluster and quota is not None:
                yield from self._of_namespace(here, way.limits, quota)
            elif way.spawner in {"slurm", "htcondor"} and pool is not None:
                yield from self._of_pool(here, way.limits, pool)

    @staticmethod
    def _of_namespace(here: str, limits: Limits, quota: Quota) -> Iterator[Finding]:
        asked = (
            ("cpu", limits.cpu, quota.cpu, str),
            ("memory", limits.memory, quota.memory, format_bytes),
            ("gpus", limits.gpus, quota.gpus, str),
        )
        return beyond(here, "a namespace", asked)

    @staticmethod
    def _of_pool(here: str, limits: Limits, pool: SlurmPool | HTCondorPool) -> Iterator[Finding]:
        # An HTCondor queue has its cores in all, not a node's; GPUs that no partition names may be there nevertheless.
        cores = largest(slots.cores for slots in pool.slots) if pool.scheduler == "slurm" else None
        gpus = max((gpu.count for slots in pool.slots for gpu in slots.gpus), default=None)
        asked = (
            ("cpu", limits.cpu, cores, str),
            ("memory", limits.memory, largest(slots.memory for slots in pool.slots), format_bytes),
            ("gpus", limits.gpus, gpus, str),
            ("duration", limits.duration, job_limit(pool), format_duration),
        )
        return beyond(here, f"pool `{pool.name}`", asked)


class AF3406(Rule):
    """Sessions are said to run the user's image, and only the site's are allowed.

    A user who believes the one builds an image for days, and learns of the other when the session does not start.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Set `custom_image: false`, or `images: policy: any` if the list is not one of all that may run."""
        images = facility.images
        if images is None or images.policy != "allow_list":
            return
        for way in facility.jupyter:
            if way.custom_image and not refused(way):
                yield Finding(f"/jupyter/{way.name}/custom_image", f"`{way.name}`")
