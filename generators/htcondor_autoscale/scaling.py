"""The autoscaler, and what makes the manager's metric known to it.

The metric is a ratio, so the target is the value 1, and never an average over pods (Kubernetes documentation,
Horizontal Pod Autoscaling, Algorithm details): pods = ceil(pods that are ready x metric / 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.urls import locate
from afspec.generators.cluster import manifest

from .manager import PORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.facility import Facility
    from afspec.facility.orchestration import Autoscaling
    from afspec.generators.cluster import Object

    from .growth import Growth

# The manager counts once a minute, and Prometheus may ask once a minute: for so long pods that are new are not in the
# metric, and would be ordered a second time.
_STALE = 120
_BEHAVIOR = {"scaleUp": {"stabilizationWindowSeconds": _STALE}}


def autoscaler(facility: Facility, growth: Growth) -> Iterator[Object]:
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one."""
    how = _autoscaling(facility)
    if how is None:
        return
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": growth.deployment}
    space = growth.component.namespace
    if how.adapter == "keda":
        if trigger := _trigger(growth, how.prometheus):
            spec = {
                "scaleTargetRef": target,
                "minReplicaCount": growth.minimum,
                "maxReplicaCount": growth.maximum,
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _BEHAVIOR}},
                "triggers": [trigger],
            }
            kind = ("keda.sh/v1alpha1", "ScaledObject")
            yield manifest(facility, growth.component, kind, growth.deployment, namespace=space, spec=spec)
        return
    metric: dict[str, Any] = {"name": growth.workers.metric}
    if growth.workers.manager:
        metric["selector"] = {"matchLabels": {"service": growth.scaler}}
    external = {"metric": metric, "target": {"type": "Value", "value": "1"}}
    spec = {
        "scaleTargetRef": target,
        "minReplicas": growth.minimum,
        "maxReplicas": growth.maximum,
        "metrics": [{"type": "External", "external": external}],
        "behavior": _BEHAVIOR,
    }
    kind = ("autoscaling/v2", "HorizontalPodAutoscaler")
    yield manifest(facility, growth.component, kind, growth.deployment, namespace=space, spec=spec)


def adapter_values(facility: Facility, found: Sequence[Growth]) -> dict[str, Any]:
    """Values of prometheus-adapter's chart: a rule for each metric, of the pools' namespaces alone.

    The rules are external ones: Helm takes the last of two lists, and those of other services are custom ones.
    """
    how = _autoscaling(facility)
    if how is None or how.adapter != "prometheus-adapter":
        return {}
    spaces: dict[str, list[str]] = {}
    for growth in found:
        spaces.setdefault(growth.workers.metric, []).append(growth.component.namespace)
    rules = {"external": [_rule(metric, names) for metric, names in spaces.items()]}
    return {**(_prometheus(how.prometheus) if how.prometheus else {}), "rules": rules}


def _autoscaling(facility: Facility) -> Autoscaling | None:
    return facility.orchestration.autoscaling if facility.orchestration else None


def _rule(metric: str, namespaces: list[str]) -> dict[str, Any]:
    among = "|".join(dict.fromkeys(namespaces))
    return {
        "seriesQuery": f'{metric}{{namespace=~"{among}"}}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}}},
        "name": {"matches": f"^{metric}$", "as": metric},
        "metricsQuery": "max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
    }


def _prometheus(url: str) -> dict[str, Any]:
    """The chart takes host, port and path apart."""
    at = locate(url)
    port = at.port or (443 if at.scheme == "https" else 80)
    return {"prometheus": {"url": f"{at.scheme}://{at.host}", "port": port, **({"path": at.path} if at.path else {})}}


def _trigger(growth: Growth, prometheus: str | None) -> dict[str, Any] | None:
    """What KEDA reads: Prometheus where the spec has it, else the manager itself, where it is known."""
    metric, namespace = growth.workers.metric, growth.component.namespace
    if prometheus:
        service = f',service="{growth.scaler}"' if growth.workers.manager else ""
        query = f'max({metric}{{namespace="{namespace}"{service}}})'
        told = {"serverAddress": prometheus.rstrip("/"), "query": query, "threshold": "1"}
        return {"type": "prometheus", "metricType": "Value", "metadata": told}
    if growth.workers.manager:
        url = f"http://{growth.scaler}.{namespace}.svc:{PORT}/metrics"
        told = {"url": url, "format": "prometheus", "valueLocation": metric, "targetValue": "1"}
        return {"type": "metrics-api", "metricType": "Value", "metadata": told}
    return None
