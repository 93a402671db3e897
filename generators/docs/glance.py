"""What the facility offers at a glance: one row a capability, whether or not anything was said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.common import UNDECLARED

from .evidence import marked
from .layout import codes, joined, link, table
from .words import overall, span, standing, together

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.generators.quoting import Raw

Row = tuple[str, str, str, Any]
POLICIES = {
    "any": "bring your own",
    "unpacked": "only those unpacked on CVMFS",
    "allow_list": "only those of the site's list",
}


def glance(facility: Facility) -> Raw:
    """The table: capability, stance, value."""
    rows = [
        *_doors(facility),
        *_compute(facility),
        *_sessions(facility),
        *_data(facility),
        *_services(facility),
    ]
    shown = [(title, stance, marked(facility, pointer, value)) for title, pointer, stance, value in rows]
    return table(("Capability", "Stance", "Value"), shown)


def _doors(facility: Facility) -> list[Row]:
    ssh, cluster = facility.access.ssh, facility.access.kubernetes
    federated = [login for login in facility.logins if login.federated]
    if federated:
        federation: Row = (
            "Federated login",
            "/logins",
            together(federated),
            joined(*(login.name for login in federated), by=", "),
        )
    elif any(login.federated is False for login in facility.logins):
        federation = ("Federated login", "/logins", "not promised", "the site's own account is needed")
    else:
        federation = ("Federated login", "/logins", UNDECLARED, None)
    return [
        ("SSH", "/access/ssh", standing(ssh), codes(host.host for host in ssh.hosts) if ssh else None),
        federation,
        ("Kubernetes API", "/access/kubernetes", standing(cluster), link(cluster.server) if cluster else None),
    ]


def _compute(facility: Facility) -> list[Row]:
    pools, orchestration, gpus = facility.batch, facility.orchestration, facility.gpus
    models = [f"{gpu.name} ({gpu.count})" if gpu.count else gpu.name for gpu in gpus.models] if gpus else []
    return [
        ("Batch", "/batch", together(pools), joined(*(f"{pool.title} ({pool.name})" for pool in pools), by=", ")),
        (
            "Orchestration",
            "/orchestration",
            standing(orchestration),
            orchestration.kind.family if orchestration and orchestration.kind else None,
        ),
        ("GPUs", "/gpus", standing(gpus), joined(*models, by=", ")),
    ]


def _sessions(facility: Facility) -> list[Row]:
    images, dask = facility.images, facility.dask
    policy = POLICIES.get(images.policy or "") if images else None
    ways = {
        "dask-jobqueue": dask and dask.jobqueue,
        "dask-gateway": dask and dask.gateway,
        "dask-kubernetes": dask and dask.operator,
        "coffea-casa": dask and dask.coffea_casa,
    }
    return [
        ("Containers", "/images", standing(images), joined(images.runtime, policy) if images else None),
        (
            "Jupyter",
            "/jupyter",
            together(facility.jupyter),
            joined(*(item.title or item.name for item in facility.jupyter), by=", "),
        ),
        (
            "Dask",
            "/dask",
            overall(dask, (way or None for way in ways.values())),
            joined(*(way for way, given in ways.items() if given), by=", "),
        ),
    ]


def _data(facility: Facility) -> list[Row]:
    storage, software = facility.storage, facility.software
    xcache = storage.xcache if storage else ()
    return [
        (
            "Storage",
            "/storage",
            overall(storage, storage.areas if storage else ()),
            joined(*(area.name for area in storage.areas), by=", ") if storage else None,
        ),
        ("XCache", "/storage/xcache", together(xcache), codes(item.door for item in xcache)),
        (
            "CVMFS",
            "/software/cvmfs",
            standing(software.cvmfs if software else None),
            codes(software.cvmfs.repositories) if software and software.cvmfs else None,
        ),
        ("setupATLAS", "/software/setup_atlas", standing(software.setup_atlas if software else None), None),
        (
            "Rucio",
            "/software/rucio",
            standing(software.rucio if software else None),
            f"SITE_NAME {software.rucio.site}" if software and software.rucio and software.rucio.site else None,
        ),
    ]


def _services(facility: Facility) -> list[Row]:
    services, agc = facility.services, facility.agc
    casa, triton, reana = services.coffea_casa, services.triton, services.reana
    outcome = {
        "ran": "it ran",
        "ran_with_workarounds": "it ran, with workarounds",
        "did_not_run": "it did not run",
    }.get((agc.outcome if agc else None) or "")
    return [
        ("coffea-casa", "/services/coffea_casa", standing(casa), link(casa.url) if casa else None),
        (
            "ServiceX",
            f"/services/servicex/{services.servicex[0].name}" if len(services.servicex) == 1 else "/services/servicex",
            together(services.servicex),
            joined(*(link(item.url) or (item.name if item.offered else None) for item in services.servicex), by=", "),
        ),
        (
            "Triton",
            "/services/triton",
            standing(triton),
            f"models reread every {span(triton.poll)}" if triton and triton.poll else None,
        ),
        ("REANA", "/services/reana", standing(reana), link(reana.url) if reana else None),
        ("Analysis Grand Challenge", "/agc", standing(agc), outcome),
    ]
