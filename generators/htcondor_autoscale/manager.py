"""htcondor-autoscale-manager with its rights (opensciencegrid/htcondor-autoscale-manager, app.py and count_deploy.py).

It serves `occupancy`, which is how many times as many pods there should be as run, on port 8080, counted anew each
minute. It lists the execute pods, asks the collector which of their machines are idle, advertises a machine that is
offline to see whether jobs wait for one, and writes into each pod what deleting it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import labels, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

    from .growth import Growth

PORT = 8080
_TOKEN = "/etc/htcondor-token"  # noqa: S105 - a folder
# What Prometheus' own example configuration goes by, where a site has no operator for it.
_SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT), "prometheus.io/path": "/metrics"}
_RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
_RBAC = "rbac.authorization.k8s.io"


def rights(facility: Facility, growth: Growth) -> Iterator[Object]:
    """The manager's account, and what it may do: find pods, and write their deletion cost."""
    name, space = growth.scaler, growth.component.namespace
    yield manifest(facility, growth.component, ("v1", "ServiceAccount"), name, namespace=space)
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "patch"]}]
    yield manifest(facility, growth.component, (f"{_RBAC}/v1", "Role"), name, namespace=space, rules=rules)
    yield manifest(
        facility,
        growth.component,
        (f"{_RBAC}/v1", "RoleBinding"),
        name,
        namespace=space,
        roleRef={"apiGroup": _RBAC, "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": space}],
    )


def manager(facility: Facility, growth: Growth) -> Iterator[Object]:
    """The manager and its Service, where the spec has its image; else the site runs its own."""
    if not growth.workers.manager:
        return
    name, space = growth.scaler, growth.component.namespace
    selected = {"app.kubernetes.io/name": growth.component.name, "app.kubernetes.io/component": "scaler"}
    template = {"metadata": {"labels": labels(facility, growth.component) | selected}, "spec": _pod(growth)}
    spec = {"replicas": 1, "selector": {"matchLabels": selected}, "template": template}
    yield manifest(
        facility, growth.component, ("apps/v1", "Deployment"), name, namespace=space, extra_labels=selected, spec=spec
    )
    service = {"selector": selected, "ports": [{"name": "metrics", "port": PORT, "targetPort": "metrics"}]}
    yield manifest(
        facility,
        growth.component,
        ("v1", "Service"),
        name,
        namespace=space,
        extra_labels=selected,
        annotations=_SCRAPED,
        spec=service,
    )


def _pod(growth: Growth) -> dict[str, Any]:
    container = {
        "name": "manager",
        "image": growth.workers.manager,
        "env": [{"name": key, "value": value} for key, value in _environment(growth).items()],
        "ports": [{"name": "metrics", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/metrics", "port": "metrics"}},
        "resources": _RESOURCES,
        "securityContext": {"allowPrivilegeEscalation": False},
        "volumeMounts": [{"name": "token", "mountPath": _TOKEN, "readOnly": True}],
    }
    return {
        "serviceAccountName": growth.scaler,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "token", "secret": {"secretName": growth.secret}}],
    }


def _environment(growth: Growth) -> dict[str, str]:
    workers = growth.workers
    made = {
        "FLASK_RESOURCE_NAME": growth.resource,
        "FLASK_POD_LABEL_SELECTOR": growth.selector,
        "FLASK_SCALE_VELOCITY": str(workers.velocity),
        "FLASK_IDLE_PODS": str(workers.idle),
        "BEARER_TOKEN_FILE": f"{_TOKEN}/{growth.key}",
    }
    if growth.pool.head:
        # HTCondor's own way to set a knob from outside (HTCondor manual, Configuration by environment variable).
        made["_CONDOR_COLLECTOR_HOST"] = growth.pool.head
    return made
