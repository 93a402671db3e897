"""Selectors of parts: the subjects of another selector that declare something more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from afspec.conformance.subjects import Subject, named_images, pools, runtimes, selector
from afspec.verdict import Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afspec.facility import Facility


def having(kind: str, base: Callable[[Facility], Iterator[Subject]], part: str) -> None:
    """A selector for those subjects of another whose value declares a part."""

    def select(facility: Facility) -> Iterator[Subject]:
        for subject in base(facility):
            if declared := getattr(subject.value, part):
                text = declared if isinstance(declared, str) else " ".join(declared)
                yield replace(subject, pointer=f"{subject.pointer}/{part}", declared=text)

    select.__name__ = kind
    select.__doc__ = f"Those of {base.__name__} that declare {part}."
    selector(select)


having("pool_versions", pools, "version")
having("job_scratches", pools, "scratch")
having("image_binds", runtimes, "binds")
having("image_caches", runtimes, "cache")


@selector
def image_clients(facility: Facility) -> Iterator[Subject]:
    """The batch clients in the images.

    One that no pool of the site understands promises nothing: the spec itself says that no job is sent from there.
    """
    for subject in named_images(facility):
        client = subject.value.batch_client
        pool = next((pool.name for pool in facility.batch if pool.offered and pool.scheduler == client), "")
        promise = Promise.NOT_PROMISED if client else Promise.UNDECLARED
        yield replace(
            subject,
            pointer=f"{subject.pointer}/batch_client",
            promise=subject.promise if pool else promise,
            declared=client or "",
            keys={**subject.keys, "pool": pool},
        )
