"""What a requirement is asked of: selectors that find the instances in a spec.

A selector is a function from a facility to its subjects, found by its name. Where a spec says nothing, a selector
finds nothing, and the plan shows one undeclared row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afspec.facility.common import NamedCapability, Stance
from afspec.facility.quantities import format_bytes, format_duration
from afspec.facility.walk import children, walk
from afspec.verdict import Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from afspec.facility import Facility

# From the strongest to the weakest.
_STRENGTH = (Promise.PROMISED, Promise.BEST_EFFORT, Promise.ON_REQUEST, Promise.PLANNED, Promise.NOT_PROMISED)


@dataclass(frozen=True)
class Subject:
    """One thing of a facility that a requirement is asked of.

    `keys` are the things that it belongs to, by kind (pool, slots, jupyter, image, ...): two subjects are about the
    same thing where the kinds that both name agree.
    """

    item: str
    pointer: str
    promise: Promise
    declared: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    value: Any = None


SELECTORS: dict[str, Callable[[Facility], Iterator[Subject]]] = {}


def selector(function: Callable[[Facility], Iterator[Subject]]) -> Callable[[Facility], Iterator[Subject]]:
    """Register a selector under its name; two of one name are an error."""
    name = function.__name__
    if name in SELECTORS:
        raise ValueError(f"two selectors are called {name!r}")
    SELECTORS[name] = function
    return function


def promise_at(facility: Facility, pointer: str) -> Promise:
    """What is promised of the thing at a pointer: the weakest word on the way to it.

    Parts without a stance of their own have that of what they are part of; undeclared where none has any.
    """
    found: list[Promise] = []
    value: Any = facility
    for part in pointer.strip("/").split("/"):
        value = dict(children(value)).get(part)
        if value is None:
            return Promise.UNDECLARED
        stance = getattr(value, "stance", None)
        if isinstance(stance, Stance):
            found.append(Promise(stance.value))
        elif isinstance(value, NamedCapability):
            return Promise.UNDECLARED
    return max(found, key=_STRENGTH.index) if found else Promise.UNDECLARED


def at(facility: Facility, pointer: str, value: Any, *, item: str = "", declared: str = "", **keys: str) -> Subject:
    """The subject at a pointer, with the promise that covers it."""
    return Subject(item, pointer, promise_at(facility, pointer), declared, keys, value)


@selector
def site(facility: Facility) -> Iterator[Subject]:
    """The facility as a whole: always promised, for what any facility owes."""
    yield Subject("", "", Promise.PROMISED, facility.title, {}, facility)


@selector
def ssh_entries(facility: Facility) -> Iterator[Subject]:
    """The SSH servers that are reached from outside: the bastion, and hosts in front of it."""
    ssh = facility.access.ssh
    if ssh is None:
        return
    if ssh.bastion:
        yield at(facility, "/access/ssh", ssh, item="bastion", declared=ssh.bastion.host, entry="bastion")
    for host in ssh.hosts:
        if not ssh.bastion or host.via_bastion is False:
            yield at(facility, "/access/ssh", ssh, item=host.name, declared=host.host, entry=host.name)


@selector
def key_only_entries(facility: Facility) -> Iterator[Subject]:
    """The SSH servers from outside, where the spec says that they accept nothing but keys."""
    if facility.access.ssh and facility.access.ssh.key_only:
        yield from ssh_entries(facility)


@selector
def ssh_hosts(facility: Facility) -> Iterator[Subject]:
    """The hosts that users log in to."""
    ssh = facility.access.ssh
    for host in ssh.hosts if ssh else ():
        behind = ssh is not None and ssh.bastion is not None and host.via_bastion is not False
        entry = "bastion" if behind else host.name
        yield at(facility, "/access/ssh", host, item=host.name, declared=host.host, entry=entry, host=host.name)


@selector
def pages(facility: Facility) -> Iterator[Subject]:
    """The pages that users open; a page that is published is promised."""
    for page in facility.access.urls:
        pointer = f"/access/urls/{page.name}"
        # An address with a placeholder is not one page.
        if "<" not in page.url:
            yield Subject(page.name, pointer, Promise.PROMISED, page.url, {"page": page.name}, page)


@selector
def logins(facility: Facility) -> Iterator[Subject]:
    """The accounts that open doors."""
    for login in facility.logins:
        yield at(facility, f"/logins/{login.name}", login, item=login.name, declared=login.method, login=login.name)


@selector
def pools(facility: Facility) -> Iterator[Subject]:
    """The batch pools."""
    for pool in facility.batch:
        declared = " ".join(filter(None, [pool.title, pool.version]))
        yield at(facility, f"/batch/{pool.name}", pool, item=pool.name, declared=declared, pool=pool.name)


@selector
def slots(facility: Facility) -> Iterator[Subject]:
    """Partitions of Slurm and queues of HTCondor; a pool that publishes none is asked as a whole."""
    for pool in facility.batch:
        kind = "partitions" if pool.scheduler == "slurm" else "queues"
        if not pool.slots:
            yield at(facility, f"/batch/{pool.name}", None, item=pool.name, declared="any queue", pool=pool.name)
        for item in pool.slots:
            pointer = f"/batch/{pool.name}/{kind}/{item.name}"
            where = f"{pool.name}/{item.name}"
            longest = format_duration(item.max_walltime) if item.max_walltime else ""
            declared = ", ".join(filter(None, [longest, _gpus(item.gpus)]))
            yield at(facility, pointer, item, item=where, declared=declared, pool=pool.name, slots=where)


def _names(gpus: Any) -> set[str]:
    return {gpu.name for gpu in gpus}


def _gpus(gpus: Any) -> str:
    return ", ".join(f"{gpu.count} {gpu.name}" for gpu in gpus)


@selector
def walltimes(facility: Facility) -> Iterator[Subject]:
    """What has a longest job: slots that say so, and pools."""
    for subject in pools(facility):
        if subject.value.max_walltime:
            yield at(
                facility,
                f"{subject.pointer}",
                subject.value,
                item=subject.item,
                declared=format_duration(subject.value.max_walltime),
                **subject.keys,
            )
    for subject in slots(facility):
        if subject.value is not None and subject.value.max_walltime:
            yield Subject(
                subject.item,
                f"{subject.pointer}/max_walltime",
                subject.promise,
                format_duration(subject.value.max_walltime),
                subject.keys,
                subject.value,
            )


@selector
def accounts(facility: Facility) -> Iterator[Subject]:
    """Accounts of Slurm and accounting groups of HTCondor."""
    for pool in facility.batch:
        names = pool.accounts if pool.scheduler == "slurm" else pool.accounting_groups
        for name in names:
            yield at(
                facility,
                f"/batch/{pool.name}",
                pool,
                item=f"{pool.name}/{name}",
                declared=name,
                pool=pool.name,
                account=name,
            )


@selector
def runtimes(facility: Facility) -> Iterator[Subject]:
    """What runs a user's container."""
    images = facility.images
    if images and images.runtime:
        declared = " ".join(filter(None, [images.runtime, images.version]))
        yield at(facility, "/images", images, item=images.runtime, declared=declared)


