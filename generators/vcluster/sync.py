"""What users of the virtual cluster see of the host's, and what of theirs becomes the host's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import gpu_choices

if TYPE_CHECKING:
    from afspec.facility import Facility

_ON = {"enabled": True}
# Node feature discovery's label for a device of NVIDIA's, which its device plugin goes by too.
_GPU_NODES = {"feature.node.kubernetes.io/pci-10de.present": "true"}


def sync(facility: Facility) -> dict[str, Any]:
    """The chart's `sync`; pods, services, volumes' claims, Secrets and ConfigMaps it takes to the host by itself."""
    cluster = facility.orchestration
    if cluster is None:
        return {}
    to_host: dict[str, Any] = {"persistentVolumeClaims": _ON}
    from_host: dict[str, Any] = {"storageClasses": _ON}
    if cluster.ingress:
        to_host["ingresses"] = _ON
        from_host["ingressClasses"] = _ON
    if cluster.network_policy == "enforced":
        to_host["networkPolicies"] = _ON
    if gpu_choices(facility):
        # Users choose a GPU by the nodes' labels, and may have to name the runtime that hands it out.
        from_host["nodes"] = {**_ON, "selector": {"labels": dict(_GPU_NODES)}}
        from_host["runtimeClasses"] = _ON
    return {"toHost": to_host, "fromHost": from_host}
