"""Prometheus' alerts on the server and on each of its models (Prometheus documentation, Alerting rules).

A model that fails is its tenant's matter and an alert's, never a probe's: a probe would take the server from all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scaling import of_pods, queue_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

    from .cluster import Cluster

_SERIES = "nv_inference_request_success"


def rules(facility: Facility, cluster: Cluster) -> dict[str, Any]:
    """A rules file: groups of alerts, one for the server and one for models."""
    label = facility.label or facility.name
    name = f"afspec-{facility.name}-triton"
    groups = (
        (name, list(_server(label, cluster))),
        (f"{name}-models", [*_models(label, cluster), *_named(facility, label, cluster)]),
    )
    for _, alerts in groups:
        for alert in alerts:
            alert["labels"]["site"] = facility.name
    return {"groups": [{"name": title, "rules": alerts} for title, alerts in groups]}


def _alert(alert: str, expression: str, lasting: str, severity: str, *words: str) -> dict[str, Any]:
    summary, description = words
    return {
        "alert": alert,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }


def _server(label: str, cluster: Cluster) -> Iterator[dict[str, Any]]:
    pods, space = of_pods(cluster), cluster.component.namespace
    yield _alert(
        "AfspecTritonDown",
        f"absent(up{{{pods}}} == 1)",
        "10m",
        "critical",
        f"{label}: no replica of Triton answers Prometheus",
        f"kubectl -n {space} get pods; if they are ready, Prometheus does not see them, and nothing is scaled either.",
    )
    yield _alert(
        "AfspecTritonBusy",
        f"{queue_time(pods)} > {cluster.settings.queue_time_us}",
        "30m",
        "warning",
        f"{label}: requests wait too long in Triton's queue",
        f"More than {cluster.settings.queue_time_us} us each for half an hour, with up to {cluster.maximum} replicas.",
    )


def _models(label: str, cluster: Cluster) -> Iterator[dict[str, Any]]:
    pods, space = of_pods(cluster), cluster.component.namespace
    series = f"{_SERIES}{{{pods}}}"
    why = f"POST /v2/repository/index says why; kubectl -n {space} logs deployment/triton says more."
    yield _alert(
        "AfspecTritonModelGone",
        f"count by (model) ({_SERIES}{{{pods}}} offset 1h) unless count by (model) ({series})",
        "10m",
        "warning",
        f"{label}: a model is no longer served",
        f"It was an hour ago, and its tenant may have removed it. Label model: which. {why}",
    )
    yield _alert(
        "AfspecTritonModelMissing",
        # A version each would count a replica more than once.
        f"count by (model) (count by (model, pod) ({series})) < scalar(count(count by (pod) (up{{{pods}}} == 1)))",
        "30m",
        "warning",
        f"{label}: a model is served by some replicas only",
        f"Clients find it or not by chance. Label model: which. {why}",
    )
    failed = f"sum by (model) (rate(nv_inference_request_failure{{{pods}}}[10m]))"
    served = f"sum by (model) (rate({series}[10m]))"
    yield _alert(
        "AfspecTritonModelFails",
        f"{failed} / ({failed} + {served}) > 0.1",
        "10m",
        "warning",
        f"{label}: a model refuses more than a tenth of its requests",
        "Label model: which. The other models are not touched by it.",
    )


def _named(facility: Facility, label: str, cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Models that the site watches one by one: those are told even if they were never there."""
    for model in facility.monitoring.models:
        alert = _alert(
            "AfspecTritonModelAbsent",
            f'absent({_SERIES}{{{of_pods(cluster)},model="{model}"}})',
            "15m",
            "critical",
            f"{label}: the model {model} is not served",
            "The site watches it: it is listed under `monitoring: models:` in its spec.",
        )
        alert["labels"]["model"] = model
        yield alert
