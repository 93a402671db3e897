"""AF393: pods that the quota of their namespace never lets start."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.diagnostics import Severity
from afspec.facility.components import components
from afspec.facility.quantities import format_bytes
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import quota_of, triton_on_cluster, ways_on_cluster, workers_on_cluster
from afspec.rules.parts import beyond

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Quota

_WHERE = "a namespace"


def _quota(facility: Facility, pointer: str) -> Quota | None:
    """What the namespace of the component at `pointer` may use; None where it is not on the cluster."""
    here = next((item for item in components(facility) if item.pointer == pointer), None)
    return quota_of(facility, here.namespace) if here else None


def _any_quota(facility: Facility) -> bool:
    cluster = facility.orchestration
    return cluster is not None and bool(cluster.quota or any(item.quota for item in cluster.namespaces))


class AF3931(Rule):
    """Profile asks for more than its namespace may use.

    The cluster refuses the session's pod ("exceeded quota") every time that somebody takes the choice.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower the choice, or raise the namespace's `quota:`; the hub itself and other sessions use some of it."""
        for pointer, way in ways_on_cluster(facility) if _any_quota(facility) else ():
            quota = _quota(facility, pointer)
            if quota is None:
                continue
            for profile in way.profiles:
                asked = (
                    ("cpu", profile.cpu, quota.cpu, str),
                    ("memory", profile.memory, quota.memory, format_bytes),
                    ("gpus", profile.gpus or None, quota.gpus, str),
                )
                yield from beyond(f"{pointer}/profiles/{profile.name}", _WHERE, asked)


class _Pod(NamedTuple):
    """What the pods of a service ask for, each at the field that says so; there may be `most` of them."""

    component: str
    at: str
    asked: tuple[tuple[str, int | None], ...]
    most: int = 1
    most_at: str = ""


def _pods(facility: Facility) -> Iterator[_Pod]:
    triton, dask = triton_on_cluster(facility), facility.dask
    if triton is not None:
        here, scale = "/services/triton", triton.autoscale
        asked: tuple[tuple[str, int | None], ...] = (("gpus_per_replica", triton.gpus_per_replica),)
        if triton.cluster is not None:
            asked += (("cluster/cpu", triton.cluster.cpu), ("cluster/memory", triton.cluster.memory))
        yield _Pod(here, here, asked, scale.maximum if scale else 1, "autoscale/maximum")
    if dask is not None and dask.gateway is not None:
        gateway, here = dask.gateway, "/dask/gateway"
        worker = gateway.cluster.worker
        asked = (("cluster/worker/max_cores", worker.max_cores), ("cluster/worker/max_memory", worker.max_memory))
        yield _Pod(here, here, (*asked, ("cluster/worker/max_gpus", worker.max_gpus or None)))
        yield _Pod(here, here, (("max_cores", gateway.max_cores), ("cluster/max_memory", gateway.cluster.max_memory)))
    if dask is not None and dask.operator is not None:
        operator, here = dask.operator, "/dask/operator"
        yield _Pod(here, here, (("scheduler_memory", operator.scheduler_memory),))
        yield _Pod(here, here, (("cores", operator.cores), ("memory", operator.memory)), operator.maximum, "maximum")
    for here, at, workers in workers_on_cluster(facility):
        asked = (("cores", workers.cores), ("memory", workers.memory), ("gpus", workers.gpus or None))
        yield _Pod(here, at, asked, workers.maximum or 1, "maximum")


class _Limit(NamedTuple):
    """What a quota allows of something, how to write it, and what it is called."""

    most: int | None
    form: Callable[[int], str]
    what: str


def _limit(field: str, quota: Quota) -> _Limit:
    """What a quota allows of what a field asks for."""
    if "memory" in field:
        return _Limit(quota.memory, format_bytes, "of memory")
    if "gpus" in field:
        return _Limit(quota.gpus, str, "GPUs")
    return _Limit(quota.cpu, str, "cores")


class AF3932(Rule):
    """Service asks for more than its namespace may use.

    Its pod is refused ("exceeded quota"), and nothing but an event in the namespace says so.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower what it asks for, or raise the namespace's `quota:`; what is left out has a default."""
        for pod in _pods(facility) if _any_quota(facility) else ():
            quota = _quota(facility, pod.component)
            if quota is None:
                continue
            for field, wanted in pod.asked:
                limit, form, _what = _limit(field, quota)
                if wanted is not None and limit is not None and wanted > limit:
                    yield Finding(f"{pod.at}/{field}", f"{form(wanted)}, at most {form(limit)} in {_WHERE}")


class AF3933(Rule):
    """Service cannot grow as far as it is said to.

    Pods beyond the quota are refused: when the load is highest, the autoscaler asks for more that never come.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Lower the maximum, or raise the namespace's `quota:` to that many pods."""
        for pod in _pods(facility) if _any_quota(facility) else ():
            quota = _quota(facility, pod.component)
            if quota is None or pod.most == 1:
                continue
            rows = [(wanted, _limit(field, quota)) for field, wanted in pod.asked]
            for each, (limit, form, what) in [*rows, (1, _Limit(quota.pods, str, "pods"))]:
                # One pod that is more than the quota is AF3932's.
                if each is not None and limit is not None and each <= limit < pod.most * each:
                    detail = f"{pod.most} pods are {form(pod.most * each)} {what}, at most {form(limit)} in {_WHERE}"
                    yield Finding(f"{pod.at}/{pod.most_at}", detail)
                    break


class AF3934(Rule):
    """What containers get that ask for nothing is more than there may be.

    Kubernetes refuses limits below what is requested, and containers that say nothing, a chart's helpers among them,
    are refused by the quota.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Keep requests within limits, and limits within `orchestration: quota:`."""
        cluster = facility.orchestration
        containers, quota = (cluster.containers, cluster.quota) if cluster else (None, None)
        if containers is None:
            return
        here = "/orchestration/containers"
        own = (
            ("cpu_request", containers.cpu_request, containers.cpu, str),
            ("memory_request", containers.memory_request, containers.memory, format_bytes),
        )
        yield from beyond(here, "the same container", own)
        if quota is not None:
            asked = (
                ("cpu", containers.cpu, quota.cpu, str),
                ("memory", containers.memory, quota.memory, format_bytes),
            )
            yield from beyond(here, _WHERE, asked)
