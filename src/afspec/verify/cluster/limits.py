"""Whether a namespace's quota and limits leave room for what runs in it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from afspec.verify.cluster.pods import listed, mapped
from afspec.verify.cluster.quantities import quantity
from afspec.verify.cluster.schemas import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.cluster.manifests import Manifest
    from afspec.verify.cluster.pods import Pod
    from afspec.verify.cluster.world import World

_PLAIN = ("cpu", "memory", "ephemeral-storage")
_EACH = frozenset({"Pod", "Container"})


def quota_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A ResourceQuota has room for each workload of its namespace by itself, with all its replicas."""
    hard = mapped(mapped(item.data.get("spec")).get("hard"))
    if mapped(item.data.get("spec")).get("scopes") or mapped(item.data.get("spec")).get("scopeSelector"):
        return
    for owner, pod in world.pods_in(item.namespace):
        wanted = _wanted(pod)
        for key, amount in hard.items():
            most, asked = quantity(amount), wanted.get(str(key))
            if most is not None and asked is not None and asked > most:
                yield Fault(
                    ("spec", "hard", str(key)),
                    f"{amount} is less than what {owner.title} ({owner.path}) asks for, {_number(asked)}",
                )


def _wanted(pod: Pod) -> dict[str, Decimal]:
    """What all replicas ask for, by the keys of a quota; a limit is a request where there is none."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    total["pods"] = total["count/pods"] = Decimal(pod.replicas)
    for container in pod.running():
        resources = mapped(container.get("resources"))
        limits = mapped(resources.get("limits"))
        for part, amounts in (("requests", {**limits, **mapped(resources.get("requests"))}), ("limits", limits)):
            for key, value in amounts.items():
                number = quantity(value)
                if number is not None:
                    total[f"{part}.{key}"] += number * pod.replicas
    for key in _PLAIN:
        if f"requests.{key}" in total:
            total[key] = total[f"requests.{key}"]
    return total


def range_faults(item: Manifest, world: World) -> Iterator[Fault]:
    """A LimitRange lets every container of its namespace be."""
    for index, limit in enumerate(mapped(part) for part in listed(mapped(item.data.get("spec")).get("limits"))):
        if limit.get("type") != "Container":
            continue
        for key, amount in mapped(limit.get("max")).items():
            for owner, pod in world.pods_in(item.namespace):
                for container in pod.running():
                    asked = quantity(mapped(mapped(container.get("resources")).get("limits")).get(key))
                    most = quantity(amount)
                    if asked is not None and most is not None and asked > most:
                        yield Fault(
                            ("spec", "limits", index, "max", str(key)),
                            f"{amount} is less than what {owner.title} ({owner.path}) may use, {_number(asked)}",
                        )


def _number(value: Any) -> str:
    return f"{value.normalize():f}"
