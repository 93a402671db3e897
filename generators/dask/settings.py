"""Settings of distributed, of dask-gateway's client and of dask-kubernetes, in one file: dask merges all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.ways import ways, worker_image

from .paths import has_placeholder

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.dask import Gateway, Operator

# Twice distributed's default: workers that start by the hundred, on nodes that others use too, answer late.
_TIMEOUT = "60s"


def settings(facility: Facility) -> dict[str, Any]:
    """The settings; empty where the site differs in nothing from dask's defaults."""
    dask = facility.dask
    offered = ways(facility)
    made: dict[str, Any] = {}
    scratch = facility.storage.area("scratch") if facility.storage else None
    # dask expands no variable here: a folder with the user's name in it is set by cluster.py.
    if scratch and not has_placeholder(scratch.path):
        made["temporary-directory"] = scratch.path
    if offered and offered != ("coffea_casa",):
        made["distributed"] = {"comm": {"timeouts": {"connect": _TIMEOUT, "tcp": _TIMEOUT}}}
    if dask and dask.gateway and "gateway" in offered and (gateway := _gateway(dask.gateway)):
        made["gateway"] = gateway
    if dask and dask.operator and "operator" in offered and (operator := _operator(facility, dask.operator)):
        made["kubernetes"] = operator
    return made


def _gateway(gateway: Gateway) -> dict[str, Any]:
    """The client's keys: its sessions run inside the cluster, browsers outside."""
    made: dict[str, Any] = {
        "address": gateway.internal_url or gateway.url,
        "public-address": gateway.url,
        "proxy-address": gateway.proxy,
        "auth": {"type": gateway.auth} if gateway.auth else None,
    }
    return {key: value for key, value in made.items() if value}


def _operator(facility: Facility, operator: Operator) -> dict[str, Any]:
    """The operator's keys; the service account is the session's own and no setting of dask-kubernetes."""
    image = worker_image(facility)
    made = {"namespace": operator.namespace, "image": image.reference if image else None}
    return {key: value for key, value in made.items() if value}
