"""Who may ask the cluster's API for what: pods as a rule for nothing, sessions for Dask clusters, groups of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from afspec.generators.cluster import component, components

from .spaces import Space, in_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

_RBAC = "rbac.authorization.k8s.io"
_DASK = "kubernetes.dask.org"
_ROLE = "afspec-dask-clusters"


class Sessions(NamedTuple):
    """What sessions may ask for: `account` is theirs, and makes Dask clusters in the namespace `clusters`.

    `namespaces` are those of notebooks: an account is a namespace's own, so that of sessions is in each.
    """

    account: str
    clusters: str
    namespaces: tuple[str, ...]

    @classmethod
    def of(cls, facility: Facility) -> Sessions | None:
        """None where no Dask operator is offered, or the spec does not name the account."""
        operator = facility.dask.operator if facility.dask else None
        there = component(facility, "dask-operator")
        if operator is None or there is None or operator.service_account is None:
            return None
        found = (item.namespace for item in components(facility) if item.pointer.startswith("/jupyter/"))
        return cls(operator.service_account, there.namespace, tuple(dict.fromkeys(found)))


def accounts(facility: Facility, space: Space, sessions: Sessions | None) -> Iterator[Object]:
    """A namespace's ServiceAccounts, Roles and RoleBindings."""
    names = {"default": False}
    if sessions and space.name in {sessions.clusters, *sessions.namespaces}:
        names[sessions.account] = True
    for name, token in names.items():
        yield in_namespace(facility, space, ("v1", "ServiceAccount"), name, automountServiceAccountToken=token)
    if sessions and space.name == sessions.clusters:
        yield from _dask(facility, space, sessions)
    # One for each role, which lists all: a group that is taken out of the spec loses what it might do.
    groups: dict[str, dict[str, None]] = {}
    for member in space.own.members:
        groups.setdefault(member.role, {})[member.group] = None
    for role, found in groups.items():
        subjects = [{"kind": "Group", "name": group, "apiGroup": _RBAC} for group in found]
        yield _binding(facility, space, f"afspec-{role}", ("ClusterRole", role), subjects)


def _dask(facility: Facility, space: Space, sessions: Sessions) -> Iterator[Object]:
    """What KubeCluster asks from inside a cluster, and no more (dask-kubernetes 2026.3, with kr8s 0.20)."""
    rules = [
        _rule(_DASK, ["daskclusters"], ["get", "list", "create", "delete"]),
        _rule(_DASK, ["daskworkergroups"], ["get", "list", "create", "patch", "delete"]),  # scale(), worker groups
        _rule(_DASK, ["daskautoscalers"], ["create", "patch", "delete"]),  # adapt(), and scale() after it
        _rule("", ["pods", "services"], ["get", "list"]),
        _rule("", ["pods/log"], ["get"]),  # get_logs()
    ]
    yield in_namespace(facility, space, (f"{_RBAC}/v1", "Role"), _ROLE, rules=rules)
    namespaces = dict.fromkeys([sessions.clusters, *sessions.namespaces])
    subjects = [{"kind": "ServiceAccount", "name": sessions.account, "namespace": name} for name in namespaces]
    yield _binding(facility, space, _ROLE, ("Role", _ROLE), subjects)


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _binding(
    facility: Facility, space: Space, name: str, role: tuple[str, str], subjects: list[dict[str, str]]
) -> Object:
    kind, what = role
    return in_namespace(
        facility,
        space,
        (f"{_RBAC}/v1", "RoleBinding"),
        name,
        roleRef={"apiGroup": _RBAC, "kind": kind, "name": what},
        subjects=subjects,
    )
