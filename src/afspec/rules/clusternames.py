"""AF392: names and namespaces that do not keep apart what must be apart on the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.components import components
from afspec.facility.dns import dns_label
from afspec.rules.base import Context, Finding, Rule, unknown
from afspec.rules.onsite import hub_pointers, namespace_pointer, triton_on_cluster, ways_on_cluster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afspec.facility import Facility


def _one(named: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Of pointers with the names that they become: those that come second."""
    first: dict[str, str] = {}
    for pointer, name in named:
        if (known := first.setdefault(name, pointer)) != pointer:
            yield Finding(pointer, f"`{pointer}` and `{known}` become `{name}`")


class AF3921(Rule):
    """Two names become one on the cluster.

    Objects have lower-case names of letters, digits and dashes: my_hub and My-Hub are both my-hub, and the second
    object overwrites the first.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Rename one of the two; names that differ by capitals, dots and underscores only do not do."""
        found = components(facility)
        if not found:
            return
        yield from _one((f"{item.pointer}/name", item.name) for item in found)
        storage, software = facility.storage, facility.software
        mounted = (
            [(f"/storage/areas/{area.name}/name", dns_label(area.name)) for area, _ in storage.mounted]
            if storage
            else []
        )
        if software and software.cvmfs and software.cvmfs.claim:
            mounted.insert(0, ("/software/cvmfs/claim", "cvmfs"))
        yield from _one(mounted)
        triton = triton_on_cluster(facility)
        tenants = triton.cluster.tenants if triton and triton.cluster else ()
        yield from _one(
            (f"/services/triton/cluster/tenants/{item.name}/name", dns_label(item.name)) for item in tenants
        )
        for pointer, way in ways_on_cluster(facility):
            yield from _one((f"{pointer}/profiles/{item.name}/name", dns_label(item.name)) for item in way.profiles)


class AF3922(Rule):
    """Two hubs share a namespace.

    JupyterHub's chart calls its objects `hub` and `proxy-public` whatever the release is called: Helm refuses the
    second release, since they are the first one's. coffea-casa is such a hub, too.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each hub its own `namespace:`."""
        hubs, first = hub_pointers(facility), dict[str, str]()
        for component in components(facility):
            if component.pointer not in hubs:
                continue
            if (known := first.setdefault(component.namespace, component.pointer)) != component.pointer:
                pointer = namespace_pointer(facility, component)
                yield Finding(pointer, f"`{component.pointer}` and `{known}` in `{component.namespace}`")


class AF3923(Rule):
    """Namespace belongs to the cluster itself.

    A quota, a policy or a security level of the facility there stops the cluster's own pods: name service, network,
    router.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Choose a name that does not begin with kube- or openshift-."""
        said = set()
        for component in components(facility):
            if component.namespace.startswith(("kube-", "openshift-")) or component.namespace == "openshift":
                pointer = namespace_pointer(facility, component)
                if pointer not in said:
                    said.add(pointer)
                    yield Finding(pointer, f"`{component.namespace}`")


class AF3924(Rule):
    """Sessions share a namespace with pods that have rights over the node.

    How much a pod may do is a label of its namespace. Where the device plugin, a virtual cluster or REANA's cron jobs
    run, every pod may do as much as they: whoever has a session there has the node.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give sessions and services a namespace of their own."""
        found = components(facility)
        privileged = {item.namespace: item for item in found if item.security == "privileged"}
        said = set()
        for component in found:
            other = privileged.get(component.namespace)
            if other is None or component.security == "privileged":
                continue
            pointer = namespace_pointer(facility, component)
            if pointer not in said:
                said.add(pointer)
                yield Finding(pointer, f"`{component.namespace}` is that of the {other.title}")


class AF3925(Rule):
    """Users could read the secrets of a service.

    Whoever may make a DaskCluster says what its pods are, and a pod may mount any Secret of its namespace: the hub's
    keys, a database's password, a tenant's key to its models.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give Dask's clusters a namespace (`dask: operator: namespace:`) that holds no service and no hub."""
        found = components(facility)
        hubs = hub_pointers(facility)
        for operator in found:
            if operator.pointer != "/dask/operator":
                continue
            others = [
                item.title
                for item in found
                if item.namespace == operator.namespace and (item.pods == "services" or item.pointer in hubs)
            ]
            if others:
                detail = f"`{operator.namespace}` is that of {', '.join(dict.fromkeys(others))}, too"
                yield Finding("/dask/operator/namespace", detail)


class AF3926(Rule):
    """Namespace is described in which nothing runs.

    Which namespaces there are follows from the services. What is said of another one, a quota, a group that may see
    it, has no effect, and the namespace that was meant has the usual.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Name the namespace of a service, as that says it or by default, or remove the entry."""
        cluster = facility.orchestration
        if cluster is None or not cluster.namespaces:
            return
        there = {item.namespace for item in components(facility)}
        for namespace in cluster.namespaces:
            if namespace.name not in there and cluster.offered:
                yield unknown(f"/orchestration/namespaces/{namespace.name}/name", namespace.name, there)


_LEVELS = ("restricted", "baseline", "privileged")


class AF3927(Rule):
    """Namespace's security level does not let its pods start.

    The cluster refuses pods that do more than the level allows; a chart is installed, and has no pods.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Take the level that its services need, or leave `pod_security:` out."""
        cluster = facility.orchestration
        if cluster is None:
            return
        for namespace in cluster.namespaces:
            for item in components(facility) if namespace.pod_security else ():
                if item.namespace == namespace.name and _LEVELS.index(item.security) > _LEVELS.index(
                    namespace.pod_security
                ):
                    pointer = f"/orchestration/namespaces/{namespace.name}/pod_security"
                    yield Finding(pointer, f"`{namespace.pod_security}`, {item.title} needs `{item.security}`")
