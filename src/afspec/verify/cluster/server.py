"""What an API server refuses although the schema lets it pass: names, labels, ports, amounts, selectors."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster import names, workloads
from afspec.verify.cluster.containers import pod_faults
from afspec.verify.cluster.enumerated import level_faults, word_faults
from afspec.verify.cluster.openshift import constraint_faults, route_faults
from afspec.verify.cluster.pods import listed, mapped, pods
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.reading import Path

_RBAC = "rbac.authorization.k8s.io"
_HIGHEST = 65535
_ANNOTATIONS = 256 * 1024
# Which keys hold labels, or ask for some, wherever they are.
_LABELS = frozenset({"labels", "matchLabels", "nodeSelector"})


def server_faults(item: Manifest) -> Iterator[Fault]:
    """What a server has against an object, by path."""
    yield from _metadata(item)
    yield from _annotations(item)
    yield from _labels(item.data, ())
    # A custom resource's pods are templates that an operator completes: what they have must be right all the same.
    for pod in pods(item.data):
        yield from pod_faults(pod)
    if not item.is_custom:
        yield from word_faults(item.data)
    for kinds, faults in _KINDS:
        if item.kind in kinds:
            yield from faults(item.data)


def is_number(port: Any) -> bool:
    """Whether it is the number of a port."""
    return isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= _HIGHEST


def _metadata(item: Manifest) -> Iterator[Fault]:
    at = ("metadata", "name")
    name = item.metadata.get("name")
    if not name:
        if not item.metadata.get("generateName"):
            yield Fault(("metadata",), "has no name")
    elif item.group == _RBAC:
        if not isinstance(name, str) or name in {".", ".."} or "/" in name or "%" in name:
            yield Fault(at, f"{name!r} is no name: it has a slash or a percent sign")
    elif item.kind == "Service" and not item.group:
        if not names.is_service(name):
            yield Fault(at, f"{name!r} is no name of a Service: letters, digits and dashes, at most 63, a letter first")
    elif item.kind == "Namespace" and not item.group:
        if not names.is_label(name):
            yield Fault(at, f"{name!r} is no name of a Namespace: lower-case letters, digits and dashes, at most 63")
    elif not names.is_subdomain(name):
        yield Fault(at, f"{name!r} is no name: lower-case letters, digits, dashes and dots, at most 253")


def _annotations(item: Manifest) -> Iterator[Fault]:
    notes = mapped(item.metadata.get("annotations"))
    yield from (
        Fault(("metadata", "annotations", str(key)), f"{key!r} is no key of an annotation")
        for key in notes
        if not names.is_qualified(key)
    )
    if sum(len(str(key)) + len(str(value)) for key, value in notes.items()) > _ANNOTATIONS:
        yield Fault(("metadata", "annotations"), "annotations are larger than 256 KiB")


def _labels(value: Any, at: Path) -> Iterator[Fault]:
    """Keys and values of labels, wherever an object has some."""
    for key, item in value.items() if isinstance(value, dict) else ():
        if key in _LABELS and isinstance(item, dict):
            for name, text in item.items():
                if not names.is_qualified(name):
                    yield Fault((*at, key, str(name)), f"{name!r} is no key of a label")
                if isinstance(text, str) and not names.is_value(text):
                    said = "at most 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends"
                    yield Fault((*at, key, str(name)), f"{text!r} is no value of a label: {said}")
        else:
            yield from _labels(item, (*at, str(key)))
    for index, item in enumerate(listed(value)):
        yield from _labels(item, (*at, index))


def _service(data: dict[str, Any]) -> Iterator[Fault]:
    ports = listed(mapped(data.get("spec")).get("ports"))
    seen: set[str] = set()
    for index, port in enumerate(mapped(port) for port in ports):
        at: Path = ("spec", "ports", index)
        for key in ("port", "targetPort", "nodePort"):
            number = port.get(key)
            if isinstance(number, int) and not is_number(number):
                yield Fault((*at, key), f"{number} is no port: 1 to {_HIGHEST}")
        target, name = port.get("targetPort"), port.get("name")
        if isinstance(target, str) and not names.is_port(target):
            yield Fault((*at, "targetPort"), f"{target!r} is no name of a port")
        if name is None:
            if len(ports) > 1:
                yield Fault(at, "has no name, which a Service with several ports needs")
        elif not names.is_label(name):
            yield Fault((*at, "name"), f"{name!r} is no name of a port")
        elif name in seen:
            yield Fault((*at, "name"), f"two ports are called {name!r}")
        seen.add(str(name))


def _configuration(data: dict[str, Any]) -> Iterator[Fault]:
    for part in ("data", "binaryData", "stringData"):
        for key in mapped(data.get(part)):
            if not names.is_key(key):
                yield Fault((part, str(key)), f"{key!r} is no key: letters, digits, dashes, dots and underscores")


def _ingress(data: dict[str, Any]) -> Iterator[Fault]:
    for index, rule in enumerate(listed(mapped(data.get("spec")).get("rules"))):
        at: Path = ("spec", "rules", index)
        host = mapped(rule).get("host")
        if host is not None and not names.is_host(host):
            yield Fault((*at, "host"), f"{host!r} is no name of a host")
        paths = listed(mapped(mapped(rule).get("http")).get("paths"))
        for number, item in enumerate(mapped(item) for item in paths):
            path = item.get("path")
            if item.get("pathType") in {"Exact", "Prefix"} and not str(path or "").startswith("/"):
                yield Fault((*at, "http", "paths", number), f"path {path!r} does not begin with a slash")


def _network(data: dict[str, Any]) -> Iterator[Fault]:
    spec = mapped(data.get("spec"))
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(listed(spec.get(way))):
            for number, port in enumerate(listed(mapped(rule).get("ports"))):
                value = mapped(port).get("port")
                if isinstance(value, int) and not is_number(value):
                    yield Fault(("spec", way, index, "ports", number, "port"), f"{value} is no port: 1 to {_HIGHEST}")
            for number, peer in enumerate(listed(mapped(rule).get(peers))):
                block = mapped(mapped(peer).get("ipBlock"))
                yield from _block(block, ("spec", way, index, peers, number, "ipBlock"))


def _block(block: dict[str, Any], at: Path) -> Iterator[Fault]:
    if not block:
        return
    try:
        whole = ipaddress.ip_network(str(block.get("cidr")))
    except ValueError:
        yield Fault((*at, "cidr"), f"{block.get('cidr')!r} is no range of addresses")
        return
    for index, part in enumerate(listed(block.get("except"))):
        try:
            inside = ipaddress.ip_network(str(part)).subnet_of(whole)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            inside = False
        if not inside:
            yield Fault((*at, "except", index), f"{part!r} is no range of addresses within {whole}")


_KINDS: tuple[tuple[frozenset[str], Callable[[dict[str, Any]], Iterator[Fault]]], ...] = (
    (frozenset({"Service"}), _service),
    (frozenset({"ConfigMap", "Secret"}), _configuration),
    (frozenset({"Namespace"}), lambda data: level_faults(mapped(mapped(data.get("metadata")).get("labels")))),
    (workloads.WORKLOADS, workloads.workload_faults),
    (frozenset({"Job", "CronJob"}), workloads.job_faults),
    (frozenset({"HorizontalPodAutoscaler"}), workloads.scaler_faults),
    (frozenset({"PodDisruptionBudget"}), workloads.budget_faults),
    (frozenset({"PersistentVolumeClaim"}), workloads.claim_faults),
    (frozenset({"PersistentVolume"}), workloads.volume_faults),
    (frozenset({"ResourceQuota"}), workloads.quota_faults),
    (frozenset({"LimitRange"}), workloads.range_faults),
    (frozenset({"Ingress"}), _ingress),
    (frozenset({"Route"}), route_faults),
    (frozenset({"SecurityContextConstraints"}), constraint_faults),
    (frozenset({"DaskAutoscaler"}), workloads.dask_faults),
    (frozenset({"NetworkPolicy"}), _network),
)
