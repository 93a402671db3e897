"""Contexts: whether a requirement's question arises at all, told from the spec; "we do not support it" is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.conformance.subjects import Subject
    from afspec.facility import Facility

CONTEXTS: dict[str, Callable[[Facility, Subject], str]] = {}


def context(function: Callable[[Facility, Subject], str]) -> Callable[[Facility, Subject], str]:
    """Register a context under its name: "" where the question arises, else why it does not."""
    name = function.__name__
    if name in CONTEXTS:
        raise ValueError(f"two contexts are called {name!r}")
    CONTEXTS[name] = function
    return function


@context
def several_nodes(facility: Facility, subject: Subject) -> str:
    """There is more than one machine to be spread over."""
    del subject
    return "" if any(pool.offered for pool in facility.batch) or facility.orchestration else "it is a single machine"
