"""What is there by name: the site's own objects, what its `requires.yaml` list, and what every cluster has."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.verify.cluster.pods import listed, mapped, pods
from afspec.verify.cluster.uses import ISSUERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Cluster, Manifest
    from afspec.verify.cluster.pods import Pod

# What Kubernetes itself makes.
_GIVEN = {
    "Namespace": frozenset({"default", "kube-system", "kube-public", "kube-node-lease"}),
    "ServiceAccount": frozenset({"default"}),
    "ConfigMap": frozenset({"kube-root-ca.crt"}),
    "PriorityClass": frozenset({"system-cluster-critical", "system-node-critical"}),
    "ClusterRole": frozenset({"admin", "edit", "view", "cluster-admin"}),
    "StorageClass": frozenset({""}),
    # OKD documentation, Managing security context constraints.
    "SecurityContextConstraints": frozenset(
        {
            "anyuid",
            "hostaccess",
            "hostmount-anyuid",
            "hostmount-anyuid-v2",
            "hostnetwork",
            "hostnetwork-v2",
            "nested-container",
            "node-exporter",
            "nonroot",
            "nonroot-v2",
            "privileged",
            "restricted",
            "restricted-v2",
            "restricted-v3",
        }
    ),
}
_SYSTEM = "system:"
# Kinds that belong to the cluster, and to no namespace.
CLUSTER_WIDE = frozenset(
    {
        "APIService", "CSIDriver", "ClusterIssuer", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
        "DeviceClass", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
        "PriorityClass", "RuntimeClass", "SecurityContextConstraints", "StorageClass", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeSnapshotClass",
    }
)  # fmt: skip


class Thing(NamedTuple):
    """Something that is there; `holds` are keys or ports that it has, None where nobody says."""

    kind: str
    namespace: str
    name: str
    holds: frozenset[str] | None
    manifest: Manifest | None = None


class World:
    """What is there, for whoever asks by kind, namespace and name."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._things: dict[tuple[str, str], list[Thing]] = defaultdict(list)
        for thing in (*self._own(), *self._needed(), *self._stated()):
            self._things[thing.kind, thing.name].append(thing)

    def find(self, kind: str, name: str, namespace: str | None = None) -> list[Thing]:
        """What is there of that name; in any namespace where none is given, or the thing's own is not known."""
        found = self._things.get((kind, name), [])
        if namespace is None or kind in CLUSTER_WIDE:
            return found
        return [thing for thing in found if thing.namespace in {"", namespace}]

    def has(self, kind: str, name: str, namespace: str | None = None) -> bool:
        """Whether it is there, or every cluster has it."""
        given = name in _GIVEN.get(kind, ()) or (kind in {"ClusterRole", "Role"} and name.startswith(_SYSTEM))
        return given or bool(self.find(kind, name, namespace))

    def names(self, kind: str) -> list[str]:
        """All names of a kind."""
        return [name for found, name in self._things if found == kind]

    @cached_property
    def pods(self) -> list[tuple[Manifest, Pod]]:
        """Every pod of the site's own objects."""
        return [(item, pod) for item in self._cluster.manifests for pod in pods(item.data)]

    def pods_in(self, namespace: str) -> list[tuple[Manifest, Pod]]:
        """The pods of a namespace."""
        return [(item, pod) for item, pod in self.pods if item.namespace == namespace]

    def _own(self) -> Iterator[Thing]:
        for item in self._cluster.manifests:
            yield Thing(item.kind, item.namespace, item.name, _holds(item), item)
            yield from _made_by(item)

    def _needed(self) -> Iterator[Thing]:
        for need in self._cluster.needs:
            holds = frozenset(map(str, need.holds)) if need.holds else None
            yield Thing(need.kind, need.namespace, need.name, holds)

    def _stated(self) -> Iterator[Thing]:
        """Classes that the spec names are the site's."""
        spec = self._cluster.orchestration
        ingress = mapped(spec.get("ingress")).get("ingress_class")
        for kind, name in (("StorageClass", spec.get("storage_class")), ("IngressClass", ingress)):
            if isinstance(name, str):
                yield Thing(kind, "", name, None)


def _holds(item: Manifest) -> frozenset[str] | None:
    if item.kind in {"Secret", "ConfigMap"}:
        return frozenset(
            str(key) for part in ("data", "stringData", "binaryData") for key in mapped(item.data.get(part))
        )
    if item.kind == "Service" and not item.group:
        ports = [mapped(port) for port in listed(mapped(item.data.get("spec")).get("ports"))]
        return frozenset(str(port[key]) for port in ports for key in ("name", "port") if port.get(key))
    return None


def _made_by(item: Manifest) -> Iterator[Thing]:
    """What a controller makes of an object."""
    spec: dict[str, Any] = mapped(item.data.get("spec"))
    if item.kind == "Certificate" and spec.get("secretName"):
        yield Thing("Secret", item.namespace, str(spec["secretName"]), frozenset({"tls.crt", "tls.key", "ca.crt"}))
    notes = mapped(item.metadata.get("annotations"))
    if item.kind == "Ingress" and any(key in notes for key in ISSUERS):
        for entry in listed(spec.get("tls")):
            yield Thing(
                "Secret", item.namespace, str(mapped(entry).get("secretName")), frozenset({"tls.crt", "tls.key"})
            )
    # The operator gives a cluster's scheduler a Service (dask-kubernetes documentation, Custom Resources).
    if item.kind == "DaskCluster" and item.group == "kubernetes.dask.org":
        yield Thing("Service", item.namespace, f"{item.name}-scheduler", None)
        yield Thing("Deployment", item.namespace, f"{item.name}-scheduler", None)
        yield Thing("DaskWorkerGroup", item.namespace, f"{item.name}-default", None)
