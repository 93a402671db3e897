"""AF394: GPUs that no pod of the cluster could get, or not as it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.diagnostics import Severity
from afspec.facility.common import by_name
from afspec.facility.components import components
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.onsite import cluster_gpus, triton_on_cluster, ways_on_cluster, workers_on_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Gpu


class _Wish(NamedTuple):
    """So many GPUs that a pod asks for, of the model of that name or of any; `at` leads to whoever asks."""

    at: str
    field: str
    number: int
    model: str | None


def _wishes(facility: Facility) -> Iterator[_Wish]:
    for pointer, way in ways_on_cluster(facility):
        for profile in way.profiles:
            if profile.gpus:
                yield _Wish(f"{pointer}/profiles/{profile.name}", "gpus", profile.gpus, profile.gpu)
    for _pool, at, workers in workers_on_cluster(facility):
        if workers.gpus:
            yield _Wish(at, "gpus", workers.gpus, workers.gpu)
    triton = triton_on_cluster(facility)
    if triton is not None and triton.gpus_per_replica:
        model = triton.cluster.gpu if triton.cluster else None
        yield _Wish("/services/triton", "gpus_per_replica", triton.gpus_per_replica, model)


def _model_at(wish: _Wish) -> str:
    return f"{wish.at}/cluster/gpu" if wish.field == "gpus_per_replica" else f"{wish.at}/gpu"


class AF3941(Rule):
    """GPU is not one of the cluster's.

    A pod asks for a resource, and nodes say which they have. A model without one is elsewhere, in a batch pool: no pod
    that asks for it ever starts.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give the model its `resource:` (nvidia.com/gpu), or name one of those that have it."""
        there = tuple(gpu.name for gpu in cluster_gpus(facility))
        for wish in _wishes(facility):
            if wish.model is not None and wish.model not in there:
                known = wish.model in facility.gpu_names
                # What is not described at all is AF3402's where a profile names it.
                if known:
                    yield Finding(_model_at(wish), f"`{wish.model}` has no `resource:`")
                elif not wish.at.startswith("/jupyter/"):
                    yield unknown(_model_at(wish), wish.model, there, f"no GPU model `{wish.model}`")


def _containers(gpu: Gpu) -> int | None:
    """How many containers the GPUs of a model serve at a time; None where nobody knows."""
    if gpu.count is None or gpu.mig is not None:
        return None
    return gpu.count * (gpu.sharing.replicas if gpu.sharing else 1)


class AF3942(Rule):
    """More GPUs are asked for than the cluster has.

    Pods that ask for them stay pending: the choice is there, or the autoscaler wants it, and no node ever fits.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Ask for less, or correct the model's `count:`; `autoscale: maximum:` times the GPUs of a replica count."""
        models, triton = cluster_gpus(facility), triton_on_cluster(facility)
        for wish in _wishes(facility):
            named = by_name(models, wish.model) if wish.model else None
            if wish.model and named is None:
                continue
            counts = [_containers(gpu) for gpu in ((named,) if named else models)]
            if not counts or None in counts:
                continue
            # A pod is on one node, but which GPUs are in one node nobody says.
            there = sum(count for count in counts if count is not None)
            most = triton.autoscale.maximum if triton and triton.autoscale and wish.field == "gpus_per_replica" else 1
            what = f"`{wish.model}`" if wish.model else "GPUs"
            if wish.number > there:
                yield Finding(f"{wish.at}/{wish.field}", f"{wish.number}, there are {there} {what}")
            elif wish.number * most > there:
                detail = f"{most} replicas of {wish.number}, there are {there} {what}"
                yield Finding(f"{wish.at}/autoscale/maximum", detail)


def _is_shared(gpu: Gpu) -> bool:
    return gpu.sharing is not None and gpu.sharing.replicas > 1


class AF3945(Rule):
    """More than one share of a GPU is asked for.

    A second share is no second GPU: it may be one of the same, and brings no more memory and no more time. The device
    plugin is told to refuse such a pod (failRequestsGreaterThanOne), and with MPS always does.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Ask for one, or for a model that is not shared."""
        models = cluster_gpus(facility)
        for wish in _wishes(facility):
            asked = [gpu for gpu in models if wish.model in {None, gpu.name}]
            if wish.number > 1 and asked and all(_is_shared(gpu) for gpu in asked):
                names = ", ".join(f"`{gpu.name}`" for gpu in asked)
                yield Finding(f"{wish.at}/{wish.field}", f"{wish.number} of {names}")


class AF3947(Rule):
    """Quota counts GPUs that the cluster does not have.

    It is applied, limits nothing, and tells users of GPUs that no node has.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give the GPU models of the cluster their `resource:`, or take `gpus:` out of the quota."""
        cluster = facility.orchestration
        if cluster and cluster.quota and cluster.quota.gpus and components(facility) and not cluster_gpus(facility):
            yield Finding("/orchestration/quota/gpus", f"{cluster.quota.gpus}, and no GPU model has a `resource:`")


class AF3948(Rule):
    """GPUs are asked for on a cluster that is not known to have any.

    Nothing is compiled for a server with GPUs, and no choice of the users' form, where no model says by which resource
    a pod gets one.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Describe the cluster's GPUs under `gpus: models:`, with `resource:` (nvidia.com/gpu) and `product:`."""
        if not cluster_gpus(facility):
            for wish in _wishes(facility):
                if wish.model is None:
                    yield Finding(f"{wish.at}/{wish.field}", f"{wish.number} at `{wish.at}`")
