"""Which pods go first where the cluster is full (Kubernetes documentation, Pod Priority and Preemption)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from afspec.generators.cluster.names import dns_label

if TYPE_CHECKING:
    from afspec.facility import Facility

Rank = Literal["services", "sessions", "workers"]


def priority_class(facility: Facility, rank: Rank) -> str:
    """The name of the facility's PriorityClass of a rank: services go before sessions, sessions before workers.

    A cluster's classes are everybody's, so the facility's name is in it. The generator `kubernetes` makes them.
    """
    return dns_label(facility.name, rank)
