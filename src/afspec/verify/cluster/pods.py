"""Pods in objects of any kind: a map with a list of named containers is the specification of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.reading import Path

_LISTS = ("initContainers", "containers")


class Pod(NamedTuple):
    """A pod's specification within an object: where it is, its labels, and how many there are of it.

    `claims` are the names of volumes that are made for each, a StatefulSet's.
    """

    at: Path
    spec: dict[str, Any]
    labels: dict[str, str]
    replicas: int
    claims: tuple[str, ...]

    def containers(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Its containers, those that come first too, with their places."""
        for name in _LISTS:
            for index, item in enumerate(listed(self.spec.get(name))):
                if isinstance(item, dict):
                    yield (*self.at, name, index), item

    def running(self) -> list[dict[str, Any]]:
        """The containers that run side by side."""
        return [item for item in listed(self.spec.get("containers")) if isinstance(item, dict)]


def mapped(value: Any) -> dict[str, Any]:
    """A map as it is; anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list as it is; anything else as an empty one."""
    return value if isinstance(value, list) else []


def pods(data: dict[str, Any]) -> list[Pod]:
    """Every pod's specification in an object."""
    claims = listed(mapped(data.get("spec")).get("volumeClaimTemplates"))
    names = tuple(str(mapped(mapped(claim).get("metadata")).get("name")) for claim in claims)
    return [pod._replace(claims=names) for pod in _pods(data, (), {}, 1)]


def _pods(value: Any, at: Path, labels: dict[str, str], replicas: int) -> Iterator[Pod]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _pods(item, (*at, index), {}, replicas)
        return
    if not isinstance(value, dict):
        return
    if _is_pod(value):
        yield Pod(at, value, labels, replicas, ())
        return
    own = mapped(mapped(value.get("metadata")).get("labels"))
    count = value.get("replicas")
    times = count if isinstance(count, int) and not isinstance(count, bool) else replicas
    for key, item in value.items():
        yield from _pods(item, (*at, str(key)), own if key == "spec" else {}, times)


def _is_pod(value: dict[str, Any]) -> bool:
    containers = value.get("containers")
    return isinstance(containers, list) and any(isinstance(item, dict) and "name" in item for item in containers)