@selector
def named_images(facility: Facility) -> Iterator[Subject]:
    """The images that have names at the facility."""
    for image in facility.images.named if facility.images else ():
        yield at(
            facility,
            f"/images/named/{image.name}",
            image,
            item=image.name,
            declared=image.reference,
            image=image.name,
        )


@selector
def cvmfs_repositories(facility: Facility) -> Iterator[Subject]:
    """The repositories of CVMFS."""
    software = facility.software
    for name in software.cvmfs.repositories if software and software.cvmfs else ():
        yield at(facility, "/software/cvmfs", name, item=name, declared=name, repository=name)


def single(kind: str, pointer: str) -> None:
    """A selector for a part of the spec of which there is one at most."""

    def select(facility: Facility) -> Iterator[Subject]:
        value: Any = facility
        for part in pointer.strip("/").split("/"):
            value = getattr(value, part, None)
        if value is not None:
            yield at(facility, pointer, value)

    select.__name__ = kind
    select.__doc__ = f"The part at {pointer}."
    selector(select)


@selector
def setup_atlas(facility: Facility) -> Iterator[Subject]:
    """ATLASLocalRootBase; it rests on the repository that it lies in."""
    part = facility.software.setup_atlas if facility.software else None
    if part is not None:
        folders = part.root.split("/")
        repository = folders[2] if folders[1] == "cvmfs" and len(folders) > 2 else ""  # noqa: PLR2004 - "" comes first
        yield at(facility, "/software/setup_atlas", part, declared=part.root, repository=repository)


