"""What a site has for the AGC, as `agc/site.yaml` says it; what nobody said is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.inputs import first_cache, rewrites
from afspec.generators.ways import ways, worker_image

from .upstream import upstream

if TYPE_CHECKING:
    from afspec.facility import Facility


def settings(facility: Facility) -> dict[str, Any]:
    """The whole file."""
    agc = facility.agc
    made: dict[str, Any] = {
        "site": facility.name,
        "inputs": _inputs(facility),
        "dask": _dask(facility),
        "chunk_events": agc.chunk if agc else None,
        "environment": _environment(facility),
        "upstream": upstream(facility),
    }
    return {key: value for key, value in made.items() if value}


def copies(facility: Facility) -> tuple[str, ...]:
    """Folders at the site with copies of the input, in the form that the file list is of."""
    datasets = facility.agc.datasets if facility.agc else ()
    return tuple(each.path for each in datasets if each.format == "nanoaod" and "<" not in each.path)


def _inputs(facility: Facility) -> dict[str, Any]:
    door = first_cache(facility)
    made: dict[str, Any] = {"rewrites": [rule._asdict() for rule in rewrites(facility)]}
    if door:
        made |= {"xcache": door.door, "source_port": bool(door.source_port)}
    if found := copies(facility):
        made["copies"] = list(found)
    return {key: value for key, value in made.items() if value != []}


def _dask(facility: Facility) -> dict[str, Any]:
    offered = ways(facility)
    if not offered:
        return {}
    image = worker_image(facility)
    workers = facility.agc.workers if facility.agc else None
    made = {"via": offered[0], "ways": list(offered), "workers": workers, "image": image.reference if image else None}
    return {key: value for key, value in made.items() if value}


def _environment(facility: Facility) -> dict[str, str]:
    """Variables that the clients of files read, where the user has not set them: {user} and {initial} are the user's.

    With SITE_NAME Rucio answers with addresses through the caches that it knows near the site.
    """
    software = facility.software
    rucio, voms = (software.rucio, software.voms) if software else (None, None)
    made = {
        "SITE_NAME": rucio.site if rucio and rucio.offered else None,
        "X509_USER_PROXY": voms.proxy if voms and voms.offered else None,
    }
    return {key: value.replace("<user>", "{user}").replace("<u>", "{initial}") for key, value in made.items() if value}
