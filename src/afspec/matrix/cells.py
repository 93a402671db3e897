"""A facility's row of the table, computed from its spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import UNDECLARED, Stance, strongest
from afspec.facility.jupyter import JupyterKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Facility

COLUMNS = {
    "federated_login": "Federated login",
    "batch": "Batch",
    "orchestration": "Orchestration",
    "dask": "Dask",
    "jupyterhub": "JupyterHub",
    "custom_images": "Custom images",
    "coffea_casa": "Coffea-casa",
    "servicex": "ServiceX",
    "gpus": "GPUs",
    "triton": "Triton",
}


class Cell(NamedTuple):
    """What a facility says of one capability: the value that is shown, and the stance behind it."""

    value: str
    stance: str


def cell(stance: Stance | None, value: str = "yes") -> Cell:
    """The cell of a stance; `value` is shown where a user may have the capability."""
    if stance is None:
        return Cell(UNDECLARED, UNDECLARED)
    if stance.offers:
        return Cell(value, stance.value)
    return Cell("planned" if stance is Stance.PLANNED else "no", stance.value)


def _federated(facility: Facility) -> Cell:
    logins = facility.logins
    federated = [login.stance for login in logins if login.federated]
    if federated:
        return cell(strongest(federated))
    # "No" needs every login to say so: one that is silent leaves the question open.
    said_no = bool(logins) and all(login.federated is False for login in logins)
    return cell(Stance.NOT_PROMISED if said_no else None)


def _batch(facility: Facility) -> Cell:
    titles = dict.fromkeys(pool.title for pool in facility.batch if pool.offered)
    return cell(strongest(pool.stance for pool in facility.batch), ", ".join(titles))


def _orchestration(facility: Facility) -> Cell:
    section = facility.orchestration
    if section is None:
        return cell(None)
    return cell(section.stance, section.kind.family if section.kind else "yes")


def _dask(facility: Facility) -> Cell:
    dask = facility.dask
    if dask is None:
        return cell(None)
    if dask.stance is not None:
        return cell(dask.stance)
    ways = (dask.jobqueue, dask.gateway, dask.operator, dask.coffea_casa)
    return cell(strongest(way.stance for way in ways if way))


def _jupyterhub(facility: Facility) -> Cell:
    hubs = [item.stance for item in facility.jupyter if item.kind is not JupyterKind.OPEN_ONDEMAND]
    if any(stance and stance.offers for stance in hubs) or not facility.jupyter:
        return cell(strongest(hubs))
    others = strongest(item.stance for item in facility.jupyter if item.kind is JupyterKind.OPEN_ONDEMAND)
    return cell(others, "Open OnDemand") if others else cell(strongest(hubs))


def _custom_images(facility: Facility) -> Cell:
    images = facility.images
    if images is None or images.policy is None:
        return cell(images.stance if images and images.stance and not images.stance.offers else None)
    return cell(Stance.NOT_PROMISED if images.policy == "allow_list" else images.stance)


def _stance_of(parts: Iterable[object]) -> Cell:
    return cell(strongest(getattr(part, "stance", None) for part in parts))


def cells(facility: Facility) -> dict[str, Cell]:
    """The facility's cells in the order of COLUMNS."""
    services = facility.services
    return {
        "federated_login": _federated(facility),
        "batch": _batch(facility),
        "orchestration": _orchestration(facility),
        "dask": _dask(facility),
        "jupyterhub": _jupyterhub(facility),
        "custom_images": _custom_images(facility),
        "coffea_casa": _stance_of([services.coffea_casa]),
        "servicex": _stance_of(services.servicex),
        "gpus": _stance_of([facility.gpus]),
        "triton": _stance_of([services.triton]),
    }
