"""Selectors of the Analysis Grand Challenge: where it is run, how fast it should be, with which configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from afspec.conformance.subjects import Subject, at, gpu_models, promise_at, selector
from afspec.conformance.subjects_notebooks import dask_clusters
from afspec.verdict import Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


def _withdrawn(facility: Facility, subject: Subject) -> Subject:
    """The same, not promised where the spec says so of the AGC: a stance of its own that offers nothing is stronger."""
    own = promise_at(facility, "/agc")
    says_no = own is not Promise.UNDECLARED and not own.offered
    return replace(subject, promise=own) if says_no else subject


@selector
def agc_clusters(facility: Facility) -> Iterator[Subject]:
    """The Dask clusters that the AGC is run on.

    Who promises a cluster promises that it computes right: the AGC's own stance need not be there.
    """
    for subject in dask_clusters(facility):
        yield _withdrawn(facility, subject)


@selector
def agc_rates(facility: Facility) -> Iterator[Subject]:
    """The same clusters, held to the rate that the spec expects; where it expects none, it promises none."""
    rate = facility.agc.rate if facility.agc else None
    own = promise_at(facility, "/agc/rate") if rate else Promise.UNDECLARED
    for subject in agc_clusters(facility):
        promise = own if subject.promise.offered else subject.promise
        declared = f"{rate / 1000:g} kHz a core" if rate else ""
        yield replace(subject, pointer="/agc/rate", promise=promise, declared=declared)


@selector
def agc(facility: Facility) -> Iterator[Subject]:
    """The AGC as a user runs it: promised where the spec's section on it says so."""
    part = facility.agc
    if part is not None:
        declared = ", ".join(f"{name}={value}" for name, value in sorted(part.environment.items()))
        yield at(facility, "/agc", part, declared=declared)


@selector
def agc_gpus(facility: Facility) -> Iterator[Subject]:
    """The GPU models on which the AGC's kernel is run."""
    for subject in gpu_models(facility):
        yield _withdrawn(facility, subject)
