"""What schedulers' and workers' pods have of the site: its image, storage, group, account, and the user's proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.jupyter import JupyterKind
from afspec.generators.cluster import pod_volumes
from afspec.generators.ways import worker_image

if TYPE_CHECKING:
    from afspec.facility import Facility

USER = "user-name"


def image_of(facility: Facility) -> str | None:
    """The image of schedulers and workers: one for both, or their software would differ."""
    operator = facility.dask.operator if facility.dask else None
    if operator and operator.image:
        return operator.image
    image = worker_image(facility)
    return image.reference if image else None


def container(
    facility: Facility, name: str, arguments: list[str], ports: list[dict[str, Any]], resources: dict[str, Any]
) -> dict[str, Any]:
    """A container that runs a command of dask's in the site's image."""
    made: dict[str, Any] = {"name": name, "image": image_of(facility), "args": arguments}
    if environment := _environment(facility):
        made["env"] = environment
    made |= {"ports": ports, "resources": resources, "securityContext": {"allowPrivilegeEscalation": False}}
    _, mounts = pod_volumes(facility)
    return made | ({"volumeMounts": mounts} if mounts else {})


def pod(facility: Facility, only: dict[str, Any]) -> dict[str, Any]:
    """A pod's specification around its one container."""
    operator = facility.dask.operator if facility.dask else None
    made: dict[str, Any] = {}
    if operator and operator.service_account:
        # What the account may do, starting clusters above all, is the sessions' affair: no worker gets its token.
        made["serviceAccountName"] = operator.service_account
    made["automountServiceAccountToken"] = False
    security: dict[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
    if gid := _gid(facility):
        security["supplementalGroups"] = [gid]
    made |= {"securityContext": security, "containers": [only]}
    volumes, _ = pod_volumes(facility)
    return made | ({"volumes": volumes} if volumes else {})


def _gid(facility: Facility) -> int | None:
    """The group by which sessions on the cluster read the site's storage."""
    for item in facility.jupyter:
        on_cluster = item.kind is JupyterKind.HUB_KUBERNETES or item.spawner == "kubernetes"
        if item.offered and on_cluster and item.group:
            return item.group.gid
    return None


def _environment(facility: Facility) -> list[dict[str, str]]:
    """Where the user's proxy is; a folder of a user's first letter nothing in a pod can spell."""
    voms = facility.software.voms if facility.software else None
    if voms is None or not voms.proxy or "<u>" in voms.proxy or (voms.stance is not None and not voms.offered):
        return []
    return [{"name": "X509_USER_PROXY", "value": voms.proxy.replace("<user>", USER)}]
