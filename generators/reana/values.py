"""Values for REANA's chart (reanahub/reana, helm/reana/values.yaml and templates/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.urls import locate

from .instance import RELEASE, ROOT
from .login import login

if TYPE_CHECKING:
    from .instance import Instance

# The chart's class for a volume of its own, where no other is named.
CHARTS_CLASS = f"{RELEASE}-shared-volume-storage-class"
_GB = 10**9
# Go writes larger numbers with an exponent.
_PLAIN = 10**6


def values(item: Instance) -> dict[str, Any]:
    """The values, in the chart's order; what the spec is silent about is left to the chart.

    The chart's own Traefik stays off: it would make itself the cluster's default class of Ingress.
    """
    made: dict[str, Any] = _address(item)
    made["compute_backends"] = list(dict.fromkeys(item.spec.compute_backends))
    made["shared_storage"] = _storage(item)
    further = [path for path in item.workspaces.values() if path]
    if further or item.folder:
        made["workspaces"] = {"paths": [f"{item.folder or ROOT}:{ROOT}", *further]}
    if item.runtime_namespace != item.component.namespace:
        made["namespace_runtime"] = item.runtime_namespace
    made |= login(item)
    if item.spec.database:
        made["components"] = made.get("components", {}) | {"reana_db": {"enabled": False}}
        made["db_env_config"] = {"REANA_DB_HOST": item.spec.database}
    if quota := _quota(item):
        made["quota"] = quota
    if notifications := _notifications(item):
        made["notifications"] = notifications
    made["ingress"] = _ingress(item)
    by = item.at.ingress_class if item.at else None
    made["traefik"] = {"enabled": False, "external": by == "traefik"}
    made |= _dask(item)
    return made


def _address(item: Instance) -> dict[str, Any]:
    if item.at is None or item.spec.url is None:
        return {}
    made: dict[str, Any] = {"reana_hostname": item.at.host}
    if port := locate(item.spec.url).port:
        made["reana_hostport"] = port
    return made


def _storage(item: Instance) -> dict[str, Any]:
    """Where workspaces, the database and the queue are: a folder that all nodes share, or a volume of a class.

    `nfs` is any volume with a class that all pods may write to; `cephfs` without one is CERN's own.
    """
    if item.folder:
        made: dict[str, Any] = {"backend": "hostpath", "hostpath": {"root_path": item.folder}}
    else:
        made = {"backend": "nfs"}
        if item.storage_class:
            made["storage_class_name"] = item.storage_class
    storage = item.spec.storage
    if storage and storage.size and not item.folder:
        made["volume_size"] = _whole_gb(storage.size)
    return made


def _whole_gb(size: int) -> int | str:
    """The number behind which the chart writes G; as text where Helm would write a number as 2e+06."""
    number = -(-size // _GB)
    return number if number < _PLAIN else str(number)


def _quota(item: Instance) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if item.spec.disk_quota:
        made["default_disk_limit"] = item.spec.disk_quota
    if item.spec.cpu_quota:
        made["default_cpu_limit"] = round(item.spec.cpu_quota * 1000)
    return made


def _notifications(item: Instance) -> dict[str, Any]:
    """Mail; the receiver is shown to users in any case."""
    if not item.admin:
        return {}
    email: dict[str, Any] = {"receiver": item.admin}
    if item.spec.smtp:
        email |= {"sender": item.admin, "smtp_server": item.spec.smtp}
    made: dict[str, Any] = {"enabled": True} if item.spec.smtp else {}
    return made | {"email_config": email}


def _ingress(item: Instance) -> dict[str, Any]:
    """The Ingress, whose annotations and class sessions get as well, on OKD too: its router makes Routes of them."""
    annotations: dict[str, Any] = {"traefik.ingress.kubernetes.io/router.entrypoints": None}
    made: dict[str, Any] = {"enabled": item.ingress is not None}
    tls: dict[str, Any] = {"self_signed_cert": False}
    if item.okd:
        # The pods behind speak HTTP: TLS can end at the router only.
        annotations["route.openshift.io/termination"] = "edge"
    elif item.ingress:
        if item.ingress.ingress_class:
            made["ingress_class_name"] = item.ingress.ingress_class
        if item.ingress.ingress_class == "traefik":
            annotations = {}
        annotations |= item.ingress.annotations
        if item.ingress.tls:
            tls |= {"secret_name": f"{RELEASE}-tls", "hosts": [item.ingress.host]}
    if annotations:
        made["annotations"] = annotations
    return made | {"tls": tls}


def _dask(item: Instance) -> dict[str, Any]:
    """Dask, with the chart's own operator kept to REANA's namespace: it comes set to all of the cluster."""
    if not item.dask:
        return {}
    only = {"kopfArgs": [f"--namespace={item.runtime_namespace}"]}
    return {"dask": {"enabled": True}, "dask-kubernetes-operator": only}
