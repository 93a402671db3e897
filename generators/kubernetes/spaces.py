"""The facility's namespaces: what runs in each, and what that allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.jupyter import JupyterKind
from afspec.facility.orchestration import Namespace, Orchestrator
from afspec.generators.cluster import Component, components, dns_label, manifest

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.orchestration import Orchestration, Quota
    from afspec.generators.cluster import Object

# From the strictest to the most permissive (Kubernetes documentation, Pod Security Standards).
LEVELS = ("restricted", "baseline", "privileged")
# What belongs to the cluster itself: it brings its own policies and limits, or must run on every node.
_SYSTEM = {"vcluster", "gpu"}


class Space(NamedTuple):
    """A namespace with all that shares it; `own` is what the spec says of it beyond what holds for all.

    `host` says that it is in the cluster that a virtual cluster runs on, not in that one.
    """

    name: str
    components: tuple[Component, ...]
    own: Namespace
    host: bool

    @property
    def users(self) -> bool:
        """Whether pods of users run in it."""
        return any(item.pods == "users" for item in self.components)

    @property
    def system(self) -> bool:
        """Whether it belongs to the cluster itself."""
        return all(item.name in _SYSTEM for item in self.components)

    @property
    def security(self) -> str:
        """The strictest level that all in it can live with, or the one that the spec wants."""
        return self.own.pod_security or max((item.security for item in self.components), key=LEVELS.index)


def cluster_of(facility: Facility) -> Orchestration:
    """What the spec says of the cluster; only for a facility with spaces, which has one."""
    cluster = facility.orchestration
    if cluster is None:
        raise ValueError("the facility has no cluster")
    return cluster


def spaces(facility: Facility) -> tuple[Space, ...]:
    """The namespaces in the order of the spec; empty where no cluster is offered."""
    found: dict[tuple[bool, str], list[Component]] = {}
    for item in components(facility):
        host = item.name in _SYSTEM and cluster_of(facility).kind is Orchestrator.VCLUSTER
        found.setdefault((host, item.namespace), []).append(item)
    if not found:
        return ()
    said = cluster_of(facility).namespaces
    return tuple(
        Space(name, tuple(items), by_name(said, name) or Namespace(name=name), host)
        for (host, name), items in found.items()
    )


def quota_of(facility: Facility, space: Space) -> Quota | None:
    """What a namespace may use; the cluster's own are not limited unless the spec says so of them."""
    return space.own.quota or (None if space.system else cluster_of(facility).quota)


def has_hub_chart(facility: Facility, item: Component) -> bool:
    """Whether a component is an instance of the JupyterHub chart, coffea-casa among them."""
    return item.name == "coffea-casa" or any(
        dns_label(hub.name) == item.name and hub.kind is JupyterKind.HUB_KUBERNETES for hub in facility.jupyter
    )


def in_namespace(facility: Facility, space: Space, kind: tuple[str, str], name: str, **fields: Any) -> Object:
    """An object in a namespace, with the labels of all that is made for it."""
    return manifest(facility, space.name, kind, name, namespace=space.name, **fields)
