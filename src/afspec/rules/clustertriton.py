"""AF395: Triton on the cluster, and what scales there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.components import components
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import triton_on_cluster, workers_on_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool
    from afspec.facility.services.triton import S3Key


class AF3951(Rule):
    """Triton is said to run in two ways.

    A server that the site runs by itself (`server:`) is compiled, and what is said of the cluster is not.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Keep `server:` or `cluster:`, whichever is true."""
        triton = facility.services.triton
        if triton and triton.offered and triton.server is not None and triton.cluster is not None:
            yield Finding("/services/triton/cluster", "`server` and `cluster`")


class AF3952(Rule):
    """Fewest are more than the most.

    Kubernetes refuses such an autoscaler, and the service keeps the number of pods that it happens to have.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct `minimum:` or `maximum:`."""
        for pointer, fewest, most in self._ranges(facility):
            if fewest is not None and most is not None and fewest > most:
                yield Finding(f"{pointer}/minimum", f"{fewest}, at most {most}")

    @staticmethod
    def _ranges(facility: Facility) -> Iterator[tuple[str, int | None, int | None]]:
        services, operator = facility.services, facility.dask.operator if facility.dask else None
        if services.triton and (scale := services.triton.autoscale):
            yield "/services/triton/autoscale", scale.minimum, scale.maximum
        for item in services.servicex:
            if pods := item.transformers:
                yield f"/services/servicex/{item.name}/transformers", pods.minimum, pods.maximum
        if operator is not None:
            yield "/dask/operator", operator.minimum, operator.maximum
        for _pool, at, workers in workers_on_cluster(facility):
            yield at, workers.minimum, workers.maximum


def _manager(pool: HTCondorPool) -> bool:
    """Whether the manager of a pool's growth on the cluster is known, which KEDA can ask itself."""
    grown = next((part for part in pool.elastic if part.offered and part.kind == "autoscale"), None)
    return bool(grown and grown.workers and grown.workers.manager)


class AF3953(Rule):
    """KEDA is not told where the metrics are.

    Its trigger asks Prometheus by its address, or an HTCondor pool's manager where the spec has its image. Without
    either no autoscaler can be compiled, and the service does not grow with its load.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give `autoscaling: prometheus:` as seen from inside the cluster, or use prometheus-adapter."""
        cluster = facility.orchestration
        if cluster is None or cluster.autoscaling.adapter != "keda" or cluster.autoscaling.prometheus is not None:
            return
        triton = triton_on_cluster(facility)
        scaled = ["/services/triton"] if triton and triton.autoscale else []
        asked = {f"/batch/{pool.name}" for pool in facility.htcondor_pools if _manager(pool)}
        pools = (item.pointer for item in components(facility) if item.pointer.startswith("/batch/"))
        scaled += [pointer for pointer in pools if pointer not in asked]
        if scaled:
            yield Finding("/orchestration/autoscaling/prometheus", " and ".join(f"`{at}`" for at in scaled))


class AF3954(Rule):
    """One key reads and writes Triton's models, or those of two tenants.

    The server's key is in every replica. Whoever gets it from there, by a model that runs code, replaces models that
    others trust.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Make a key for reading and, for each tenant, one for writing, each in a Secret of its own."""
        triton = facility.services.triton
        if triton is None or not triton.offered:
            return
        if triton.write_key is not None and triton.write_key == triton.read_key:
            yield Finding("/services/triton/write_key", "that of the server")
        cluster = triton.cluster
        written: dict[S3Key, str] = {}
        for tenant in cluster.tenants if cluster else ():
            here, key = f"/services/triton/cluster/tenants/{tenant.name}/write_key", tenant.write_key
            if key is None or cluster is None:
                continue
            if key in {tenant.read_key, cluster.read_key}:
                yield Finding(here, f"that of the server for `{tenant.name}`")
            elif (other := written.setdefault(key, tenant.name)) != tenant.name:
                yield Finding(here, f"that of `{other}`")


class AF3955(Rule):
    """Triton's address is one of another namespace.

    NAME.NAMESPACE.svc leads to a Service of that namespace. Clients are told of one where there is none.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Correct `grpc:` or `cluster: namespace:`; without the latter the address says where it is."""
        triton = triton_on_cluster(facility)
        own = triton.cluster.namespace if triton and triton.cluster else None
        if triton and own and triton.service and triton.service.namespace != own:
            detail = f"`{own}`, `{triton.grpc}` is in `{triton.service.namespace}`"
            yield Finding("/services/triton/cluster/namespace", detail, triton.service.namespace)


# What Triton's counters of time in the queue are made into (NVIDIA k8s-onprem, values).
_METRIC = "avg_time_queue_us"


class AF3956(Rule):
    """Servers do not grow with the metric that is named.

    Autoscalers are compiled for the time that requests wait in the queue. For another metric nobody says how it is
    measured, nor how much of it is too much: the number of servers stays the fewest.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write `metric: avg_time_queue_us`, or scale by that metric in an overlay."""
        triton = triton_on_cluster(facility)
        metric = triton.autoscale.metric if triton and triton.autoscale else None
        if metric not in {None, _METRIC}:
            yield Finding("/services/triton/autoscale/metric", f"`{metric}`", _METRIC)
