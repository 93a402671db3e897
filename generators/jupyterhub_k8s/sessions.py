"""Users' pods: what they run in, what they see of the site's storage, whom they may talk to.

KubeSpawner fills words in braces into volumes, variables and the like by str.format: what the spec says is either of
a kind without braces, or a template of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.dns import dns_label
from afspec.generators.cluster import component, pod_volumes
from afspec.generators.hub_chart import image, memory, no_privileged_pods, to_services
from afspec.generators.images import site_images
from afspec.generators.inputs import first_cache

from .choices import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter
    from afspec.facility.storage import Area
    from afspec.generators.cluster import Component
    from afspec.generators.oauth import HubLogin

# The name as the site knows it: KubeSpawner's {username} is made fit for names of objects.
USER = "{unescaped_username}"
# Seconds for a first start on a node, which pulls an image of many gigabytes.
_START = 900
# Ports of the cluster's API, on its Service and on its servers.
_API_PORTS = (443, 6443)


def sessions(facility: Facility, jupyter: Jupyter, here: Component, login: HubLogin | None) -> dict[str, Any]:
    """The chart's section singleuser."""
    found: dict[str, Any] = {}
    if reference := next(iter(site_images(facility).values()), None):
        found["image"] = image(reference)
    hub, limits, group = jupyter.hub, jupyter.limits, jupyter.group
    accounts = bool(login and login.uid_claim)
    if group and accounts:
        found["fsGid"] = group.gid
    found["startTimeout"] = (hub.start_timeout if hub else None) or _START
    if limits and limits.cpu:
        found["cpu"] = {"limit": limits.cpu}
    if limits and limits.memory:
        # What the chart keeps for a session is more than a small limit allows.
        found["memory"] = {"limit": memory(limits.memory), "guarantee": memory(min(limits.memory, 1 << 30))}
    if account := _service_account(facility):
        found["serviceAccountName"] = account
    found["storage"] = _storage(facility, accounts=accounts)
    if variables := dict(_environment(facility, jupyter, here)):
        found["extraEnv"] = variables
    found["networkPolicy"] = _network(facility)
    found |= no_privileged_pods()
    if listed := profiles(facility, jupyter):
        found["profileList"] = listed
    return found


def _service_account(facility: Facility) -> str | None:
    """The account by which sessions ask dask-kubernetes' operator for clusters: each namespace of notebooks has it."""
    operator = facility.dask.operator if facility.dask else None
    return operator.service_account if operator and component(facility, "dask-operator") else None


def _mounted(facility: Facility) -> dict[str, Area]:
    """Areas that pods see, by the names of their volumes."""
    areas = facility.storage.areas if facility.storage else ()
    return {dns_label(area.name): area for area in areas if area.mount}


def _storage(facility: Facility, *, accounts: bool) -> dict[str, Any]:
    """Storage of a session: the site's areas by their claims; a volume of its own only where no home is among them.

    Where every session runs as the same user of the image, since no login tells the users' numbers, nothing but the
    mount keeps them apart: of an area with a folder for each user a session sees the folder of its own.
    """
    claims, mounts = pod_volumes(facility)
    areas = _mounted(facility)
    if not accounts:
        mounts = [_own_folder(mount, areas.get(mount["name"])) for mount in mounts]
    more: dict[str, Any] = {"extraVolumes": claims, "extraVolumeMounts": mounts} if claims else {}
    if any(item["name"] in areas and areas[item["name"]].purpose == "home" for item in claims):
        return {"type": "none", **more}
    cluster = facility.orchestration
    dynamic = {"dynamic": {"storageClass": cluster.storage_class}} if cluster and cluster.storage_class else {}
    return {"type": "dynamic", **dynamic, **more}


def for_user(path: str) -> str:
    """A user's path as KubeSpawner fills it in."""
    return path.replace("<user>", USER).replace("<u>", "{unescaped_username[0]}")


def _own_folder(mount: dict[str, Any], area: Area | None) -> dict[str, Any]:
    target = str(mount["mountPath"]).rstrip("/")
    if area is None or "<" not in area.path or not area.path.startswith(f"{target}/"):
        return mount
    return {**mount, "mountPath": for_user(area.path), "subPath": for_user(area.path[len(target) + 1 :])}


def _environment(facility: Facility, jupyter: Jupyter, here: Component) -> Iterator[tuple[str, str]]:
    """Variables of every session: its home, its kernels, the near cache, Rucio's site, its proxy, Dask's namespace."""
    areas = [area for area in _mounted(facility).values() if area.stance is None or area.offered]
    home = next((area for area in areas if area.purpose == "home"), None)
    if home:
        yield "HOME", for_user(home.path)
    for area in areas:
        if area.variable:
            yield area.variable, for_user(area.path)
    # JUPYTER_PATH names the folders above `kernels` (Jupyter documentation, Common Directories and File Locations).
    folders = [jupyter.kernels.removesuffix("/kernels")] if jupyter.kernels else []
    named = facility.images.named if facility.images else ()
    folders += [f"{item.prefix}/share/jupyter" for item in named if item.prefix and item.kernel]
    if folders:
        yield "JUPYTER_PATH", ":".join(dict.fromkeys(folders))
    if cache := first_cache(facility):
        yield "AF_XCACHE", cache.door
    rucio = facility.software.rucio if facility.software else None
    if rucio and rucio.offered and rucio.site:
        yield "SITE_NAME", rucio.site
    voms = facility.software.voms if facility.software else None
    targets = tuple(f"{area.mount.target.rstrip('/')}/" for area in areas if area.mount)
    if voms and voms.offered and voms.proxy and voms.proxy.startswith(targets):
        yield "X509_USER_PROXY", for_user(voms.proxy)
    operator = component(facility, "dask-operator")
    if operator and operator.namespace != here.namespace and _service_account(facility):
        # KubeCluster takes the session's own otherwise, where the account may start nothing.
        yield "DASK_KUBERNETES__NAMESPACE", operator.namespace


def _network(facility: Facility) -> dict[str, Any]:
    """Whom sessions may talk to inside the cluster beside the hub: the facility's services, and its API for Dask."""
    egress = to_services(facility)
    if _service_account(facility):
        egress.append({"ports": [{"port": port, "protocol": "TCP"} for port in _API_PORTS]})
    return {"enabled": True, **({"egress": egress} if egress else {})}
