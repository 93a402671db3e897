"""How a pod asks for a GPU: a resource, and the labels of the nodes that have it (NVIDIA GPU feature discovery)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu

PRODUCT_LABEL = "nvidia.com/gpu.product"
_USUAL = "nvidia.com/gpu"


class GpuChoice(NamedTuple):
    """A GPU, or a slice of one, that a container may have: `resource` with `selector` as the pod's node selector."""

    name: str
    title: str
    resource: str
    selector: dict[str, str]


def gpu_choices(facility: Facility) -> tuple[GpuChoice, ...]:
    """The GPUs of the facility's cluster: those models that have a resource there, slices by the MIG strategy."""
    gpus = facility.gpus
    if gpus is None or not gpus.offered:
        return ()
    return tuple(choice for gpu in gpus.models if gpu.resource for choice in _choices(gpu))


def _choices(gpu: Gpu) -> Iterator[GpuChoice]:
    selector = {PRODUCT_LABEL: gpu.product} if gpu.product else {}
    title = gpu.product or gpu.name
    if gpu.mig and gpu.mig.strategy == "mixed" and gpu.mig.profiles:
        for profile in gpu.mig.profiles:
            # A profile's + is a dot in the resource's name (NVIDIA MIG support in Kubernetes, mixed strategy).
            name = f"nvidia.com/mig-{profile.replace('+', '.')}"
            yield GpuChoice(f"{gpu.name}-{profile}", f"{title} ({profile})", name, selector)
    else:
        yield GpuChoice(gpu.name, title, gpu.resource or _USUAL, selector)
