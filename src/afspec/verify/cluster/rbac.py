"""Rights: verbs and resources that the API knows, roles that are bound, and accounts that get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.reading import Path
    from afspec.verify.cluster.world import World

# Kubernetes documentation, Authorization; `use` is OKD's of SecurityContextConstraints.
_VERBS = frozenset(
    {
        "*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
        "bind", "escalate", "impersonate", "use", "approve", "sign", "attest",
    }
)  # fmt: skip
# The resources of each group (kubectl api-resources); groups that are not here belong to somebody else.
_RESOURCES: dict[str, frozenset[str]] = {
    group: frozenset(words.split())
    for group, words in {
        "": "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims"
        " persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services"
        " users groups",
        "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
        "autoscaling": "horizontalpodautoscalers",
        "batch": "cronjobs jobs",
        "coordination.k8s.io": "leases leasecandidates",
        "discovery.k8s.io": "endpointslices",
        "events.k8s.io": "events",
        "networking.k8s.io": "ingressclasses ingresses networkpolicies ipaddresses servicecidrs",
        "policy": "poddisruptionbudgets",
        "rbac.authorization.k8s.io": "clusterrolebindings clusterroles rolebindings roles",
        "scheduling.k8s.io": "priorityclasses",
        "storage.k8s.io": "csidrivers csinodes csistoragecapacities storageclasses volumeattachments"
        " volumeattributesclasses",
        "apiextensions.k8s.io": "customresourcedefinitions",
        "metrics.k8s.io": "nodes pods",
        "kubernetes.dask.org": "daskautoscalers daskclusters daskjobs daskworkergroups",
        "gateway.dask.org": "daskclusters",
        "keda.sh": "scaledobjects scaledjobs triggerauthentications clustertriggerauthentications",
        "route.openshift.io": "routes",
        "security.openshift.io": "securitycontextconstraints rangeallocations",
        "image.openshift.io": "images imagesignatures imagestreamimages imagestreamimports imagestreammappings"
        " imagestreams imagestreamtags imagetags",
    }.items()
}


def rule_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """What is wrong with the rules of a Role or a ClusterRole."""
    for index, rule in enumerate(mapped(rule) for rule in listed(item.data.get("rules"))):
        at: Path = ("rules", index)
        for number, verb in enumerate(listed(rule.get("verbs"))):
            if verb not in _VERBS:
                yield Fault((*at, "verbs", number), f"there is no verb {verb!r}")
        groups = [str(group) for group in listed(rule.get("apiGroups"))]
        if not groups and listed(rule.get("resources")):
            yield Fault(at, "names resources and no apiGroups")
        if not set(groups) <= _RESOURCES.keys():
            continue
        known = frozenset().union(*(_RESOURCES[group] for group in groups))
        for number, name in enumerate(map(str, listed(rule.get("resources")))):
            plain = name.partition("/")[0]
            if name == "securitycontextconstraints":
                yield from _constraints(rule, at, world)
            if plain != "*" and plain not in known:
                yield Fault(
                    (*at, "resources", number), f"no resource of {_shown(groups)} is called {plain!r}{_hint(plain)}"
                )


def _constraints(rule: dict[str, Any], at: Path, world: World) -> Iterator[Fault]:
    for index, name in enumerate(map(str, listed(rule.get("resourceNames")))):
        if not world.has("SecurityContextConstraints", name):
            yield Fault((*at, "resourceNames", index), f"there is no SecurityContextConstraints {name}")


def binding_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """What is wrong with who gets which role."""
    ref = mapped(item.data.get("roleRef"))
    kind, name = str(ref.get("kind")), str(ref.get("name"))
    within = item.namespace if kind == "Role" else None
    if kind == "Role" and item.kind == "ClusterRoleBinding":
        yield Fault(("roleRef", "kind"), "a ClusterRoleBinding binds no Role")
    elif not world.has(kind, name, within):
        yield Fault(("roleRef", "name"), f"there is no {kind} {name}{f' in {within}' if within else ''}")
    for index, subject in enumerate(mapped(subject) for subject in listed(item.data.get("subjects"))):
        if subject.get("kind") != "ServiceAccount":
            continue
        place = str(subject.get("namespace") or item.namespace)
        if item.kind == "ClusterRoleBinding" and not subject.get("namespace"):
            yield Fault(("subjects", index), "an account that a ClusterRoleBinding names needs a namespace")
        elif not world.has("ServiceAccount", str(subject.get("name")), place):
            yield Fault(("subjects", index, "name"), f"there is no ServiceAccount {subject.get('name')} in {place}")


def _shown(groups: list[str]) -> str:
    return " and ".join(group or "the core group" for group in groups)


def _hint(name: Any) -> str:
    at = [group or '""' for group, names in _RESOURCES.items() if name in names]
    return f"; it is in {' and '.join(at)}" if at else ""
