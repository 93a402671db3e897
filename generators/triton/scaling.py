"""How the number of replicas follows the time that requests wait.

avg_time_queue_us is the time in the queue of a request, in microseconds, on average over a few minutes: the growth of
the time that all have waited by that of their number (Triton user guide, Metrics). A rate bridges restarts of the
counters, and three minutes hold two scrapes even where Prometheus asks once a minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.urls import locate
from afspec.generators.cluster import manifest

from .cluster import METRIC
from .workload import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.orchestration import Autoscaling
    from afspec.generators.cluster import Object

    from .cluster import Cluster

_WINDOW = "3m"
# A GPU's pod needs minutes until it serves: one at a time, and none is given back before a quiet while is over.
_BEHAVIOR = {
    "scaleUp": {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}]},
    "scaleDown": {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}]},
}


def of_pods(cluster: Cluster) -> str:
    """PromQL's selector of the server's series, without braces."""
    # A Deployment's pods, and no others whose names begin alike.
    return f'namespace="{cluster.component.namespace}",pod=~"{NAME}-[a-z0-9]+-[a-z0-9]{{5}}"'


def queue_time(selector: str, by: str = "") -> str:
    """PromQL: microseconds that a request waits, on average over all models; 0 where there are no requests."""
    waited = f"sum{by}(rate(nv_inference_queue_duration_us{{{selector}}}[{_WINDOW}]))"
    served = f"sum{by}(rate(nv_inference_request_success{{{selector}}}[{_WINDOW}]))"
    # Nothing by nothing would be no number.
    return f"{waited} / clamp_min({served}, 1e-9)"


def autoscaler(facility: Facility, cluster: Cluster) -> Iterator[Object]:
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one: never both."""
    how = _autoscaling(facility, cluster)
    if how is None:
        return
    where, space = cluster.component, cluster.component.namespace
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    if how.adapter == "keda":
        spec = {
            "scaleTargetRef": target,
            "minReplicaCount": cluster.minimum,
            "maxReplicaCount": cluster.maximum,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _BEHAVIOR}},
            "triggers": [_trigger(cluster, how)],
        }
        yield manifest(facility, where, ("keda.sh/v1alpha1", "ScaledObject"), NAME, namespace=space, spec=spec)
        return
    value = {"type": "AverageValue", "averageValue": _quantity(cluster.settings.queue_time_us)}
    spec = {
        "scaleTargetRef": target,
        "minReplicas": cluster.minimum,
        "maxReplicas": cluster.maximum,
        "metrics": [{"type": "Pods", "pods": {"metric": {"name": METRIC}, "target": value}}],
        "behavior": _BEHAVIOR,
    }
    yield manifest(facility, where, ("autoscaling/v2", "HorizontalPodAutoscaler"), NAME, namespace=space, spec=spec)


def adapter_values(facility: Facility, cluster: Cluster) -> dict[str, Any]:
    """Values of prometheus-adapter's chart: where Prometheus is, and the metric's rule; empty where none is needed.

    The rule is a custom one: Helm takes the last of two lists, and those of HTCondor's pools are external ones.
    """
    how = _autoscaling(facility, cluster)
    if how is None or how.adapter != "prometheus-adapter":
        return {}
    overrides = {name: {"resource": name} for name in ("namespace", "pod")}
    rule = {
        "seriesQuery": f"nv_inference_queue_duration_us{{{of_pods(cluster)}}}",
        "resources": {"overrides": overrides},
        "name": {"matches": "^nv_inference_queue_duration_us$", "as": METRIC},
        "metricsQuery": queue_time("<<.LabelMatchers>>", " by (<<.GroupBy>>) "),
    }
    return {**(_prometheus(how.prometheus) if how.prometheus else {}), "rules": {"custom": [rule]}}


def _autoscaling(facility: Facility, cluster: Cluster) -> Autoscaling | None:
    return facility.orchestration.autoscaling if facility.orchestration and cluster.grows else None


def _trigger(cluster: Cluster, how: Autoscaling) -> dict[str, Any]:
    told = {
        "serverAddress": (how.prometheus or "").rstrip("/"),
        "query": queue_time(of_pods(cluster)),
        "threshold": str(cluster.settings.queue_time_us),
        # Where Prometheus knows nothing the number stays as it is, and does not fall to the fewest.
        "ignoreNullValues": "false",
    }
    # The query is an average already: by KEDA's own way it would be divided by the number of pods.
    return {"type": "prometheus", "metricType": "Value", "metadata": told}


def _prometheus(url: str) -> dict[str, Any]:
    """The chart takes host, port and path apart."""
    at = locate(url)
    port = at.port or (443 if at.scheme == "https" else 80)
    return {"prometheus": {"url": f"{at.scheme}://{at.host}", "port": port, **({"path": at.path} if at.path else {})}}


def _quantity(number: int) -> str:
    """As the API writes it back: 100k for 100000."""
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number % factor == 0:
            return f"{number // factor}{unit}"
    return str(number)
