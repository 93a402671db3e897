"""Contexts: whether a requirement's question arises at all, told from the spec; "we do not support it" is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.batch import SlurmPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.conformance.subjects import Subject
    from afspec.facility import Facility

# Bytes that may be written to try a quota.
SMALL = 1024**3
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


@context
def written_by_users(facility: Facility, subject: Subject) -> str:
    """Users write into the area."""
    del facility
    return "users read it, and write nothing there" if subject.value.purpose == "software" else ""


@context
def small_quota(facility: Facility, subject: Subject) -> str:
    """The quota is one user's, and small enough to be filled for a moment."""
    del facility
    if subject.value.shared:
        return "the quota is that of all users together: nobody fills it to try"
    return "" if subject.value.quota <= SMALL else f"{subject.declared} are too many to be filled"


@context
def shared_home(facility: Facility, subject: Subject) -> str:
    """Jobs see the users' home folders."""
    del facility
    return "" if getattr(subject.value, "shared_home", True) else "its jobs have no home folders: files are transferred"


@context
def pool_has_gpus(facility: Facility, subject: Subject) -> str:
    """The pool has GPUs, as far as the spec says."""
    pool = subject.value
    if isinstance(pool, SlurmPool):
        has = any(partition.gpus for partition in pool.partitions)
    else:
        has = any(facility.queue_has_gpus(pool, queue) for queue in pool.queues or (None,))
    return "" if has else "the pool has no GPUs"
