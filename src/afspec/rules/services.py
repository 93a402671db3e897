"""AF37: services that users could not find, or that want what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from afspec.diagnostics import Severity
from afspec.facility import Stance, walk
from afspec.facility.jupyter import JupyterKind
from afspec.facility.walk import capabilities
from afspec.rules.base import Context, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.facility import Facility

# Where each service is, and the fields of which one must say how it is reached.
_ADDRESSES = {
    "/services/coffea_casa": ("url",),
    "/services/servicex/*": ("url",),
    "/services/triton": ("grpc", "http"),
    "/services/reana": ("url",),
    "/dask/gateway": ("url", "internal_url"),
}


class AF3701(Rule):
    """On request, but nobody knows how long it takes.

    A user who has to ask plans the work by the answer's date: an hour, or a month.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Add `lead_time:`: how long users wait for it."""
        for pointer, capability in capabilities(facility):
            if capability.stance is Stance.ON_REQUEST and capability.lead_time is None:
                yield Finding(f"{pointer}/stance", f"`{pointer}`")


class AF3702(Rule):
    """Service is promised without an address.

    A promise that nobody can reach cannot be used by analysts, nor asked by the conformance kit.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Say where users reach it: clients cannot be configured, nor the promise be proved."""
        for pattern, fields in _ADDRESSES.items():
            for pointer, service in walk(facility, pattern):
                if service.stance is Stance.PROMISED and not any(getattr(service, field) for field in fields):
                    wanted = " or ".join(f"`{field}`" for field in fields)
                    yield Finding(f"{pointer}/stance", f"`{pointer}` has no {wanted}")


class AF3703(Rule):
    """Triton wants GPUs at a facility that promises none.

    Pods that ask for a GPU stay pending where no node has any: no model is ever served.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give `gpus:` a stance that offers them, or leave `gpus_per_replica:` out for servers on CPUs."""
        triton, gpus = facility.services.triton, facility.gpus
        if triton is None or not triton.offered or triton.gpus_per_replica is None:
            return
        if gpus is None or not gpus.offered:
            detail = f"{triton.gpus_per_replica} a replica, `gpus` is {gpus.standing if gpus else 'undeclared'}"
            yield Finding("/services/triton/gpus_per_replica", detail)


class AF3704(Rule):
    """Tenants share one repository of Triton models.

    A model of one user that does not load, or has the name of another's, then takes the servers from everybody; and
    each key to the repository can replace everybody's models.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each tenant a folder and a key: `repository: s3://https://host:443/bucket/<user>`."""
        triton = facility.services.triton
        if triton is None or not triton.offered:
            return
        runs = triton.server or triton.cluster
        tenants = runs.tenants if runs else ()
        if triton.shared_repository:
            yield Finding("/services/triton/shared_repository")
        elif len(tenants) > 1 and triton.repository and "<user>" not in triton.repository:
            yield Finding("/services/triton/repository", f"{len(tenants)} tenants, no `<user>` in its address")


class AF3705(Rule):
    """Service is promised on a cluster that is not.

    Coffea-casa, ServiceX, REANA, Triton's servers, JupyterHub's and dask-gateway's charts and Dask's operator run in a
    cluster that somebody keeps up, every day that they are promised.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Promise `orchestration:` too, with the cluster's `kind:`, or give the service the weaker stance."""
        cluster = facility.orchestration
        if cluster is not None and cluster.stance is Stance.PROMISED:
            return
        standing = cluster.standing if cluster else "undeclared"
        for pattern, needs_cluster in _ON_CLUSTER.items():
            for pointer, service in walk(facility, pattern):
                if service.stance is Stance.PROMISED and needs_cluster(service):
                    yield Finding(f"{pointer}/stance", f"`{pointer}` is promised, `/orchestration` is {standing}")


# What runs on the facility's cluster: always, or where its own fields say so.
_ON_CLUSTER: dict[str, Callable[[Any], bool]] = {
    "/jupyter/*": lambda way: way.kind is JupyterKind.HUB_KUBERNETES or way.spawner == "kubernetes",
    "/dask/gateway": lambda gateway: gateway.backend == "kubernetes",
    "/dask/operator": lambda _: True,
    "/services/coffea_casa": lambda _: True,
    "/services/servicex/*": lambda _: True,
    # A server that the site runs by itself needs none.
    "/services/triton": lambda triton: triton.server is None,
    "/services/reana": lambda _: True,
    "/batch/*/elastic/*": lambda way: way.kind == "autoscale" and "htcondor-autoscale" in (way.mechanism or ""),
}


class AF3706(Rule):
    """Coffea-casa has no HTCondor pool for its workers.

    Its sessions send Dask's workers to HTCondor, as jobs in the docker universe; at a site without a pool a session
    opens, and its cluster stays empty.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe the pool that takes its workers under `batch:`: one for it alone will do."""
        coffea_casa = facility.services.coffea_casa
        if coffea_casa is not None and coffea_casa.offered and not facility.htcondor_pools:
            there = " and ".join(sorted({pool.title for pool in facility.batch})) or "no pool"
            yield Finding("/services/coffea_casa/stance", f"the spec describes {there}")
