"""What objects ask of each other by selectors, ports and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.pods import Pod
    from afspec.verify.cluster.reading import Path
    from afspec.verify.cluster.world import World


def service_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A Service has pods behind it, with the ports that it leads to.

    Pods that a chart or an operator makes are not known here: a namespace with none of the site's own is left alone.
    """
    spec = mapped(item.data.get("spec"))
    selector = mapped(spec.get("selector"))
    around = world.pods_in(item.namespace)
    if not selector or not around:
        return
    behind = [pod for _, pod in around if _selects(selector, pod.labels)]
    if not behind:
        yield Fault(("spec", "selector"), f"no pod in {item.namespace} has these labels")
    for index, port in enumerate(mapped(port) for port in listed(spec.get("ports"))):
        target = port.get("targetPort", port.get("port"))
        for pod in behind:
            fault = _target(pod, target, ("spec", "ports", index, "targetPort"))
            if fault:
                yield fault


def _target(pod: Pod, target: Any, at: Path) -> Fault | None:
    ports = [mapped(port) for item in pod.running() for port in listed(item.get("ports"))]
    if isinstance(target, str):
        names = [str(port.get("name")) for port in ports]
        return None if target in names else Fault(at, f"the pods have no port {target!r}; they have {_or(names)}")
    numbers = [port.get("containerPort") for port in ports]
    # A container need not say on which ports it listens.
    return (
        Fault(at, f"the pods have no port {target}; they have {_or(numbers)}")
        if ports and target not in numbers
        else None
    )


def ingress_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """An Ingress leads to Services that are there, at ports that they have."""
    spec = mapped(item.data.get("spec"))
    default = mapped(mapped(spec.get("defaultBackend")).get("service"))
    if default:
        yield from _backend(item, world, default, ("spec", "defaultBackend", "service"))
    for index, rule in enumerate(listed(spec.get("rules"))):
        for number, path in enumerate(listed(mapped(mapped(rule).get("http")).get("paths"))):
            service = mapped(mapped(mapped(path).get("backend")).get("service"))
            if service:
                at: Path = ("spec", "rules", index, "http", "paths", number, "backend", "service")
                yield from _backend(item, world, service, at)


def _backend(item: Manifest, world: World, service: dict[str, Any], at: Path) -> Iterator[Fault]:
    name, port = str(service.get("name")), mapped(service.get("port"))
    found = world.find("Service", name, item.namespace)
    if not found:
        yield Fault((*at, "name"), f"there is no Service {name} in {item.namespace}")
    for key in ("number", "name"):
        held = [thing.holds for thing in found if thing.holds is not None]
        if key in port and held and not any(str(port[key]) in holds for holds in held):
            yield Fault((*at, "port", key), f"Service {name} has no port {port[key]}; it has {_or(sorted(held[0]))}")


def route_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A Route leads to Services that are there; its port is one of the Service's, or of the pods behind it."""
    spec = mapped(item.data.get("spec"))
    to: list[tuple[Path, Any]] = [(("spec", "to"), spec.get("to"))]
    to += [
        (("spec", "alternateBackends", index), part) for index, part in enumerate(listed(spec.get("alternateBackends")))
    ]
    port = mapped(spec.get("port")).get("targetPort")
    for at, target in to:
        name = str(mapped(target).get("name"))
        found = world.find("Service", name, item.namespace)
        if not found:
            yield Fault((*at, "name"), f"there is no Service {name} in {item.namespace}")
        held = [thing.holds | _targets(thing.manifest) for thing in found if thing.holds is not None]
        if port is not None and held and not any(str(port) in holds for holds in held):
            yield Fault(
                ("spec", "port", "targetPort"), f"Service {name} has no port {port}; it has {_or(sorted(held[0]))}"
            )


def _targets(service: Manifest | None) -> frozenset[str]:
    ports = listed(mapped(service.data.get("spec")).get("ports")) if service else []
    return frozenset(str(mapped(port).get("targetPort")) for port in ports)


