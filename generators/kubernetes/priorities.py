"""Which pods go first where the cluster is full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from afspec.generators.cluster import manifest, priority_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.generators.cluster import Object
    from afspec.generators.cluster.priorities import Rank


class _Priority(NamedTuple):
    rank: Rank
    value: int
    policy: Literal["PreemptLowerPriority", "Never"]
    about: str


# Pods that name no class have 0 (Kubernetes documentation, Pod Priority and Preemption).
_PRIORITIES = (
    _Priority("services", 1000, "PreemptLowerPriority", "Services: they go before sessions and workers."),
    _Priority(
        "sessions", 100, "PreemptLowerPriority", "Users' sessions: they go before workers, and wait for services."
    ),
    _Priority("workers", 10, "Never", "Workers of users' clusters and jobs: they wait for what is free."),
)


def priority_classes(facility: Facility) -> Iterator[Object]:
    """The facility's classes, which belong to the cluster."""
    for item in _PRIORITIES:
        yield manifest(
            facility,
            "priorities",
            ("scheduling.k8s.io/v1", "PriorityClass"),
            priority_class(facility, item.rank),
            value=item.value,
            globalDefault=False,
            preemptionPolicy=item.policy,
            description=item.about,
        )
