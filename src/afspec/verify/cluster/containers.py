"""What an API server refuses of a pod although the schema lets it pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster import names
from afspec.verify.cluster.enumerated import amount_fault
from afspec.verify.cluster.pods import Pod, listed, mapped
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

_HIGHEST = 65535
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_TIMES = {
    "initialDelaySeconds": 0, "terminationGracePeriodSeconds": 1, "timeoutSeconds": 1, "periodSeconds": 1,
    "successThreshold": 1, "failureThreshold": 1,
}  # fmt: skip
# A registry with a port, folders in lower case, a tag, a digest (distribution's reference grammar).
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?"
)
_BYTES = frozenset({"memory", "ephemeral-storage"})


def pod_faults(pod: Pod) -> Iterator[Fault]:
    """What is wrong with a pod, by path."""
    volumes = [mapped(item).get("name") for item in listed(pod.spec.get("volumes"))]
    yield from _named_once(volumes, (*pod.at, "volumes"), "volumes")
    yield from _named_once([item.get("name") for _, item in pod.containers()], pod.at, "containers")
    for index, volume in enumerate(mapped(item) for item in listed(pod.spec.get("volumes"))):
        inside: Path = (*pod.at, "volumes", index, "emptyDir", "sizeLimit")
        yield from amount_fault(mapped(volume.get("emptyDir")).get("sizeLimit"), inside)
    for index, toleration in enumerate(mapped(item) for item in listed(pod.spec.get("tolerations"))):
        if toleration.get("operator") == "Exists" and toleration.get("value"):
            yield Fault((*pod.at, "tolerations", index, "value"), "is not for the operator Exists")
    ports: set[str] = set()
    for at, item in pod.containers():
        image = item.get("image")
        # What something else fills in has braces or dollars.
        if isinstance(image, str) and not _IMAGE.fullmatch(image) and not re.search(r"[{$]", image):
            yield Fault((*at, "image"), f"{image!r} is no image: lower case, and no blanks")
        yield from _ports(item, at, ports)
        yield from _probes(item, at)
        yield from _resources(mapped(item.get("resources")), (*at, "resources"))
        for index, mount in enumerate(mapped(mount) for mount in listed(item.get("volumeMounts"))):
            if mount.get("name") not in volumes + list(pod.claims):
                yield Fault((*at, "volumeMounts", index, "name"), f"there is no volume {mount.get('name')!r}")
            if not str(mount.get("mountPath") or "/").startswith("/"):
                yield Fault((*at, "volumeMounts", index, "mountPath"), f"{mount['mountPath']!r} is no absolute path")


def _named_once(found: list[Any], at: Path, what: str) -> Iterator[Fault]:
    for name in dict.fromkeys(map(str, found)):
        if not names.is_label(name):
            yield Fault(at, f"{name!r} is no name: lower-case letters, digits and dashes, at most 63")
        if [str(other) for other in found].count(name) > 1:
            yield Fault(at, f"two {what} are called {name!r}")


def _ports(container: dict[str, Any], at: Path, seen: set[str]) -> Iterator[Fault]:
    for index, port in enumerate(mapped(port) for port in listed(container.get("ports"))):
        for key in ("containerPort", "hostPort"):
            number = port.get(key)
            if isinstance(number, int) and not 1 <= number <= _HIGHEST:
                yield Fault((*at, "ports", index, key), f"{number} is no port: 1 to {_HIGHEST}")
        name = port.get("name")
        if name is None:
            continue
        if not names.is_port(name):
            said = "at most 15 lower-case letters, digits and single dashes, a letter among them"
            yield Fault((*at, "ports", index, "name"), f"{name!r} is no name of a port: {said}")
        elif name in seen:
            yield Fault((*at, "ports", index, "name"), f"two ports are called {name!r}")
        seen.add(str(name))


def _probes(container: dict[str, Any], at: Path) -> Iterator[Fault]:
    ports = [mapped(port).get("name") for port in listed(container.get("ports"))]
    for kind in _PROBES:
        probe = mapped(container.get(kind))
        handlers = [name for name in _HANDLERS if probe.get(name) is not None]
        if probe and len(handlers) != 1:
            said = f"has {' and '.join(handlers)}: one of them" if handlers else f"has none of {', '.join(_HANDLERS)}"
            yield Fault((*at, kind), said)
        for name in ("httpGet", "tcpSocket"):
            port = mapped(probe.get(name)).get("port")
            inside: Path = (*at, kind, name, "port")
            if isinstance(port, str) and port not in ports:
                yield Fault(inside, f"the container has no port {port!r}{_listed(ports)}")
            elif isinstance(port, int) and not isinstance(port, bool) and not 1 <= port <= _HIGHEST:
                yield Fault(inside, f"{port} is no port: 1 to {_HIGHEST}")
        for key, least in _TIMES.items():
            # To the server, 0 is what is left out.
            number = probe.get(key)
            if isinstance(number, int) and number < least and number != 0:
                yield Fault((*at, kind, key), f"{number} is less than {least}")
        if kind != "readinessProbe" and probe.get("successThreshold", 1) not in {0, 1}:
            yield Fault((*at, kind, "successThreshold"), "must be 1, but for readiness")


def _listed(ports: list[Any]) -> str:
    names_of = [str(port) for port in ports if port is not None]
    return f"; it has {', '.join(names_of)}" if names_of else ""


def _resources(resources: dict[str, Any], at: Path) -> Iterator[Fault]:
    limits, requests = mapped(resources.get("limits")), mapped(resources.get("requests"))
    yield from _amounts("limits", limits, at)
    yield from _amounts("requests", requests, at)
    for key, value in requests.items():
        asked, most = quantity(value), quantity(limits.get(key))
        if asked is not None and most is not None and asked > most:
            yield Fault((*at, "requests", str(key)), f"{value} is more than the limit, {limits[key]}")
    # Extended resources cannot be overcommitted (Kubernetes documentation, Managing Resources for Containers).
    for key in {**limits, **requests}:
        if "/" not in str(key):
            continue
        number = quantity(limits.get(key))
        if number is None:
            yield Fault((*at, "requests", str(key)), "has no limit, which must be the same")
        elif number % 1 or quantity(requests.get(key, limits[key])) != number:
            yield Fault((*at, "limits", str(key)), "is no whole number, or is not what is requested")


def _amounts(part: str, amounts: dict[str, Any], at: Path) -> Iterator[Fault]:
    for key, value in amounts.items():
        number = quantity(value)
        if number is None or number < 0:
            yield Fault((*at, part, str(key)), f"{value!r} is no quantity")
        elif key in _BYTES and number % 1 and str(value)[-1] in "mun":
            yield Fault((*at, part, str(key)), f"{value!r} is a fraction of a byte: M is a million, m a thousandth")
