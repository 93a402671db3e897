"""What a submit file asks of a pool (condor_submit(1))."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.generators.images import pull_reference, unpacked_path
from afspec.generators.quoting import submit_literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool, Queue
    from afspec.generators.quoting import Raw

# The least that an analysis in Python starts with; HTCondor's own default would be 128 MB.
USUAL_MEMORY = 2 * 1024**3


class Job(NamedTuple):
    """The request of one submit file."""

    kind: str
    queue: str | None
    group: str | None
    memory: int
    disk: int | None
    walltime: int | None
    gpus: bool
    capability: str | None
    attributes: dict[str, Raw]
    optional_gpus: dict[str, Raw] | None
    log_directory: str | None
    transfer: str
    overflow: tuple[tuple[str, str], ...]


class Image(NamedTuple):
    """How a job names its container."""

    universe: str
    key: str
    value: str
    local: bool


def jobs(facility: Facility, pool: HTCondorPool, queue: Queue | None) -> Iterator[Job]:
    """The jobs of a queue: one on a core, one on a GPU where it has any, one in the default image."""
    attributes = submit_literals(queue.attributes) if queue else {}
    gpu_attributes = submit_literals(pool.gpu_attributes)
    memory = pool.default_memory or USUAL_MEMORY
    has_gpus = facility.queue_has_gpus(pool, queue)
    cpu = Job(
        kind="cpu",
        queue=queue.name if queue else None,
        group=pool.accounting_groups[0] if pool.accounting_groups else None,
        memory=min(memory, queue.memory) if queue and queue.memory else memory,
        disk=pool.default_disk,
        walltime=(queue.max_walltime if queue else None) or pool.max_walltime,
        gpus=False,
        capability=None,
        attributes=attributes,
        optional_gpus=None,
        # The submit language has no word for the first letter of a user's name.
        log_directory=pool.log_directory if pool.log_directory and "<u>" not in pool.log_directory else None,
        transfer="IF_NEEDED" if pool.shared_home else "YES",
        overflow=tuple(_overflow(pool)),
    )
    yield cpu
    if has_gpus:
        yield cpu._replace(
            kind="gpu", gpus=True, capability=_capability(facility, queue), attributes=attributes | gpu_attributes
        )
    if image(facility, pool):
        # However HTCondor starts a container, it sees the bound folders only, and not the one of this file.
        yield cpu._replace(kind="container", optional_gpus=gpu_attributes if has_gpus else None, transfer="YES")


def image(facility: Facility, pool: HTCondorPool) -> Image | None:
    """How the facility's default image is asked for; None where it has none."""
    images, named = facility.images, facility.default_image
    if images is None or named is None or not images.offered:
        return None
    reference = pull_reference(named.reference)
    unpacked = unpacked_path(images.unpacked, named.reference)
    match pool.container_universe:
        case "docker":
            return Image("docker", "docker_image", reference, local=False)
        case "vanilla":
            return Image("vanilla", "+SingularityImage", f'"{unpacked or "docker://" + reference}"', local=False)
        case _:
            local = unpacked if images.policy == "unpacked" else None
            return Image("container", "container_image", local or f"docker://{reference}", local=bool(local))


def _capability(facility: Facility, queue: Queue | None) -> str | None:
    """The least compute capability among a queue's GPUs, where every one's is known."""
    models = {gpu.name: gpu.compute_capability for gpu in facility.gpus.models} if facility.gpus else {}
    known = [models.get(gpu.name) for gpu in queue.gpus] if queue else []
    versions = [version for version in known if version]
    if not versions or len(versions) < len(known):
        return None
    return min(versions, key=lambda version: [int(part) if part.isdigit() else 0 for part in version.split(".")])


def _overflow(pool: HTCondorPool) -> Iterator[tuple[str, str]]:
    """What asks for capacity elsewhere, and what that is."""
    for elastic in pool.elastic:
        if elastic.offered and elastic.attributes:
            words = ", ".join(filter(None, (elastic.mechanism, elastic.note)))
            yield (
                " ".join(f"-append '+{key} = {value}'" for key, value in submit_literals(elastic.attributes).items()),
                words,
            )
