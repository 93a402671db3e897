"""What users choose before a start: the spec's profiles, else a session without a GPU and one with each GPU.

A profile's override holds traits of KubeSpawner. What is a map there is merged into what the hub says, a list replaces
it; of profile_options every choice is merged over its profile (KubeSpawner documentation, profile_list).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.dns import dns_label
from afspec.facility.jupyter import Limits
from afspec.generators.cluster import cores, gpu_choices
from afspec.generators.hub_chart import memory

from .images import image_choice
from .words import html, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter, Profile
    from afspec.generators.cluster import GpuChoice

# Taints of nodes for users' pods, which the chart tolerates: a profile's list takes their place.
_NODES = ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
# The usual taint of nodes with GPUs (NVIDIA GPU Operator documentation).
_GPU_TAINT = "nvidia.com/gpu"
# Sizes below a session's limits, and GPUs that are offered one by one.
_STEPS, _MOST_GPUS = (8, 4, 2, 1), 8


class Amount(NamedTuple):
    """Cores and bytes of a session; `shared` is how many sessions may share a core."""

    cpu: int | None
    memory: int | None
    shared: int = 1

    def override(self) -> dict[str, Any]:
        """What is kept for a session is what it may use: memory that was given twice ends in killed sessions."""
        found: dict[str, Any] = {}
        if self.cpu:
            found |= {"cpu_limit": self.cpu, "cpu_guarantee": _number(self.cpu / self.shared)}
        if self.memory:
            found |= {"mem_limit": memory(self.memory), "mem_guarantee": memory(self.memory)}
        return found


def profiles(facility: Facility, jupyter: Jupyter) -> list[dict[str, Any]]:
    """The chart's singleuser.profileList; empty where users have nothing to choose."""
    gpus = gpu_choices(facility)
    if jupyter.profiles:
        found = [_told(facility, jupyter, profile, gpus) for profile in jupyter.profiles]
        return [profile for profile in found if profile]
    limits = jupyter.limits or Limits()
    options = _sizes(jupyter) | image_choice(facility, jupyter, None)[1]
    offered = gpus if limits.gpus is None or limits.gpus else ()
    if not options and not offered:
        return []
    listed = [_profile("cpu", "Without GPU", {}, options, default=True)]
    for gpu in offered:
        counts = _counts(gpu, limits.gpus or 1)
        listed.append(_profile(dns_label(gpu.name), html(gpu.title), _with_gpu(gpu, 1), counts | options))
    return listed


def _profile(
    slug: str, title: str, override: dict[str, Any], options: dict[str, Any], *, default: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {"display_name": title, "slug": slug}
    if default:
        found["default"] = True
    if override:
        found["kubespawner_override"] = override
    if options:
        found["profile_options"] = options
    return found


def _told(facility: Facility, jupyter: Jupyter, profile: Profile, gpus: tuple[GpuChoice, ...]) -> dict[str, Any] | None:
    """A profile of the spec; None where it wants a GPU that the cluster has no resource for."""
    fitting = tuple(_fitting(facility, profile, gpus)) if profile.gpus else ()
    if profile.gpus and not fitting:
        return None
    limits = jupyter.limits or Limits()
    amount = Amount(_least(profile.cpu, limits.cpu), _least(profile.memory, limits.memory), _shared(jupyter))
    override = amount.override()
    options: dict[str, Any] = {}
    if len(fitting) == 1:
        override |= _with_gpu(fitting[0], profile.gpus)
    elif fitting:
        # What differs is in the choices alone: resources of two models would add up.
        options |= _models(fitting, profile.gpus)
    image, images = image_choice(facility, jupyter, profile)
    override |= image
    title = html(profile.title or profile.name)
    found = _profile(dns_label(profile.name), title, override, options | images)
    what = size(amount.cpu, amount.memory)
    return {**found, "description": what} if what else found


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound), default=None)


def _shared(jupyter: Jupyter) -> int:
    return (jupyter.hub.cpu_overcommit if jupyter.hub else None) or 1


def _number(value: float) -> float:
    """A number without a point where it needs none."""
    return int(value) if value == int(value) else round(value, 3)


def _fitting(facility: Facility, profile: Profile, gpus: tuple[GpuChoice, ...]) -> Iterator[GpuChoice]:
    """The GPUs that a profile may mean: of its model, whole or each of its slices; of any where it names none."""
    if profile.gpu is None:
        yield from gpus
        return
    model = by_name(facility.gpus.models, profile.gpu) if facility.gpus else None
    slices = {f"{profile.gpu}-{part}" for part in model.mig.profiles} if model and model.mig else set()
    yield from (gpu for gpu in gpus if gpu.name == profile.gpu or gpu.name in slices)


def _with_gpu(gpu: GpuChoice, count: int) -> dict[str, Any]:
    """Traits of a session with a GPU: the resource, the nodes that have the model, and leave to run there."""
    tolerations = [{"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"} for key in _NODES]
    taints = dict.fromkeys((_GPU_TAINT, gpu.resource))
    tolerations += [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in taints]
    return {
        **_resources(gpu, count),
        **({"node_selector": dict(gpu.selector)} if gpu.selector else {}),
        "tolerations": tolerations,
    }


def _resources(gpu: GpuChoice, count: int) -> dict[str, Any]:
    amount = {gpu.resource: cores(count)}
    return {"extra_resource_limits": amount, "extra_resource_guarantees": dict(amount)}


def _models(gpus: tuple[GpuChoice, ...], count: int) -> dict[str, Any]:
    choices: dict[str, dict[str, Any]] = {
        dns_label(gpu.name): {"display_name": html(gpu.title), "kubespawner_override": _with_gpu(gpu, count)}
        for gpu in gpus
    }
    next(iter(choices.values()))["default"] = True
    return {"gpu": {"display_name": "GPU", "choices": choices}}


def _counts(gpu: GpuChoice, most: int) -> dict[str, Any]:
    """How many GPUs; nothing where there is but one."""
    if most == 1 or gpu.shared:
        return {}
    choices: dict[str, Any] = {
        str(count): {"display_name": str(count), "kubespawner_override": _resources(gpu, count)}
        for count in range(1, min(most, _MOST_GPUS) + 1)
    }
    choices["1"]["default"] = True
    return {"gpus": {"display_name": "GPUs", "choices": choices}}


def _sizes(jupyter: Jupyter) -> dict[str, Any]:
    """Sizes up to a session's limits, the smallest first; nothing where the spec limits neither cores nor memory."""
    limits = jupyter.limits
    if limits is None or not (limits.cpu or limits.memory):
        return {}
    found: dict[str, Any] = {}
    for step in _STEPS:
        amount = Amount(
            max(limits.cpu // step, 1) if limits.cpu else None,
            max(limits.memory // step, 1) if limits.memory else None,
            _shared(jupyter),
        )
        title = size(amount.cpu, amount.memory)
        found[dns_label(title)] = {"display_name": title, "kubespawner_override": amount.override()}
    if len(found) == 1:
        return {}
    next(iter(found.values()))["default"] = True
    return {"size": {"display_name": "Size", "choices": found}}
