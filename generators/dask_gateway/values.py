"""Values of the chart dask-gateway 2026.3.0; what is not told here is the chart's default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import pod_volumes
from afspec.generators.hub_chart import image, memory

from .config import extra_config
from .plan import RELEASE

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.dask import GatewayCluster, GatewayPart

    from .plan import Plan

# The gateway's own pods: where a namespace has a quota, a pod without these is refused (Kubernetes documentation,
# Resource Quotas). One of dask-gateway's servers takes about 150 MiB.
_OWN = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
_SEALED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def values(facility: Facility, plan: Plan) -> dict[str, Any]:
    """All values, in the chart's order."""
    auth, cluster = plan.auth, plan.gateway.cluster
    server = image(cluster.server_image) if cluster.server_image else None
    gateway: dict[str, Any] = {
        "prefix": plan.prefix or "/",
        "resources": _OWN,
        **({"image": server} if server else {}),
        **({"env": auth.environment} if auth.environment else {}),
        "auth": auth.values,
        "extraConfig": extra_config(facility, plan),
        "backend": _backend(facility, plan, cluster),
    }
    service = {"type": "ClusterIP", "ports": {"web": {"port": plan.web}, "tcp": {"port": _shared(plan)}}}
    return {
        **({"fullnameOverride": plan.name} if plan.name != RELEASE else {}),
        "gateway": gateway,
        "controller": {"enabled": True, "resources": _OWN, **({"image": server} if server else {})},
        "traefik": {"installTraefik": True, "resources": _OWN, "service": service},
        "rbac": {"enabled": True},
    }


def _shared(plan: Plan) -> str | int:
    """The port of schedulers, in the chart's words: `web` where HTTP has it as well."""
    return "web" if plan.tcp == plan.web else plan.tcp


def _backend(facility: Facility, plan: Plan, cluster: GatewayCluster) -> dict[str, Any]:
    """Schedulers and workers: of the site's areas workers see all, schedulers none, as they read no data."""
    pod = _pod(cluster)
    volumes, mounts = pod_volumes(facility)
    mounted = {"volumes": volumes} if volumes else {}
    return {
        **({"image": image(plan.image)} if plan.image else {}),
        "scheduler": {
            "extraPodConfig": pod,
            "extraContainerConfig": {"securityContext": _SEALED},
            **_size(cluster.scheduler),
        },
        "worker": {
            "extraPodConfig": pod | mounted,
            "extraContainerConfig": {
                "securityContext": _SEALED,
                **({"volumeMounts": mounts} if mounts else {}),
            },
            **_size(cluster.worker),
        },
    }


def _pod(cluster: GatewayCluster) -> dict[str, Any]:
    """Whose processes they are. Without a number an image's own user counts, which Kubernetes may not know by name."""
    context: dict[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
    if cluster.uid:
        context |= {"runAsUser": cluster.uid, "runAsNonRoot": True}
    if cluster.group:
        context["supplementalGroups"] = [cluster.group]
    return {"securityContext": context}


def _size(part: GatewayPart) -> dict[str, Any]:
    """What is kept for it; the limit is the same unless an overlay says otherwise (KubeClusterConfig)."""
    # Its 2G are 2 GiB, as JupyterHub's are (dask-gateway documentation, MemoryLimit).
    return {"cores": {"request": part.cores}, "memory": {"request": memory(part.memory)}}
