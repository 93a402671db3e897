"""The device plugin's configurations, version v1 (NVIDIA k8s-device-plugin documentation, As a configuration file).

A node has one of them, so GPUs that are cut or shared in different ways are in different nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster.gpus import gpu_choices_of, is_cut, is_renamed, sharing_of
from afspec.generators.quoting import comment
from afspec.generators.yamltext import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu

_VENDOR = "nvidia.com/"
_WHOLE = "whole"
_SINGLE = "mig-single"
_KEYS = {"time_slicing": ("timeSlicing", "time-slicing"), "mps": ("mps", "mps")}


def config_map(facility: Facility) -> dict[str, str]:
    """The text of each configuration by its name, in the order of the spec's models; empty without GPUs of NVIDIA's."""
    made: dict[str, dict[str, Any]] = {}
    models: dict[str, list[str]] = {}
    for gpu in _models(facility):
        name = _name(gpu)
        config = made.setdefault(name, _config(gpu))
        _add_resources(config, gpu)
        models.setdefault(name, []).append(gpu.product or gpu.name)
    return {name: _text(config, models[name]) for name, config in made.items()}


def default_config(configs: dict[str, str]) -> str:
    """What nodes without a label get: what does no harm to the others.

    With the strategy single a node without slices offers whole GPUs, as with none; with none, one that has slices
    would offer GPUs that nobody can use.
    """
    return next((name for name in (_SINGLE, _WHOLE) if name in configs), next(iter(configs)))


def _models(facility: Facility) -> Iterator[Gpu]:
    for gpu in facility.gpus.models if facility.gpus else ():
        if gpu.resource and gpu.resource.startswith(_VENDOR):
            yield gpu


def _strategy(gpu: Gpu) -> str:
    return gpu.mig.strategy if gpu.mig and is_cut(gpu) else "none"


def _name(gpu: Gpu) -> str:
    """What is done to the GPUs: whole, mig-single, time-slicing-4, mig-mixed-time-slicing-2-renamed."""
    parts = [f"mig-{_strategy(gpu)}"] if is_cut(gpu) else []
    if sharing := sharing_of(gpu):
        parts += [_KEYS[sharing.by][1], str(sharing.replicas), *(["renamed"] if is_renamed(gpu) else [])]
    return "-".join(parts) or _WHOLE


def _config(gpu: Gpu) -> dict[str, Any]:
    made: dict[str, Any] = {"version": "v1", "flags": {"migStrategy": _strategy(gpu)}}
    if sharing := sharing_of(gpu):
        # More than one share gives no more of the GPU: who asks for two is told, instead of being misled.
        how = {"renameByDefault": is_renamed(gpu), "failRequestsGreaterThanOne": True, "resources": []}
        made["sharing"] = {_KEYS[sharing.by][0]: how}
    return made


def _add_resources(config: dict[str, Any], gpu: Gpu) -> None:
    """What is shared of a model: its slices each by the name that the strategy mixed gives them."""
    sharing = sharing_of(gpu)
    if sharing is None:
        return
    listed = config["sharing"][_KEYS[sharing.by][0]]["resources"]
    for choice in gpu_choices_of(gpu):
        entry = {"name": choice.resource.removesuffix(".shared"), "replicas": sharing.replicas}
        if entry not in listed:
            listed.append(entry)


def _text(config: dict[str, Any], models: list[str]) -> str:
    head = "".join(f"# {comment(model)}\n" for model in dict.fromkeys(models))
    return head + dump(config)
