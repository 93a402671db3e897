"""Who may reach the pods of a namespace. What a component's chart brings for its own pods is left to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.orchestration import Orchestrator
from afspec.facility.urls import locate
from afspec.generators.cluster import Component, dns_label, labels

from .limits import NOT_ENFORCED, WARNING
from .spaces import Space, cluster_of, has_hub_chart, in_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object

Ports = tuple[int, ...]

# Ports of the pods that a component is used by, as its chart has them.
_SERVICEX: Ports = (5000, 9000)  # the app, and the object store that results are fetched from
_REANA: Ports = (80, 5000, 8787, 8888)  # pages, the API, and users' dashboards and notebooks
_FRONTS: dict[str, Ports] = {
    "dask-gateway": (8000, 8786),  # its Traefik
    "dask-operator": (8786, 8787),  # schedulers and their dashboards
    "triton": (8000, 8001),
    "reana": _REANA,
}
_TRITON_METRICS = 8002
_POOL_METRICS = 8080  # of what counts the pods that the pool should have
# HTCondor's shared port: schedulers, outside the cluster as a rule, start jobs by it, and HTCondor asks who they are.
_HTCONDOR = 9618
_DNS, _DNS_OF_OKD = 53, 5353
_METADATA = "169.254.169.254/32"
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network_policies(facility: Facility, space: Space) -> Iterator[Object]:
    """A namespace's policies; none in those of the cluster itself, whose charts bring their own."""
    if space.system:
        return
    pods = _unguarded(facility, space)
    yield _policy(facility, space, "default-deny-ingress", {}, [])
    yield _policy(facility, space, "allow-same-namespace", pods, [{"from": [{"podSelector": {}}]}])
    ports = _front(facility, space)
    if ports is None or ports:
        listed = {"ports": [{"protocol": "TCP", "port": port} for port in ports]} if ports else {}
        part_of = {"app.kubernetes.io/part-of": labels(facility, space.name)["app.kubernetes.io/part-of"]}
        ours = [{"namespaceSelector": {"matchLabels": part_of}}]
        yield _policy(facility, space, "allow-facility", pods, [{"from": ours, **listed}])
        if any(_published(item) for item in space.components):
            rule = {"from": _ingress_controller(facility), **listed}
            yield _policy(facility, space, "allow-ingress-controller", pods, [rule])
    if any(item.pointer.startswith("/batch/") for item in space.components):
        anybody = {"ports": [{"protocol": "TCP", "port": _HTCONDOR}]}
        yield _policy(facility, space, "allow-htcondor", pods, [anybody])
    if runtime := _runtime(facility, space):
        yield _policy(facility, space, "allow-workflows", pods, [{"from": [_namespace({_NAMESPACE_NAME: runtime})]}])
    if metrics := _monitoring(facility, space):
        yield _policy(facility, space, "allow-monitoring", pods, [metrics])
    if space.users:
        yield _egress(facility, space, pods)


def _policy(facility: Facility, space: Space, name: str, pods: dict[str, Any], ingress: list[dict[str, Any]]) -> Object:
    spec: dict[str, Any] = {"podSelector": pods, "policyTypes": ["Ingress"]}
    return _object(facility, space, name, spec | ({"ingress": ingress} if ingress else {}))


def _object(facility: Facility, space: Space, name: str, spec: dict[str, Any]) -> Object:
    enforced = cluster_of(facility).network_policy != "not_enforced"
    notes = None if enforced else {WARNING: NOT_ENFORCED}
    kind = ("networking.k8s.io/v1", "NetworkPolicy")
    return in_namespace(facility, space, kind, name, annotations=notes, spec=spec)


