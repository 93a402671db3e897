"""AF34: notebooks that could not start where the spec sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.common import by_name
from afspec.facility.quantities import format_bytes
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import beyond, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, SlurmPool
    from afspec.facility.jupyter import Jupyter, Limits, Profile

_SCHEDULERS = ("slurm", "htcondor")


def _pool(facility: Facility, jupyter: Jupyter) -> SlurmPool | HTCondorPool | None:
    """The batch pool of the sessions: the one that is named, else the first of the spawner's scheduler."""
    if jupyter.pool is not None:
        return by_name(facility.batch, jupyter.pool)
    return next((pool for pool in facility.batch if pool.scheduler == jupyter.spawner), None)


class AF3401(Rule):
    """Sessions are spawned on a batch pool that the facility does not have."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name a pool under `batch:` that has the spawner's scheduler, or correct `spawner:`."""
        for jupyter in facility.jupyter:
            here = f"/jupyter/{jupyter.name}"
            pool = _pool(facility, jupyter)
            if pool is None and jupyter.pool is not None:
                yield unknown(f"{here}/pool", jupyter.pool, names(facility.batch))
            elif jupyter.spawner not in _SCHEDULERS:
                continue
            elif pool is None:
                yield Finding(f"{here}/spawner", f"no pool runs `{jupyter.spawner}`")
            elif pool.scheduler != jupyter.spawner:
                yield Finding(f"{here}/pool", f"`{pool.name}` is {pool.title}, the spawner is for `{jupyter.spawner}`")


class AF3402(Rule):
    """Profile offers what a session cannot get."""

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Keep profiles within `limits:`, and name GPUs, partitions and queues that the spec describes."""
        for jupyter in facility.jupyter:
            for profile in jupyter.profiles:
                here = f"/jupyter/{jupyter.name}/profiles/{profile.name}"
                if jupyter.limits is not None:
                    yield from self._beyond(here, profile, jupyter.limits)
                if profile.gpu is not None and profile.gpu not in facility.gpu_names:
                    yield unknown(f"{here}/gpu", profile.gpu, facility.gpu_names, f"no GPU model `{profile.gpu}`")
                yield from self._nowhere(here, profile, jupyter, facility)

    @staticmethod
    def _beyond(here: str, profile: Profile, limits: Limits) -> Iterator[Finding]:
        asked = (
            ("cpu", profile.cpu, limits.cpu, str),
            ("memory", profile.memory, limits.memory, format_bytes),
            ("gpus", profile.gpus, limits.gpus, str),
        )
        return beyond(here, "a session", asked)

    @staticmethod
    def _nowhere(here: str, profile: Profile, jupyter: Jupyter, facility: Facility) -> Iterator[Finding]:
        if profile.slots is None:
            return
        pool = _pool(facility, jupyter)
        if pool is None and (jupyter.pool is not None or jupyter.spawner in _SCHEDULERS):
            return  # the pool itself is missing, which AF3401 says
        known = names(pool.slots) if pool else ()
        if profile.slots not in known:
            detail = f"no `{profile.slots}` in pool `{pool.name}`" if pool else "sessions run in no batch pool"
            yield unknown(f"{here}/slots", profile.slots, known, detail)
