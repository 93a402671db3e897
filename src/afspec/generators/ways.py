"""The ways to a Dask cluster that a facility offers, as the settings and the users' page both need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.common import STRENGTH, by_name
from afspec.facility.jupyter import JupyterKind

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.common import Capability
    from afspec.facility.dask import Gateway
    from afspec.facility.images import Image
    from afspec.facility.jupyter import Jupyter

_HUBS = (JupyterKind.HUB_KUBERNETES, JupyterKind.HUB_VM)


def ways(facility: Facility) -> tuple[str, ...]:
    """Names of the ways, the strongest promise first; a jobqueue counts where its pool is known."""
    dask = facility.dask
    if dask is None:
        return ()
    known: dict[str, Capability | None] = {
        "jobqueue": dask.jobqueue if facility.jobqueue_pool else None,
        "gateway": dask.gateway,
        "operator": dask.operator,
        "coffea_casa": dask.coffea_casa,
    }
    offered = [(name, way.stance) for name, way in known.items() if way and way.offered and way.stance]
    return tuple(name for name, _ in sorted(offered, key=lambda pair: STRENGTH.index(pair[1])))


def worker_image(facility: Facility) -> Image | None:
    """The image that workers run in: one that has dask, as its packages or its name say; else the default one.

    An image whose packages are listed, and dask not among them, is never taken.
    """
    images = facility.images
    if images is None or not images.offered:
        return None
    able = [image for image in images.named if "dask" in image.packages]
    named = [image for image in images.named if not image.packages and "dask" in image.reference]
    untold = [image for image in images.named[:1] if not image.packages]
    return next(iter([*able, *named, *untold]), None)


def gateway_hub(facility: Facility, gateway: Gateway) -> Jupyter | None:
    """The hub that knows dask-gateway's users: the one that is named, or that serves its address, or the first."""
    hubs = [item for item in facility.jupyter if item.offered and item.kind in _HUBS]
    if gateway.cluster.hub:
        return by_name(hubs, gateway.cluster.hub)
    below = gateway.url or ""
    served = (hub for hub in hubs if hub.url and below.startswith(f"{hub.url.rstrip('/')}/"))
    return next(served, next(iter(hubs), None))
