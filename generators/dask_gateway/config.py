"""What only Python can say to the gateway: commands, limits of a cluster, and what its users may choose.

The chart runs these pieces after its own configuration (gateway.extraConfig). They are code with the facts written as
literals before it; nothing of the spec is code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.cluster import gpu_choices
from afspec.generators.custom_images import Policy
from afspec.generators.quoting import python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.dask import GatewayCluster

    from .plan import Plan

_GIB = 2**30
# Distributed 2026.8 has no scripts of these names with a dash any more, which are the gateway's defaults.
_COMMANDS = """\
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
"""
_OPTIONS = """\
import re

from dask_gateway_server.options import Float, Integer, Mapping, Options, Select, String


def _environment(given):
    for name, value in given.items():
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) or not isinstance(value, str):
            raise ValueError(f"{name!r} is no variable with a text as its value")
    return {**(get_property("gateway.backend.environment") or {}), **given}


def _handler(options):
    made = {
        "worker_cores": options.worker_cores,
        "worker_memory": int(options.worker_memory * 2**30),
        "environment": _environment(options.environment),
    }
"""
_IMAGE = """\
    if options.image:
        if not re.fullmatch(_IMAGE_FORM, options.image):
            raise ValueError(f"{options.image!r} is no reference of an image: registry/repository:tag")
        made["image"] = options.image
"""
_SELECTED = """\
    made["image"] = options.image
"""
_GPU = """\
    if options.worker_gpus:
        resource, labels = _GPUS[options.gpu]
        asked = dict([(resource, str(options.worker_gpus))])
        container = dict(get_property("gateway.backend.worker.extraContainerConfig") or ())
        container["resources"] = dict(requests=asked, limits=asked)
        pod = dict(get_property("gateway.backend.worker.extraPodConfig") or ())
        pod["nodeSelector"] = dict(pod.get("nodeSelector") or (), **dict(labels))
        # The first is the usual taint of nodes with GPUs.
        taints = dict.fromkeys(("nvidia.com/gpu", resource))
        pod["tolerations"] = list(pod.get("tolerations") or ())
        pod["tolerations"] += [dict(key=key, operator="Exists", effect="NoSchedule") for key in taints]
        made.update(worker_extra_container_config=container, worker_extra_pod_config=pod)
"""


def extra_config(facility: Facility, plan: Plan) -> dict[str, str]:
    """Pieces of configuration by key; they run in the keys' order."""
    auth = {"10-auth": plan.auth.code} if plan.auth.code else {}
    limits = "".join(_limits(plan))
    return {
        **auth,
        "20-commands": _COMMANDS,
        **({"30-limits": limits} if limits else {}),
        "40-options": "".join(_options(facility, plan)),
    }


def _limits(plan: Plan) -> Iterator[str]:
    cluster = plan.gateway.cluster
    for name, value in (
        ("cluster_max_cores", plan.gateway.max_cores),
        ("cluster_max_memory", cluster.max_memory),
        ("cluster_max_workers", cluster.max_workers),
        ("idle_timeout", plan.gateway.idle),
    ):
        if value is not None:
            yield f"c.ClusterConfig.{name} = {python(value)}\n"


def _options(facility: Facility, plan: Plan) -> Iterator[str]:
    cluster = plan.gateway.cluster
    field, check = _image(facility, plan)
    gpus = _gpus(facility, cluster)
    if check is _IMAGE:
        yield f"_IMAGE_FORM = {python(Policy.of(facility.images).reference)}\n" if facility.images else ""
    if gpus:
        yield f"_GPUS = dict({python(gpus)})\n"
    yield _OPTIONS + check + (_GPU if gpus else "") + "    return made\n\n\n"
    yield "c.Backend.cluster_options = Options(\n"
    yield field
    yield from _sizes(cluster)
    if gpus:
        yield f'    Select("gpu", {python([name for name, _ in gpus])}, label="GPU of a worker"),\n'
        yield f'    Integer("worker_gpus", 0, min=0, max={cluster.worker.max_gpus}, label="GPUs of a worker"),\n'
    yield '    Mapping("environment", label="Environment variables"),\n    handler=_handler,\n)\n'


def _sizes(cluster: GatewayCluster) -> Iterator[str]:
    """Fields for a worker's cores and memory: at most what may be asked for, or what it has without asking."""
    worker = cluster.worker
    cores = max(worker.cores, worker.max_cores)
    size, most = worker.memory / _GIB, max(worker.memory, worker.max_memory) / _GIB
    least = min(size, 0.5)
    yield f'    Integer("worker_cores", {worker.cores}, min=1, max={cores}, label="Cores of a worker"),\n'
    yield f'    Float("worker_memory", {size!r}, min={least!r}, max={most!r}, label="Memory of a worker (GiB)"),\n'


def _image(facility: Facility, plan: Plan) -> tuple[str, str]:
    """The field for the image, and what the handler does with it; nothing where the site says nothing of images."""
    images = facility.images
    if images is None or not images.offered:
        return "", ""
    policy = Policy.of(images)
    if policy.allowed is None and not policy.only_unpacked:
        return f'    String("image", {python(plan.image or "")}, label="Image"),\n', _IMAGE
    # Images of CVMFS are folders, and pods start from references: those with names are left.
    known = policy.allowed if policy.allowed is not None else tuple(image.reference for image in images.named)
    choices = tuple(dict.fromkeys(([plan.image] if plan.image in known else []) + list(known)))
    if not choices or plan.image not in choices:
        return "", ""
    return f'    Select("image", {python(list(choices))}, label="Image"),\n', _SELECTED


def _gpus(facility: Facility, cluster: GatewayCluster) -> list[tuple[str, tuple[str, tuple[tuple[str, str], ...]]]]:
    if not cluster.worker.max_gpus:
        return []
    return [(choice.name, (choice.resource, tuple(choice.selector.items()))) for choice in gpu_choices(facility)]
