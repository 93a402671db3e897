"""The pods of Triton, and what they are started with.

Sources: Triton user guide, Model Management and Metrics; Kubernetes documentation, Liveness and Readiness Probes, Pod
Security Standards (restricted), Disruptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.orchestration import Orchestrator
from afspec.facility.services.triton import GRPC_PORT
from afspec.generators.cluster import labels, manifest, memory, priority_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

    from .cluster import Cluster

HTTP_PORT, METRICS_PORT = 8000, 8002
NAME = "triton"
SELECTOR = {"app.kubernetes.io/name": NAME}
SCRIPT, _SCRIPT_FOLDER = "start.py", "/opt/afspec"
_KEYS, _RUN = "/etc/afspec/keys", "/run/afspec"
# NVIDIA's images have a user triton-server with this number.
_USER = 1000
# Seconds: for requests that run, less than for the pod as a whole, which sleeps before it is told.
_LEAVE, _EXIT, _GRACE = 5, 45, 60
_IN_MEMORY = "Memory"


def workload(facility: Facility, cluster: Cluster, script: str) -> Iterator[Object]:
    """ServiceAccount, ConfigMap with the script, Deployment, PodDisruptionBudget."""
    where, space = cluster.component, cluster.component.namespace
    # Neither Triton nor a model that runs in it has anything to ask of the API.
    yield manifest(facility, where, ("v1", "ServiceAccount"), NAME, namespace=space, automountServiceAccountToken=False)
    yield manifest(facility, where, ("v1", "ConfigMap"), f"{NAME}-start", namespace=space, data={SCRIPT: script})
    notes = _scraped(cluster)
    template = {
        "metadata": {"labels": labels(facility, where), **({"annotations": notes} if notes else {})},
        "spec": _pod(facility, cluster),
    }
    spec: dict[str, Any] = {
        # What an autoscaler decides is not said twice: each apply would undo it.
        **({} if cluster.grows else {"replicas": cluster.minimum}),
        # Where every GPU is taken a new pod finds none before an old one has gone.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "selector": {"matchLabels": SELECTOR},
        "template": template,
    }
    yield manifest(facility, where, ("apps/v1", "Deployment"), NAME, namespace=space, spec=spec)
    # maxUnavailable and not minAvailable: with one replica that would keep a node from ever being drained.
    budget = {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": SELECTOR}}
    yield manifest(facility, where, ("policy/v1", "PodDisruptionBudget"), NAME, namespace=space, spec=budget)


def _scraped(cluster: Cluster) -> dict[str, str]:
    if cluster.settings.monitor != "annotations":
        return {}
    found = {"scrape": "true", "port": str(METRICS_PORT), "path": "/metrics"}
    return {f"prometheus.io/{name}": value for name, value in found.items()}


def _pod(facility: Facility, cluster: Cluster) -> dict[str, Any]:
    context: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    # OKD draws the numbers itself, a range for each namespace, and refuses others (Managing SCCs).
    if facility.orchestration and facility.orchestration.kind is not Orchestrator.OKD:
        numbers = {"runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER, "fsGroupChangePolicy": "OnRootMismatch"}
        context |= numbers
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": SELECTOR},
    }
    pod: dict[str, Any] = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE,
        "securityContext": context,
    }
    if urgency := priority_class(facility, "services"):
        pod["priorityClassName"] = urgency
    if cluster.gpu:
        pod |= {"nodeSelector": cluster.gpu.selector} if cluster.gpu.selector else {}
        pod["tolerations"] = [{"key": cluster.gpu.resource, "operator": "Exists", "effect": "NoSchedule"}]
    pod["topologySpreadConstraints"] = [spread]
    pod["containers"] = [_container(cluster)]
    pod["volumes"] = list(_volumes(cluster))
    return pod


def _container(cluster: Cluster) -> dict[str, Any]:
    amounts: dict[str, str] = {"cpu": str(cluster.settings.cpu), "memory": memory(cluster.settings.memory)}
    if cluster.gpu:
        amounts[cluster.gpu.resource] = str(cluster.gpus)
    ports = (("http", HTTP_PORT), ("grpc", GRPC_PORT), ("metrics", METRICS_PORT))
    live = {"httpGet": {"path": "/v2/health/live", "port": "http"}}
    ready = {"httpGet": {"path": "/v2/health/ready", "port": "http"}}
    return {
        "name": NAME,
        "image": cluster.image,
        "args": list(arguments(cluster)),
        "env": list(_environment(cluster)),
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports],
        # Nothing listens before all models have been looked at once: half an hour for them, then for the store.
        "startupProbe": {**live, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 180},
        "livenessProbe": {**live, "periodSeconds": 15, "timeoutSeconds": 10, "failureThreshold": 4},
        # The server's own readiness, which no model's failure changes: never that of a model.
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        # Until those who send requests have heard that it goes.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(_LEAVE)]}}},
        "resources": {"requests": amounts, "limits": dict(amounts)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": list(_mounts(cluster)),
    }


def arguments(cluster: Cluster) -> Iterator[str]:
    """What the container is started with: the script with the repositories, then tritonserver with all else."""
    yield from ("python3", f"{_SCRIPT_FOLDER}/{SCRIPT}")
    yield from (f"{item.name}={item.address}" for item in cluster.repositories)
    yield from ("--", "tritonserver")
    if cluster.poll:
        yield from ("--model-control-mode=poll", f"--repository-poll-secs={cluster.poll}")
    else:
        yield from ("--model-control-mode=explicit", "--load-model=*")
    yield from ("--strict-readiness=false", "--exit-on-error=false", f"--exit-timeout-secs={_EXIT}")
    yield from (f"--http-port={HTTP_PORT}", f"--grpc-port={GRPC_PORT}", f"--metrics-port={METRICS_PORT}")


def _environment(cluster: Cluster) -> Iterator[dict[str, Any]]:
    # The root is read-only, and Python's and CUDA's caches want a home.
    yield {"name": "HOME", "value": "/tmp"}  # noqa: S108 - the pod's own
    if cluster.placeholder:
        source = {"configMapKeyRef": {"name": cluster.settings.bucket, "key": "BUCKET_NAME"}}
        yield {"name": "BUCKET_NAME", "valueFrom": source}
    if not cluster.keys:
        return
    if len(cluster.keys) == 1:
        (key,) = cluster.keys
        for name, field in (("AWS_ACCESS_KEY_ID", key.id), ("AWS_SECRET_ACCESS_KEY", key.secret)):
            yield {"name": name, "valueFrom": {"secretKeyRef": {"name": key.name, "key": field}}}
    else:
        yield {"name": "AFSPEC_KEYS", "value": _KEYS}
        yield {"name": "TRITON_CLOUD_CREDENTIAL_PATH", "value": f"{_RUN}/credentials.json"}
    # Without a region the client would look for Amazon's own machines, and wait for them.
    yield {"name": "AWS_DEFAULT_REGION", "value": "us-east-1"}
    yield {"name": "AWS_EC2_METADATA_DISABLED", "value": "true"}


def _volumes(cluster: Cluster) -> Iterator[dict[str, Any]]:
    yield {"name": "start", "configMap": {"name": f"{NAME}-start"}}
    # Models are copied here before they are loaded.
    yield {"name": "tmp", "emptyDir": {}}
    # Models of the Python back end take and give tensors through it; it counts as the container's memory.
    yield {"name": "shm", "emptyDir": {"medium": _IN_MEMORY, "sizeLimit": memory(cluster.settings.memory // 4)}}
    if len(cluster.keys) > 1:
        sources = [
            {
                "secret": {
                    "name": item.key.name,
                    "items": [
                        {"key": item.key.id, "path": f"{item.name}/id"},
                        {"key": item.key.secret, "path": f"{item.name}/secret"},
                    ],
                    # A tenant whose Secret is absent is left out; the pod starts all the same.
                    "optional": True,
                }
            }
            for item in cluster.repositories
            if item.key
        ]
        yield {"name": "keys", "projected": {"defaultMode": 0o440, "sources": sources}}
        yield {"name": "run", "emptyDir": {"medium": _IN_MEMORY, "sizeLimit": "1Mi"}}
    for volume in cluster.volumes:
        yield {"name": volume.name, "persistentVolumeClaim": {"claimName": volume.claim, "readOnly": True}}


def _mounts(cluster: Cluster) -> Iterator[dict[str, Any]]:
    yield {"name": "start", "mountPath": _SCRIPT_FOLDER, "readOnly": True}
    yield {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - likewise
    yield {"name": "shm", "mountPath": "/dev/shm"}  # noqa: S108 - likewise
    if len(cluster.keys) > 1:
        yield {"name": "keys", "mountPath": _KEYS, "readOnly": True}
        yield {"name": "run", "mountPath": _RUN}
    for volume in cluster.volumes:
        mount = {"name": volume.name, "mountPath": volume.target, "readOnly": True}
        yield {**mount, **({"mountPropagation": volume.propagation} if volume.propagation else {})}
