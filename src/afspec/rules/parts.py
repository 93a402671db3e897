"""What several rules share: parts of a facility with their pointers, and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility import Capability, Stance
from afspec.rules.base import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Partition, Queue, SlurmPool
    from afspec.facility.images import Image


class SlotsAt(NamedTuple):
    """A partition or queue, where it is and whose it is."""

    pointer: str
    pool: SlurmPool | HTCondorPool
    slots: Partition | Queue


def slots_noun(pool: SlurmPool | HTCondorPool) -> str:
    """What the scheduler calls its slots."""
    return "partition" if pool.scheduler == "slurm" else "queue"


def default_slots(pool: SlurmPool | HTCondorPool) -> str | None:
    """The partition or queue of a job that names none."""
    return pool.default_partition if pool.scheduler == "slurm" else pool.default_queue


def each_slots(facility: Facility) -> Iterator[SlotsAt]:
    """Every partition and queue."""
    for pool in facility.batch:
        key = f"/batch/{pool.name}/{slots_noun(pool)}s"
        for slots in pool.slots:
            yield SlotsAt(f"{key}/{slots.name}", pool, slots)


def longest_job(pool: SlurmPool | HTCondorPool) -> int | None:
    """Seconds that a job may run somewhere in a pool; None where nobody says so."""
    limits = [slots.max_walltime or pool.max_walltime for slots in pool.slots] or [pool.max_walltime]
    return max((limit for limit in limits if limit is not None), default=None)


def job_limit(pool: SlurmPool | HTCondorPool) -> int | None:
    """Seconds that no job in a pool may exceed; None where a partition or queue tells no limit."""
    return largest([slots.max_walltime or pool.max_walltime for slots in pool.slots] or [pool.max_walltime])


def largest(sizes: Iterable[int | None]) -> int | None:
    """The largest of some sizes; None where one of them is not known, as it may be larger."""
    known = list(sizes)
    return None if None in known else max((size for size in known if size is not None), default=None)


def each_listed(facility: Facility) -> Iterator[tuple[str, Image]]:
    """Every image that a spec describes, whether users have it yet or not."""
    images = facility.images
    for kind, listed in (("named", images.named), ("planned", images.planned)) if images else ():
        for image in listed:
            yield f"/images/{kind}/{image.name}", image


def each_image(facility: Facility) -> Iterator[tuple[str, str]]:
    """The reference of every image that users are offered, by name or in a notebook's profile."""
    for image in facility.images.named if facility.images else ():
        yield f"/images/named/{image.name}/reference", image.reference
    for jupyter in facility.jupyter:
        for profile in jupyter.profiles:
            if profile.image is not None:
                yield f"/jupyter/{jupyter.name}/profiles/{profile.name}/image", profile.image


def names(items: tuple[Any, ...]) -> tuple[str, ...]:
    """The names of named items."""
    return tuple(item.name for item in items)


def beyond(
    here: str, where: str, asked: Iterable[tuple[str, int | None, int | None, Callable[[int], str]]]
) -> Iterator[Finding]:
    """What asks for more than there is: rows of a field of `here`, its value, the limit, how to write both."""
    for field, wanted, limit, form in asked:
        if wanted is not None and limit is not None and wanted > limit:
            yield Finding(f"{here}/{field}", f"{field} {form(wanted)}, at most {form(limit)} in {where}")


def refused(capability: Capability) -> bool:
    """Whether the facility says no to it; silence is not a no."""
    return capability.stance is Stance.NOT_PROMISED