def _unguarded(facility: Facility, space: Space) -> dict[str, Any]:
    """The pods that no chart's own policy guards: policies add up, and one that allows more would undo another."""
    guarded: list[str] = []
    if any(has_hub_chart(facility, item) for item in space.components):
        guarded.append("jupyterhub")
    if any(item.name == "reana" for item in space.components):
        guarded += ["reana-cache", "reana-workflow-controller"]
    return {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": guarded}]} if guarded else {}


def _front(facility: Facility, space: Space) -> Ports | None:
    """Ports that others use, of all in the namespace; None where one's are not known, so that any may be."""
    found: set[int] = set()
    for item in space.components:
        ports = _ports(facility, item)
        if ports is None:
            return None
        found.update(ports)
    return tuple(sorted(found))


def _ports(facility: Facility, item: Component) -> Ports | None:
    if item.pointer.startswith("/services/servicex/"):
        return _SERVICEX
    if item.pointer.startswith("/jupyter/") and not has_hub_chart(facility, item):
        session = next((hub for hub in facility.jupyter if dns_label(hub.name) == item.name), None)
        return (session.port,) if session and session.port else None
    return _FRONTS.get(item.name, ())


def _published(item: Component) -> bool:
    return item.name != "dask-operator" and not item.pointer.startswith("/batch/")


def _ingress_controller(facility: Facility) -> list[dict[str, Any]]:
    """Where published services are reached from; every namespace where the spec does not say."""
    cluster = cluster_of(facility)
    if cluster.ingress and cluster.ingress.namespace:
        return [_namespace({_NAMESPACE_NAME: cluster.ingress.namespace})]
    if cluster.kind is Orchestrator.OKD:
        # The second is for routers on the network of their nodes (OKD documentation, Network policy).
        keys = ("policy-group.network.openshift.io/ingress", "policy-group.network.openshift.io/host-network")
        return [_namespace({key: ""}) for key in keys]
    return [{"namespaceSelector": {}}]


def _monitoring(facility: Facility, space: Space) -> dict[str, Any] | None:
    """Who reads metrics; autoscaling goes by those of Triton and of the pool, so they are never cut off."""
    cluster = cluster_of(facility)
    prometheus = cluster.autoscaling.prometheus
    name, *rest = locate(prometheus).host.split(".") if prometheus else [""]
    if name and rest:
        return {"from": [_namespace({_NAMESPACE_NAME: rest[0]})]}
    pool = any(item.pointer.startswith("/batch/") for item in space.components)
    # Without Prometheus KEDA asks the pool's manager itself, from a namespace that nobody tells.
    keda = pool and prometheus is None and cluster.autoscaling.adapter == "keda"
    if cluster.kind is Orchestrator.OKD and not keda:
        return {"from": [_namespace({"network.openshift.io/policy-group": "monitoring"})]}
    numbers = [_TRITON_METRICS] if any(item.name == "triton" for item in space.components) else []
    numbers += [_POOL_METRICS] if pool else []
    ports = [{"protocol": "TCP", "port": port} for port in numbers]
    return {"from": [{"namespaceSelector": {}}], "ports": ports} if ports else None


def _runtime(facility: Facility, space: Space) -> str | None:
    """The namespace of REANA's workflows, which its chart makes: from there they report to REANA's queue."""
    reana = facility.services.reana
    if reana is None or all(item.name != "reana" for item in space.components):
        return None
    return reana.runtime_namespace if reana.runtime_namespace != space.name else None


def _namespace(names: dict[str, str]) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": names}}


def _egress(facility: Facility, space: Space, pods: dict[str, Any]) -> Object:
    """Users' pods may go anywhere, but not to what a cloud tells its nodes, their credentials among it."""
    numbers = (_DNS, _DNS_OF_OKD) if cluster_of(facility).kind is Orchestrator.OKD else (_DNS,)
    names = [{"protocol": protocol, "port": port} for port in numbers for protocol in ("UDP", "TCP")]
    elsewhere = [
        {"namespaceSelector": {}},
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": [_METADATA]}},
        {"ipBlock": {"cidr": "::/0"}},
    ]
    spec = {"podSelector": pods, "policyTypes": ["Egress"], "egress": [{"ports": names}, {"to": elsewhere}]}
    return _object(facility, space, "allow-egress", spec)
