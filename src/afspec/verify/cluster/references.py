"""Whether what a cluster's files ask for is there: in the site's files, or in a `requires.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.verify.cluster.limits import quota_faults, range_faults
from afspec.verify.cluster.links import LINKS
from afspec.verify.cluster.mounts import mount_faults
from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.rbac import binding_faults, rule_faults
from afspec.verify.cluster.schemas import Fault
from afspec.verify.cluster.uses import uses
from afspec.verify.cluster.world import CLUSTER_WIDE, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Cluster, Manifest, Values
    from afspec.verify.cluster.reading import Place
    from afspec.verify.cluster.uses import Use

_ROLES = frozenset({"Role", "ClusterRole"})
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


class Broken(NamedTuple):
    """A reference that leads nowhere."""

    path: str
    place: Place
    title: str
    fault: Fault


def broken(cluster: Cluster) -> Iterator[Broken]:
    """Everything that leads nowhere, or is there twice."""
    world = World(cluster)
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    hosts: dict[tuple[str, str], Manifest] = {}
    for item in cluster.manifests:
        if item.kind == "Kustomization":
            continue
        for fault in (*_twice(item, seen), *_hosts(item, hosts), *_namespace(item, cluster, world), *_of(item, world)):
            yield Broken(item.path, item.place(fault.path), item.title, fault)
    for values in cluster.values:
        for fault in _in_values(values, world):
            yield Broken(values.path, values.place(fault.path), values.chart, fault)


def _of(item: Manifest, world: World) -> Iterator[Fault]:
    for use in uses(item.data):
        # An account's own list of Secrets, and a class that a volume of the site's names for itself, are no uses.
        if not _own(item, use):
            yield from _use(use, world, item.namespace)
    link = LINKS.get(item.kind)
    if link:
        yield from link(item, world)
    if item.kind in _ROLES:
        yield from rule_faults(item, world)
    elif item.kind in _BINDINGS:
        yield from binding_faults(item, world)
    elif item.kind == "ResourceQuota":
        yield from quota_faults(item, world)
    elif item.kind == "LimitRange":
        yield from range_faults(item, world)


def _own(item: Manifest, use: Use) -> bool:
    # A claim that names its volume is bound to it by a class that need not be there (Persistent Volumes).
    by_hand = item.kind in {"PersistentVolume", "PersistentVolumeClaim"} and use.kind == "StorageClass"
    return by_hand and (item.kind == "PersistentVolume" or bool(mapped(item.data.get("spec")).get("volumeName")))


def _use(use: Use, world: World, namespace: str | None) -> Iterator[Fault]:
    where = f" in {namespace}" if namespace and use.kind not in CLUSTER_WIDE else ""
    if not world.has(use.kind, use.name, namespace):
        yield Fault(use.at, f"there is no {use.kind} {use.name}{where}{_near(use, world)}")
        return
    held = [thing.holds for thing in world.find(use.kind, use.name, namespace) if thing.holds is not None]
    if use.key and held and not any(use.key in holds for holds in held):
        keys = ", ".join(sorted({key for holds in held for key in holds}))
        yield Fault(use.key_at or use.at, f"{use.kind} {use.name} has no key {use.key}; it has {keys}")


def _in_values(values: Values, world: World) -> Iterator[Fault]:
    # Which namespace a chart is installed into is said on a command line: any will do.
    yield from mount_faults(values)
    for use in uses(values.data, values.chart):
        if use.kind != "ServiceAccount":
            yield from _use(use, world, None)


def _near(use: Use, world: World) -> str:
    from afspec.diagnostics import nearest  # noqa: PLC0415

    near = nearest(use.name, world.names(use.kind))
    return f"; did you mean `{near}`?" if near and near != use.name else ", and no requires.yaml lists it"


def _twice(item: Manifest, seen: dict[tuple[str, str, str, str], Manifest]) -> Iterator[Fault]:
    key = (item.group, item.kind, item.namespace, item.name)
    if item.name and key in seen:
        yield Fault(("metadata", "name"), f"is in {seen[key].path} already: one would overwrite the other")
    seen.setdefault(key, item)


def _hosts(item: Manifest, seen: dict[tuple[str, str], Manifest]) -> Iterator[Fault]:
    """An address that two objects serve is served by either."""
    spec = mapped(item.data.get("spec"))
    found: list[tuple[str, str]] = []
    if item.kind == "Route" and spec.get("host"):
        found.append((str(spec["host"]), str(spec.get("path") or "/")))
    elif item.kind == "Route" and spec.get("subdomain"):
        found.append((f"{spec['subdomain']}.*", str(spec.get("path") or "/")))
    for rule in listed(spec.get("rules")) if item.kind == "Ingress" else ():
        paths = listed(mapped(mapped(rule).get("http")).get("paths"))
        found += [(str(mapped(rule).get("host")), str(mapped(path).get("path") or "/")) for path in paths]
    for host, path in found:
        other = seen.setdefault((host, path), item)
        if other is not item:
            yield Fault(("spec",), f"{host}{path} is {other.title}'s ({other.path}), too")


def _namespace(item: Manifest, cluster: Cluster, world: World) -> Iterator[Fault]:
    if item.namespace:
        if not world.has("Namespace", item.namespace):
            yield Fault(
                ("metadata", "namespace"), f"there is no Namespace {item.namespace}, and no requires.yaml lists it"
            )
    elif item.kind not in CLUSTER_WIDE and not item.is_custom and not _given(item, cluster):
        yield Fault(("metadata",), "has no namespace: it would land in whichever is the current one")


def _given(item: Manifest, cluster: Cluster) -> bool:
    """Whether a kustomization of its folder gives it a namespace."""
    folder = item.path.rpartition("/")[0]
    beside = [
        other for other in cluster.manifests if other.kind == "Kustomization" and other.path.startswith(f"{folder}/")
    ]
    return any(other.data.get("namespace") for other in beside)
