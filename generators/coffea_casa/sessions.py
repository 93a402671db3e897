"""A user's pod: coffea-casa's image with its user and folders, the site's caches and services, whom it may talk to."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from afspec.facility.common import by_name
from afspec.facility.quantities import format_bytes
from afspec.facility.urls import locate
from afspec.generators.cluster import dns_label, pod_volumes
from afspec.generators.hub_chart import image, memory, no_privileged_pods, to_services
from afspec.generators.inputs import first_cache

from . import certificates, workers
from .plan import DASK, GID, HOME, UID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .plan import Plan

# Seconds for a first start on a node, which pulls an image of many gigabytes.
_START = 900


def sessions(plan: Plan) -> dict[str, Any]:
    """The chart's section singleuser."""
    limits = plan.casa.limits
    found: dict[str, Any] = {
        "image": image(plan.image),
        "uid": UID,
        "fsGid": GID,
        "defaultUrl": "/lab",
        "startTimeout": _START,
    }
    if limits and limits.cpu:
        found["cpu"] = {"limit": limits.cpu}
    if limits and limits.memory:
        # What the chart keeps for a session is more than a small limit allows.
        found["memory"] = {"limit": memory(limits.memory), "guarantee": memory(min(limits.memory, 1 << 30))}
    found["storage"] = _storage(plan)
    found["extraEnv"] = workers.environment(plan) | dict(_services(plan))
    if data := workers.settings(plan):
        found["extraFiles"] = {"dask": {"mountPath": f"{DASK}/zz-site.yaml", "data": data}}
    if made := certificates.makers(plan):
        found["initContainers"] = made
    found["networkPolicy"] = _network(plan)
    found |= no_privileged_pods()
    if plan.casa.profiles:
        found["profileList"] = list(_profiles(plan))
    return found


def _storage(plan: Plan) -> dict[str, Any]:
    """A volume for each user's home. CVMFS is everybody's; of the site's areas only those that the spec names."""
    claims, mounts = pod_volumes(plan.facility)
    wanted = {"cvmfs", *(dns_label(name) for name in plan.casa.areas)}
    cluster = plan.facility.orchestration
    found: dict[str, Any] = {"type": "dynamic", "homeMountPath": HOME, "capacity": _gibibytes(plan.casa.home)}
    if cluster and cluster.storage_class:
        found["dynamic"] = {"storageClass": cluster.storage_class}
    found["extraVolumes"] = certificates.volumes(plan) + [item for item in claims if item["name"] in wanted]
    found["extraVolumeMounts"] = certificates.mounts(plan) + [item for item in mounts if item["name"] in wanted]
    return found


def _gibibytes(size: int) -> str:
    """A volume's size as Kubernetes takes it, in whole GiB and never less than asked."""
    return f"{-(-size // (1 << 30))}Gi"


def _services(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Variables for the near cache and for ServiceX."""
    if cache := first_cache(plan.facility):
        # The image's plugin for XRootD takes the host alone, and sends reads to it.
        yield "XCACHE_HOST", locate(cache.door).host
        yield "AF_XCACHE", cache.door
    else:
        # The image's own default is another facility's cache: without its folder the plugin is not loaded.
        yield "XRD_PLUGINCONFDIR", ""
    offered = [item for item in plan.facility.services.servicex if item.offered and item.url]
    chosen = by_name(offered, plan.casa.servicex) if plan.casa.servicex else next(iter(offered), None)
    if chosen and chosen.url and "<" not in chosen.url:
        yield "SERVICEX_HOST", chosen.url
        yield "SERVICEX_TYPE", next(iter(chosen.code_generators), chosen.name)


def _network(plan: Plan) -> dict[str, Any]:
    """Workers come in at the scheduler's port, from nodes and through addresses that nobody knows beforehand.

    The chart shuts sessions off from private networks, where clusters, pools and caches usually are.
    """
    found: dict[str, Any] = {"enabled": True}
    if services := to_services(plan.facility):
        found["egress"] = services
    if plan.pool:
        found |= {"allowedIngressPorts": [plan.scheduler_port], "egressAllowRules": {"privateIPs": True}}
    return found


def _profiles(plan: Plan) -> Iterator[dict[str, Any]]:
    """Sizes alone: a session in another image than its workers' would not understand them."""
    for number, profile in enumerate(plan.casa.profiles):
        override: dict[str, Any] = {}
        words = []
        if profile.cpu:
            override |= {"cpu_limit": profile.cpu, "cpu_guarantee": profile.cpu}
            words.append(f"{profile.cpu} core{'' if profile.cpu == 1 else 's'}")
        if profile.memory:
            override |= {"mem_limit": memory(profile.memory), "mem_guarantee": memory(profile.memory)}
            words.append(format_bytes(profile.memory))
        title = escape(profile.title or profile.name).encode("ascii", "xmlcharrefreplace").decode()
        found: dict[str, Any] = {"display_name": title, "slug": dns_label(profile.name)}
        if number == 0:
            found["default"] = True
        if words:
            found |= {"description": ", ".join(words), "kubespawner_override": override}
        yield found
