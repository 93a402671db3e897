"""From the course of a run to its result: what is said of it, and nothing that is not known."""

from __future__ import annotations

import datetime as dt
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final

import numpy as np

from afspec import __version__
from afspec.agc.run.addresses import without_secrets
from afspec.agc.run.result import FailureResult, Input, Rates, Result, SampleResult, Times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.histogram import Histogram
    from afspec.agc.run.course import Course
    from afspec.agc.run.work import Failure, Sample

_LIBRARIES: Final = ("numpy", "numba", "uproot", "awkward", "cramjam", "xrootd", "fsspec-xrootd", "dask", "distributed")


def result(course: Course, histograms: Mapping[str, Histogram], digest: str) -> Result:
    """What came of a run.

    Arguments:
        course: how it went.
        histograms: normalised.
        digest: SHA-256 of their file.
    """
    files, total, study = course.files, course.total, course.study
    events = sum(total.done.values())
    stats = total.stats
    return Result(
        histograms=dict(histograms),
        histograms_sha256=digest,
        afspec=__version__,
        analysis=study.analysis.name,
        options=dict(study.options),
        complete=not total.failures and events == files.events,
        luminosity=study.luminosity,
        normalised_by=study.normalised_by,
        samples=tuple(_sample(course, sample) for sample in files.samples),
        resumed=course.resumed,
        times=_times(course),
        rates=_rates(course, events - course.resumed),
        bytes={"compressed": stats.compressed, "uncompressed": stats.uncompressed, "baskets": stats.baskets},
        fallbacks={branch: without_secrets(why) for branch, why in sorted(stats.fallbacks.items())},
        failures=tuple(_failure(course, failure) for failure in sorted(total.failures, key=lambda each: each.unit)),
        notes=(*(without_secrets(note) for note in files.notes), *_odd(course, histograms)),
        input=Input(
            without_secrets(files.source),
            files.digest,
            sum(len(each) for each in files.samples.values()),
            files.events,
            len(course.units),
            course.chunk_events,
        ),
        executor=course.executor,
        versions={"python": platform.python_version(), **_versions()},
        started=_utc(course.started),
        finished=_utc(dt.datetime.now(tz=dt.UTC)),
    )


def _sample(course: Course, sample: Sample) -> SampleResult:
    listed = course.files.samples[sample]
    tally = course.total.tallies.get(sample) or course.study.analysis.tally()
    steps = course.study.analysis.steps
    return SampleResult(
        process=sample[0],
        variation=sample[1],
        role=course.study.role(sample),
        files=len(listed),
        listed=sum(file.events for file in listed),
        events=tally.events,
        cross_section=course.study.cross_section(sample),
        weight=course.study.weight(sample, tally),
        flow=dict(zip(steps, (int(count) for count in tally.flow), strict=True)),
        yields=course.study.yields(sample, tally),
    )


def _times(course: Course) -> Times:
    stats = course.total.stats
    return Times(
        startup=round(course.startup, 3),
        jit=round(course.jit, 3),
        first=None if course.first is None else round(course.first, 3),
        loop=round(course.loop, 4),
        cpu=round(course.cpu, 4),
        open=round(stats.open, 4),
        read=round(stats.read, 4),
        decompress=round(stats.decompress, 4),
        kernel=round(stats.kernel, 4),
    )


def _rates(course: Course, events: int) -> Rates:
    """Of the events of this run."""
    rate = events / course.loop if course.loop else 0.0
    workers = course.executor.get("workers")
    here = course.executor.get("kind") in {"inline", "threads"}
    return Rates(
        events=round(rate, 1),
        per_worker=round(rate / workers, 1) if isinstance(workers, int) and workers else 0.0,
        per_cpu_second=round(events / course.cpu, 1) if here and course.cpu else None,
    )


def _failure(course: Course, failure: Failure) -> FailureResult:
    unit = course.units[failure.unit]
    return FailureResult(
        *unit.sample,
        file=without_secrets(failure.file),
        start=unit.start,
        stop=unit.stop,
        error=without_secrets(failure.error),
        tries=failure.tries,
    )


def _odd(course: Course, histograms: Mapping[str, Histogram]) -> list[str]:
    """What a reader of the histograms should know."""
    told = [
        f"{' '.join(sample)} has no events: no histograms of it"
        for sample, files in course.files.samples.items()
        if not sum(file.events for file in files)
    ]
    for name, histogram in histograms.items():
        if not np.isfinite(histogram.contents).all():
            told.append(f"{name} holds values that are not finite: some jets' pt is not")
    return told


def _versions() -> dict[str, str]:
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def _utc(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