def scaler_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """What is scaled is there: of a HorizontalPodAutoscaler, a ScaledObject or a DaskAutoscaler."""
    spec = mapped(item.data.get("spec"))
    if item.kind == "DaskAutoscaler":
        kind, name, at = "DaskCluster", str(spec.get("cluster")), ("spec", "cluster")
    else:
        target = mapped(spec.get("scaleTargetRef"))
        kind, name = str(target.get("kind") or "Deployment"), str(target.get("name"))
        at = ("spec", "scaleTargetRef")
    if not world.has(kind, name, item.namespace):
        yield Fault(at, f"there is no {kind} {name} in {item.namespace}")


def claim_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A PersistentVolumeClaim that names its volume can be bound to it, where that is the site's own."""
    spec = mapped(item.data.get("spec"))
    name = spec.get("volumeName")
    owned = [thing.manifest for thing in world.find("PersistentVolume", str(name)) if thing.manifest]
    if not owned:
        return
    volume = mapped(owned[0].data.get("spec"))
    has = quantity(mapped(volume.get("capacity")).get("storage"))
    asked = mapped(mapped(spec.get("resources")).get("requests")).get("storage")
    wanted = quantity(asked)
    if has is not None and wanted is not None and wanted > has:
        size = volume["capacity"]["storage"]
        yield Fault(
            ("spec", "resources", "requests", "storage"), f"{asked} is more than PersistentVolume {name} has, {size}"
        )
    missing = set(map(str, listed(spec.get("accessModes")))) - set(map(str, listed(volume.get("accessModes"))))
    if missing:
        yield Fault(("spec", "accessModes"), f"PersistentVolume {name} has no {', '.join(sorted(missing))}")
    if (spec.get("storageClassName") or "") != (volume.get("storageClassName") or ""):
        yield Fault(("spec", "storageClassName"), f"is not that of PersistentVolume {name}: they are never bound")


def dask_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A DaskCluster's Service leads to ports that its scheduler has."""
    del world
    scheduler = mapped(mapped(item.data.get("spec")).get("scheduler"))
    containers = [mapped(part) for part in listed(mapped(scheduler.get("spec")).get("containers"))]
    ports = [mapped(port).get("name") for part in containers for port in listed(part.get("ports"))]
    for index, port in enumerate(listed(mapped(scheduler.get("service")).get("ports"))):
        target = mapped(port).get("targetPort")
        if isinstance(target, str) and containers and target not in ports:
            at: Path = ("spec", "scheduler", "service", "ports", index, "targetPort")
            yield Fault(at, f"the scheduler has no port {target!r}; it has {_or(ports)}")


def budget_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A PodDisruptionBudget is about some pods."""
    selector = mapped(mapped(mapped(item.data.get("spec")).get("selector")).get("matchLabels"))
    around = world.pods_in(item.namespace)
    if selector and around and not any(_selects(selector, pod.labels) for _, pod in around):
        yield Fault(("spec", "selector"), f"no pod in {item.namespace} has these labels")


def policy_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A NetworkPolicy that is for a workload beside it, in the same file, is about its pods."""
    selector = mapped(mapped(mapped(item.data.get("spec")).get("podSelector")).get("matchLabels"))
    beside = [pod for other, pod in world.pods_in(item.namespace) if other.path == item.path]
    if selector and beside and not any(_selects(selector, pod.labels) for pod in beside):
        yield Fault(("spec", "podSelector"), f"no pod of this file in {item.namespace} has these labels")


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _or(names: list[Any]) -> str:
    return ", ".join(dict.fromkeys(str(name) for name in names if name is not None and name != "None")) or "none"


LINKS: dict[str, Callable[[Manifest, World], Iterator[Fault]]] = {
    "Service": service_faults,
    "Ingress": ingress_faults,
    "Route": route_faults,
    "HorizontalPodAutoscaler": scaler_faults,
    "ScaledObject": scaler_faults,
    "DaskAutoscaler": scaler_faults,
    "DaskCluster": dask_faults,
    "PersistentVolumeClaim": claim_faults,
    "PodDisruptionBudget": budget_faults,
    "NetworkPolicy": policy_faults,
}
