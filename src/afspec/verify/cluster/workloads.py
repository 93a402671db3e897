"""What an API server refuses of workloads, what scales them, claims and limits, although the schema lets it pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.enumerated import amount_fault, cron_fault
from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_NONE = frozenset({"0", "0%"})
# Kubernetes documentation, Resource Quotas: what a quota may be of, besides resources with a domain of their own.
_QUOTED = """
configmaps cpu ephemeral-storage limits.cpu limits.ephemeral-storage limits.memory memory persistentvolumeclaims pods
replicationcontrollers requests.cpu requests.ephemeral-storage requests.memory requests.storage resourcequotas secrets
services services.loadbalancers services.nodeports
"""
_QUOTAS = frozenset(_QUOTED.split())


def workload_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A Deployment, a StatefulSet, a DaemonSet or a ReplicaSet."""
    spec = mapped(data.get("spec"))
    wanted = mapped(mapped(spec.get("selector")).get("matchLabels"))
    labels = mapped(mapped(mapped(spec.get("template")).get("metadata")).get("labels"))
    for key, value in wanted.items():
        if labels.get(key) != value:
            yield Fault(("spec", "selector", "matchLabels", str(key)), "its own pods have no such label")
    policy = mapped(mapped(spec.get("template")).get("spec")).get("restartPolicy", "Always")
    if policy != "Always":
        at: Path = ("spec", "template", "spec", "restartPolicy")
        yield Fault(at, f"{policy!r} is not for a {data.get('kind')}, whose pods always restart")
    if data.get("kind") == "Deployment":
        yield from _strategy(mapped(spec.get("strategy")))
    for index, claim in enumerate(listed(spec.get("volumeClaimTemplates"))):
        yield from _asked(mapped(claim), ("spec", "volumeClaimTemplates", index))


def _strategy(strategy: dict[str, Any]) -> Iterator[Fault]:
    rolling = mapped(strategy.get("rollingUpdate"))
    if strategy.get("type") == "Recreate" and rolling:
        yield Fault(("spec", "strategy", "rollingUpdate"), "is not for the strategy Recreate")
    elif str(rolling.get("maxSurge")) in _NONE and str(rolling.get("maxUnavailable")) in _NONE:
        yield Fault(("spec", "strategy", "rollingUpdate"), "maxSurge and maxUnavailable are both 0: no pod could go")


def job_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A Job, or a CronJob."""
    at: Path = ("spec", "jobTemplate", "spec") if data.get("kind") == "CronJob" else ("spec",)
    spec: Any = data
    for key in at:
        spec = mapped(mapped(spec).get(str(key)))
    pod = mapped(mapped(spec.get("template")).get("spec"))
    if pod and pod.get("restartPolicy") not in {"Never", "OnFailure"}:
        yield Fault((*at, "template", "spec"), "restartPolicy is neither Never nor OnFailure, as a Job's must be")
    said = cron_fault(mapped(data.get("spec")).get("schedule")) if data.get("kind") == "CronJob" else ""
    if said:
        yield Fault(("spec", "schedule"), said)


def scaler_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A HorizontalPodAutoscaler."""
    spec = mapped(data.get("spec"))
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Fault(("spec", "maxReplicas"), f"{high} is less than minReplicas, {low}")
    metrics = [mapped(metric) for metric in listed(spec.get("metrics"))]
    if low == 0 and not {metric.get("type") for metric in metrics} & {"Object", "External"}:
        yield Fault(
            ("spec", "minReplicas"), "is 0, which needs a metric that is there without pods: Object or External"
        )
    for index, metric in enumerate(metrics):
        for kind, source in metric.items():
            for key in ("value", "averageValue"):
                at = ("spec", "metrics", index, str(kind), "target", key)
                yield from amount_fault(mapped(mapped(source).get("target")).get(key), at)


def dask_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A DaskAutoscaler."""
    spec = mapped(data.get("spec"))
    low, high = spec.get("minimum"), spec.get("maximum")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Fault(("spec", "maximum"), f"{high} is less than minimum, {low}")


def budget_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A PodDisruptionBudget."""
    spec = mapped(data.get("spec"))
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield Fault(("spec", "maxUnavailable"), "and minAvailable exclude each other")


def claim_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A PersistentVolumeClaim."""
    yield from _asked(data, ())


def _asked(claim: dict[str, Any], at: Path) -> Iterator[Fault]:
    spec = mapped(claim.get("spec"))
    amount = mapped(mapped(spec.get("resources")).get("requests")).get("storage")
    if amount is None:
        yield Fault((*at, "spec"), "asks for no resources.requests.storage")
    yield from amount_fault(amount, (*at, "spec", "resources", "requests", "storage"))


def volume_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A PersistentVolume."""
    yield from amount_fault(
        mapped(mapped(data.get("spec")).get("capacity")).get("storage"), ("spec", "capacity", "storage")
    )


def quota_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A ResourceQuota."""
    for key, value in mapped(mapped(data.get("spec")).get("hard")).items():
        at = ("spec", "hard", str(key))
        yield from amount_fault(value, at)
        # With a slash, a count or a class: a resource of somebody else's.
        if (
            "/" not in str(key)
            and str(key) not in _QUOTAS
            and not str(key).removeprefix("requests.").startswith("hugepages-")
        ):
            yield Fault(at, f"there is no quota of {key!r}")


def range_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A LimitRange: the least, what is asked for, what is allowed and the most, in this order."""
    for index, limit in enumerate(mapped(part) for part in listed(mapped(data.get("spec")).get("limits"))):
        groups = {key: mapped(part) for key, part in limit.items()}
        for key, group in groups.items():
            for name, value in group.items():
                yield from amount_fault(value, ("spec", "limits", index, str(key), str(name)))
        order = ("min", "defaultRequest", "default", "max")
        for number, small in enumerate(order):
            for large in order[number + 1 :]:
                for name, value in groups.get(small, {}).items():
                    low, high = quantity(value), quantity(groups.get(large, {}).get(name))
                    if low is not None and high is not None and low > high:
                        at = ("spec", "limits", index, small, str(name))
                        yield Fault(at, f"{value} is more than {large}, {groups[large][name]}")
