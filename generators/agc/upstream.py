"""Upstream's own configuration: iris-hep/analysis-grand-challenge, analyses/cms-open-data-ttbar, utils/config.py.

The switches at the head of the notebook are apart: they are no part of that file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from afspec.generators.ways import ways

if TYPE_CHECKING:
    from afspec.facility import Facility

NOTEBOOK: Final = ("USE_DASK", "USE_SERVICEX", "USE_INFERENCE", "USE_TRITON")
CONFIG: Final = {
    "global": ("SERVICEX_IGNORE_CACHE", "USE_SERVICEX_DOWNLOAD", "AF"),
    "benchmarking": (
        "CHUNKSIZE",
        "INPUT_FROM_EOS",
        "XCACHE_ATLAS_PREFIX",
        "AF_NAME",
        "SYSTEMATICS",
        "CORES_PER_WORKER",
        "NUM_CORES",
        "DISABLE_PROCESSING",
        "IO_FILE_PERCENT",
    ),
    "ml": ("MAX_N_JETS", "MODEL_NAME", "TRITON_URL", "MODEL_VERSION_EVEN", "MODEL_VERSION_ODD"),
}
# As Python writes them: the spec's switches are texts.
_WORDS: Final = {"True": True, "False": False, "None": None}


def upstream(facility: Facility) -> dict[str, Any]:
    """Values for the notebook's switches and for each section of its configuration; the spec's own words win."""
    told = {**_derived(facility), **_told(facility)}
    config = {
        section: {name: told[name] for name in names if name in told}
        for section, names in CONFIG.items()
        if any(name in told for name in names)
    }
    return {"notebook": {name: told[name] for name in NOTEBOOK if name in told}, "config": config}


def _derived(facility: Facility) -> dict[str, Any]:
    """What follows from the rest of the spec.

    AF names the code in upstream's utils/clients.py that finds Dask: `local` makes a client of what Dask's own
    settings name, which is a cluster of the site where one was started. The prefix of a cache is None on purpose:
    upstream puts it before whatever the list says, an https address too, and the list has its door already.
    """
    agc, dask = facility.agc, facility.dask
    offered = ways(facility)
    made: dict[str, Any] = {
        "USE_DASK": bool(offered),
        "AF": "coffea_casa" if offered[:1] == ("coffea_casa",) else "local",
        "AF_NAME": facility.name,
        "INPUT_FROM_EOS": False,
        "XCACHE_ATLAS_PREFIX": None,
    }
    if dask and dask.jobqueue and "jobqueue" in offered:
        made["CORES_PER_WORKER"] = dask.jobqueue.cores
    if agc and agc.chunk:
        made["CHUNKSIZE"] = agc.chunk
    triton = facility.services.triton
    if triton and triton.offered and triton.grpc:
        made["TRITON_URL"] = triton.grpc
    return made


def _told(facility: Facility) -> dict[str, Any]:
    """The spec's switches as values of Python."""
    told = facility.agc.environment if facility.agc else {}
    return {name: _WORDS.get(value, int(value) if value.isdecimal() else value) for name, value in told.items()}
