"""How a pod asks for a GPU: a resource, and the labels of the nodes that have it (NVIDIA GPU feature discovery)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu, Sharing

PRODUCT_LABEL = "nvidia.com/gpu.product"
_USUAL = "nvidia.com/gpu"
_SHARED = "-SHARED"
_RENAMED = ".shared"


class GpuChoice(NamedTuple):
    """A GPU, or a slice of one, that a container may have: `resource` with `selector` as the pod's node selector.

    Of a `shared` one a container gets one and no more: the device plugin refuses who asks for two.
    """

    name: str
    title: str
    resource: str
    selector: dict[str, str]
    shared: bool = False


def gpu_choices(facility: Facility) -> tuple[GpuChoice, ...]:
    """The GPUs of the facility's cluster: those models that have a resource there, slices by the MIG strategy."""
    gpus = facility.gpus
    if gpus is None or not gpus.offered:
        return ()
    return tuple(choice for gpu in gpus.models if gpu.resource for choice in gpu_choices_of(gpu))


def sharing_of(gpu: Gpu) -> Sharing | None:
    """How a model's GPUs are shared in effect: by one container at a time nothing is, and MPS shares no MIG slices.

    With both, the device plugin would not start (NVIDIA k8s-device-plugin documentation, With CUDA MPS).
    """
    sharing = gpu.sharing
    if sharing is None or sharing.replicas == 1 or (sharing.by == "mps" and is_cut(gpu)):
        return None
    return sharing


def is_cut(gpu: Gpu) -> bool:
    """Whether a model's GPUs are cut into MIG slices."""
    return gpu.mig is not None and gpu.mig.strategy != "none"


def is_renamed(gpu: Gpu) -> bool:
    """Whether a shared GPU has a resource of its own, which the spec says by naming it: nvidia.com/gpu.shared."""
    return bool(gpu.resource and gpu.resource.endswith(_RENAMED))


def gpu_choices_of(gpu: Gpu) -> Iterator[GpuChoice]:
    """The ways to ask for a model: one, or one a slice."""
    title, shared = gpu.product or gpu.name, sharing_of(gpu) is not None
    resource = gpu.resource or _USUAL
    profiles = gpu.mig.profiles if gpu.mig else ()
    if gpu.mig and gpu.mig.strategy == "mixed" and profiles:
        ending = _RENAMED if shared and is_renamed(gpu) else ""
        for profile in profiles:
            # A profile's + is a dot in the resource's name (NVIDIA MIG support in Kubernetes, mixed strategy).
            name = f"nvidia.com/mig-{profile.replace('+', '.')}{ending}"
            # The product's label is the whole GPU's, which is not shared itself.
            yield GpuChoice(f"{gpu.name}-{profile}", f"{title} ({profile})", name, _selector(gpu.product), shared)
    elif gpu.mig and gpu.mig.strategy == "single" and profiles and "-MIG-" not in (gpu.product or ""):
        for profile in profiles:
            product = f"{gpu.product}-MIG-{profile.replace('+', '')}" if gpu.product else None
            name = gpu.name if len(profiles) == 1 else f"{gpu.name}-{profile}"
            yield GpuChoice(name, f"{title} ({profile})", resource, _selector(_as_labelled(gpu, product)), shared)
    else:
        yield GpuChoice(gpu.name, title, resource, _selector(_as_labelled(gpu, gpu.product)), shared)


def _selector(product: str | None) -> dict[str, str]:
    return {PRODUCT_LABEL: product} if product else {}


def _as_labelled(gpu: Gpu, product: str | None) -> str | None:
    """The product as GPU feature discovery labels it: what is shared under its usual name ends in -SHARED."""
    if product is None or sharing_of(gpu) is None or is_renamed(gpu) or product.endswith(_SHARED):
        return product
    return product + _SHARED
