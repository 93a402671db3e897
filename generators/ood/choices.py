"""What a user may ask for: never more than a partition has, and only what the facility offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.jupyter import Limits
from afspec.generators.custom_images import Policy
from afspec.generators.images import image_file, pull_reference, unpacked_path
from afspec.generators.quoting import Raw, shell_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import Partition, SlurmPool
    from afspec.facility.images import Images
    from afspec.facility.jupyter import Jupyter

_GIB = 1 << 30
HOUR = 3600
# What a first look at the data needs, where the spec does not say.
USUAL_HOURS = 4
USUAL_MEMORY = 4

# Values of the form's field `image` that are not names of images.
SITE = "site"
COMMANDS = "commands"
OWN = "own"


class Slots(NamedTuple):
    """A partition, and the most of it that a session may have; memory in GiB."""

    name: str
    title: str
    cores: int | None
    memory: int | None
    hours: int | None
    gpus: dict[str, int]
    qos: tuple[str, ...]


class Choice(NamedTuple):
    """A choice of the field `image`: its value, what users see, and for an image the places to take it from."""

    value: str
    title: str
    # The first is where it is pulled from; of the others, the last that exists is better.
    places: tuple[Raw, ...] = ()


class Choices(NamedTuple):
    """All that the form and the templates need to know."""

    partitions: tuple[Slots, ...]
    default_partition: str
    accounts: tuple[str, ...]
    qos: tuple[str, ...]
    hours: int
    memory: int
    most_gpus: int
    images: tuple[Choice, ...]
    setup: str | None
    unset: tuple[str, ...]
    apptainer: str
    nv: bool
    binds: tuple[str, ...]
    cache: Raw | None
    # What an image of the user's own must be, where she may name one.
    policy: Policy | None
    store: Raw | None

    @classmethod
    def of(cls, facility: Facility, jupyter: Jupyter, pool: SlurmPool) -> Choices:
        """What the app offers on a pool."""
        limits = jupyter.limits or Limits()
        slots = tuple(_slots(partition, pool, limits) for partition in pool.partitions if partition.offered)
        names = [item.name for item in slots]
        images = facility.images
        return cls(
            partitions=slots,
            default_partition=pool.default_partition if pool.default_partition in names else (names or [""])[0],
            accounts=pool.accounts,
            qos=tuple(dict.fromkeys(qos for item in slots for qos in item.qos)),
            hours=min([USUAL_HOURS, *(item.hours for item in slots if item.hours)]),
            memory=min([USUAL_MEMORY, *(item.memory for item in slots if item.memory)]),
            most_gpus=max([0, *(count for item in slots for count in item.gpus.values())]),
            images=tuple(_images(facility, jupyter)),
            setup=jupyter.ondemand.setup if jupyter.ondemand else None,
            unset=pool.unset,
            apptainer=(images.executable if images else None) or "apptainer",
            nv=images.gpu_flag is not False if images else False,
            binds=tuple(dict.fromkeys([*(images.binds if images else ()), *pool.binds])),
            cache=shell_path(images.cache) if images and images.cache else None,
            policy=Policy.of(images) if images and _takes_own(images, jupyter) else None,
            store=shell_path(images.store) if images and images.store else None,
        )


def _slots(partition: Partition, pool: SlurmPool, limits: Limits) -> Slots:
    longest = _least(partition.max_walltime, pool.max_walltime, limits.duration)
    memory = _least(partition.memory, limits.memory)
    gpus = {gpu.name: _least(gpu.count, limits.gpus) or 0 for gpu in partition.gpus}
    models = ", ".join(gpus)
    return Slots(
        name=partition.name,
        title=f"{partition.name} (GPUs: {models})" if models else partition.name,
        cores=_least(partition.cores, limits.cpu),
        memory=max(1, memory // _GIB) if memory else None,
        hours=max(1, longest // HOUR) if longest else None,
        gpus={model: count for model, count in gpus.items() if count},
        qos=partition.qos or pool.qos,
    )


def _least(*values: int | None) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _images(facility: Facility, jupyter: Jupyter) -> Iterator[Choice]:
    if jupyter.ondemand and jupyter.ondemand.setup:
        yield Choice(SITE, "The site's own Jupyter")
    images = facility.images
    if images and images.offered and images.runtime in {None, "apptainer"}:
        for image in images.named:
            if images.policy != "allow_list" or image.reference in images.allowed:
                yield Choice(f"image-{image.name}", image.name, tuple(_places(images, image.reference)))
        if _takes_own(images, jupyter):
            yield Choice(OWN, "An image of my own")
    if jupyter.paste_in or jupyter.custom_image:
        yield Choice(COMMANDS, "My own, as the commands below say")


def _takes_own(images: Images, jupyter: Jupyter) -> bool:
    """Whether a user may name an image, which Apptainer runs."""
    return bool(jupyter.custom_image) and images.offered and images.runtime in {None, "apptainer"}


def _places(images: Images, reference: str) -> Iterator[Raw]:
    """Where an image is: in its registry, as a file on the site's store, unpacked in CVMFS."""
    unpacked = unpacked_path(images.unpacked, reference)
    if images.policy == "unpacked" and unpacked:
        yield shell_path(unpacked)
        return
    yield shell_path(f"docker://{pull_reference(reference)}")
    if images.store:
        yield shell_path(f"{images.store}/{image_file(reference)}")
    if unpacked:
        yield shell_path(unpacked)
