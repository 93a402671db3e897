"""AF34: notebooks that could not start where the spec sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.access import Door
from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind
from afspec.facility.quantities import format_bytes, format_duration
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.parts import beyond, default_slots, job_limit, names, refused, slots_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.access import Login
    from afspec.facility.batch import HTCondorPool, Partition, Queue, SlurmPool
    from afspec.facility.jupyter import Jupyter, Limits, Profile

_SCHEDULERS = ("slurm", "htcondor")


def _pool(facility: Facility, jupyter: Jupyter) -> SlurmPool | HTCondorPool | None:
    """The batch pool of the sessions: the one that is named, else the first of the spawner's scheduler."""
    if jupyter.pool is not None:
        return by_name(facility.batch, jupyter.pool)
    # The app of Open OnDemand is compiled for Slurm, whether its spawner is named or not.
    usual = "slurm" if jupyter.kind is JupyterKind.OPEN_ONDEMAND else None
    return next((pool for pool in facility.batch if pool.scheduler == (jupyter.spawner or usual)), None)


class AF3401(Rule):
    """Sessions are spawned on a batch pool that the facility does not have.

    Every session would be submitted to a scheduler that is not there: users sign in, choose, and get an error page.
    """

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
    """Profile offers what a session cannot get.

    The choice is on the users' form. Who takes it waits for a session that the scheduler can never start.
    """

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


class AF3403(Rule):
    """Login opens Jupyter, but no hub asks it.

    A JupyterHub has one authenticator, and an authenticator one issuer. Of several logins a hub takes the first that
    is described, and whoever has an account of another sees a page on which it does not exist.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Have the hub's issuer broker it (Keycloak, CILogon), or give it a hub of its own with `hub: login:`."""
        opening = [login for login in facility.logins if login.offered and Door.JUPYTER in login.opens]
        offered = [jupyter for jupyter in facility.jupyter if jupyter.offered]
        asked: list[Login] = []
        for jupyter in offered:
            wanted = jupyter.hub.login if jupyter.hub else None
            if wanted is None:
                # As the compiled hub does: of those that tell its client, federated ones first.
                known = sorted((login for login in opening if login.client), key=lambda login: not login.federated)
                asked += known[:1]
            elif (found := by_name(opening, wanted)) is not None:
                asked.append(found)
            else:
                yield unknown(f"/jupyter/{jupyter.name}/hub/login", wanted, names(tuple(opening)))
        # What else leads to notebooks, such as a portal, may well ask it.
        if not asked or any(jupyter.kind is not JupyterKind.HUB_VM or not jupyter.hub for jupyter in offered):
            return
        issuers = {login.issuer_url for login in asked}
        for login in opening:
            if login not in asked and login.client and login.issuer_url and login.issuer_url not in issuers:
                here = f"/logins/{login.name}/opens/{login.opens.index(Door.JUPYTER)}"
                yield Finding(here, f"`{login.name}`; the hub asks {' and '.join(f'`{one.name}`' for one in asked)}")


class AF3404(Rule):
    """Session is promised more than its partition or queue gives.

    The compiled files ask for less than was promised where a node has less, and the scheduler ends a job by its own
    clock: a session would be smaller than its choice says, or gone before anything culls it. Users see neither in the
    form.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower the choice or the limit, or send the session to slots that have as much."""
        for jupyter in facility.jupyter:
            pool = _pool(facility, jupyter) if jupyter.spawner in _SCHEDULERS else None
            if pool is None or refused(jupyter):
                continue
            here = f"/jupyter/{jupyter.name}"
            usual = default_slots(pool)
            for profile in jupyter.profiles:
                wanted = profile.slots or usual
                slots = next((slots for slots in pool.slots if slots.name == wanted), None)
                if slots is not None and profile.spawner is None:
                    yield from self._profile(f"{here}/profiles/{profile.name}", profile, slots, pool)
            idle = jupyter.limits.idle if jupyter.limits else None
            asked = (("idle", idle, job_limit(pool), format_duration),)
            yield from beyond(f"{here}/limits", f"a job of pool `{pool.name}`, which ends before it is culled", asked)

    @staticmethod
    def _profile(
        here: str, profile: Profile, slots: Partition | Queue, pool: SlurmPool | HTCondorPool
    ) -> Iterator[Finding]:
        noun = f"{slots_noun(pool)} `{slots.name}`"
        # An HTCondor queue's cores are those of all its machines.
        cores = slots.cores if pool.scheduler == "slurm" else None
        asked = (("cpu", profile.cpu, cores, str), ("memory", profile.memory, slots.memory, format_bytes))
        yield from beyond(here, noun, asked)
        has = {gpu.name: gpu.count for gpu in slots.gpus}
        # Where no partition names any, nobody knows which have them.
        if not profile.gpus or not any(other.gpus for other in pool.slots):
            return
        if not has or (profile.gpu is not None and profile.gpu not in has):
            asked_for = f"`{profile.gpu}`" if profile.gpu else f"gpus {profile.gpus}"
            yield Finding(
                f"{here}/{'gpu' if profile.gpu else 'gpus'}", f"{asked_for}, {noun} has {', '.join(has) or 'none'}"
            )
        else:
            most = has[profile.gpu] if profile.gpu else max(has.values())
            yield from beyond(here, noun, (("gpus", profile.gpus, most, str),))