single("rucio", "/software/rucio")
single("voms", "/software/voms")
single("dask_operator", "/dask/operator")
single("reana", "/services/reana")
single("coffea_casa", "/services/coffea_casa")
single("orchestration", "/orchestration")
single("namespace_quota", "/orchestration/quota")
single("kubernetes", "/access/kubernetes")
single("gpus", "/gpus")


@selector
def areas(facility: Facility) -> Iterator[Subject]:
    """The places for files."""
    for area in facility.storage.areas if facility.storage else ():
        yield at(facility, f"/storage/areas/{area.name}", area, item=area.name, declared=area.path, area=area.name)


@selector
def homes(facility: Facility) -> Iterator[Subject]:
    """The users' homes."""
    yield from (subject for subject in areas(facility) if subject.value.purpose == "home")


@selector
def quotas(facility: Facility) -> Iterator[Subject]:
    """The areas with a quota."""
    for subject in areas(facility):
        quota = subject.value.quota
        if quota:
            yield Subject(
                subject.item,
                f"{subject.pointer}/quota",
                subject.promise,
                format_bytes(quota),
                subject.keys,
                subject.value,
            )


@selector
def caches(facility: Facility) -> Iterator[Subject]:
    """The XRootD caches."""
    for door in facility.storage.xcache if facility.storage else ():
        yield at(facility, f"/storage/xcache/{door.name}", door, item=door.name, declared=door.door, cache=door.name)


@selector
def servicex(facility: Facility) -> Iterator[Subject]:
    """The ServiceX instances."""
    for item in facility.services.servicex:
        yield at(
            facility,
            f"/services/servicex/{item.name}",
            item,
            item=item.name,
            declared=item.url or "",
            servicex=item.name,
        )


@selector
def gpu_models(facility: Facility) -> Iterator[Subject]:
    """The GPU models that jobs may ask for."""
    for gpu in facility.gpus.models if facility.gpus else ():
        pools_with = [pool for pool in facility.batch for slots in pool.slots if gpu.name in _names(slots.gpus)]
        keys = {"gpu": gpu.name} | ({"pool": pools_with[0].name} if pools_with else {})
        yield at(facility, f"/gpus/models/{gpu.name}", gpu, item=gpu.name, declared=gpu.product or gpu.name, **keys)


def _triton(facility: Facility, part: str, **keys: str) -> Iterator[Subject]:
    """A part of Triton; where Triton is not offered, one row that says so."""
    triton = facility.services.triton
    if triton is None:
        return
    pointer = f"/services/triton/{part}" if triton.offered else "/services/triton"
    declared = "".join(str(value) for _, value in walk(facility, pointer)) if triton.offered else ""
    yield at(facility, pointer, triton, item=keys.get("door", ""), declared=declared, **keys)


@selector
def triton_doors(facility: Facility) -> Iterator[Subject]:
    """The protocols by which Triton is asked."""
    triton = facility.services.triton
    doors = [door for door in ("http", "grpc") if triton and getattr(triton, door)]
    for door in doors:
        yield from _triton(facility, door, door=door)
    if triton and not doors:
        yield at(facility, "/services/triton", triton)


@selector
def triton_uploads(facility: Facility) -> Iterator[Subject]:
    """Where users put models for Triton."""
    yield from _triton(facility, "upload")


@selector
def triton_metrics(facility: Facility) -> Iterator[Subject]:
    """Triton's metrics, where the site runs it itself and says at which port they are."""
    yield from _triton(facility, "server/metrics_port")
