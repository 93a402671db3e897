"""A run from its plan to its result: what is done is remembered, what is missing is told, and nothing counts twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from afspec.agc.errors import AgcError, ClusterError
from afspec.agc.run import account
from afspec.agc.run.course import Course, Silent
from afspec.agc.run.executors.interface import Warms
from afspec.agc.run.files import replace_text, unwritable
from afspec.agc.run.journal import FOLDER, Journal
from afspec.agc.run.plan import fitting, keys, plan
from afspec.agc.run.studies import study_of
from afspec.agc.run.timing import Watched, process_age, warm
from afspec.agc.run.work import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from afspec.agc.analysis import Analysis
    from afspec.agc.run.course import Progress
    from afspec.agc.run.executors.interface import Executor
    from afspec.agc.run.filelist import FileList
    from afspec.agc.run.result import Result
    from afspec.agc.run.work import Partial

HISTOGRAMS: Final = "histograms.json"
RESULT: Final = "result.json"


class InterruptedRunError(AgcError):
    """The user, or the machine, ended the run; what was done is kept.

    Attributes:
        done, planned: events.
    """

    def __init__(self, done: int, planned: int, output: Path) -> None:
        share = 100 * done / planned if planned else 100
        super().__init__(
            f"interrupted; {done:,} of {planned:,} events ({share:.0f} %) are done and kept in {output / FOLDER}",
            "The same command goes on from there; --fresh starts anew",
        )
        self.done = done
        self.planned = planned


def run_analysis(
    analysis: Analysis,
    files: FileList,
    executor: Executor,
    output: Path,
    *,
    chunk_events: int | None = None,
    resume: bool = True,
    progress: Progress | None = None,
    apart: float = 0.0,
) -> Result:
    """Run an analysis over files; write histograms.json and result.json to the output folder.

    Arguments:
        analysis: one that studies.study_of knows, on any device.
        files: what is read.
        executor: what does the work; entered and left by the caller.
        output: a folder, made where it is missing.
        chunk_events: about so many events make a unit; None for what fits the list.
        resume: go on from what an interrupted run of the same has left there.
        progress: is told how far it is.
        apart: seconds since the start of the process that are no start-up, such as those of making events up.

    Raises:
        AgcError: the input cannot be normalised, or the output not written.
        InterruptedRunError: Ctrl-C, or a signal that was made one.
    """
    study = study_of(analysis)
    size = fitting(files) if chunk_events is None else chunk_events
    course = Course(study, files, plan(files, size), size, dt.datetime.now(tz=dt.UTC), apart, process_age() - apart)
    for sample in files.samples:
        study.check(sample)
    journal = Journal(output / FOLDER, course.units, keys(analysis, files, course.units))
    with journal.open(fresh=not resume):
        _take_over(course, journal.found)
        try:
            _work(course, executor, journal, progress or Silent())
            course.executor = executor.describe()
            result = _write(course, output)
        except ClusterError as error:
            if done := sum(course.total.done.values()):
                error.hint = f"{error.hint}. {done:,} events are done and kept: the same command goes on from there"
            raise
        except KeyboardInterrupt:
            raise InterruptedRunError(sum(course.total.done.values()), files.events, output) from None
        journal.close(finished=result.complete)
    return result


def _take_over(course: Course, found: Iterable[Partial]) -> None:
    for partial in found:
        course.total += partial
    course.resumed = sum(course.total.done.values())


def _work(course: Course, executor: Executor, journal: Journal, progress: Progress) -> None:
    progress.begin(course.files.events, course.resumed)
    try:
        if not course.todo:
            return
        analysis: Analysis = course.study.analysis
        here = executor.describe().get("kind") in {"inline", "threads"}
        if here:
            course.jit = warm(analysis)
            analysis = watched = Watched(analysis)
        elif isinstance(executor, Warms):
            course.jit = executor.warm(analysis)
        begun, cpu = time.perf_counter(), time.process_time()
        try:
            _collect(course, executor, analysis, journal, progress)
        finally:
            course.loop, course.cpu = time.perf_counter() - begun, time.process_time() - cpu
            course.first = watched.first[0] - course.apart if here and watched.first else None
    finally:
        progress.end()


def _collect(
    course: Course,
    executor: Executor,
    analysis: Analysis,
    journal: Journal,
    progress: Progress,
) -> None:
    """Add up what comes; whatever the executor does not bring, or brings twice, is found out."""
    todo = course.todo
    missing = {unit.number for unit in todo}
    for partial in executor.run(analysis, todo):
        came = [*partial.done, *(failure.unit for failure in partial.failures)]
        if len(set(came)) < len(came) or not missing.issuperset(came):
            raise AssertionError(f"units {sorted(came)} came twice, or were not asked for")
        missing.difference_update(came)
        # Remembered first: what an interrupt cuts off here is done again, and never counted twice.
        journal.add(partial)
        course.total += partial
        progress.advance(sum(partial.done.values()), len(course.total.failures))
    lost = [
        Failure(unit.number, unit.file, "it was sent to a worker and never came back", 1)
        for unit in todo
        if unit.number in missing
    ]
    course.total = replace(course.total, failures=(*course.total.failures, *lost, *_miscounted(course)))


def _miscounted(course: Course) -> list[Failure]:
    """Files all of whose units are done, and whose events are not as many as planned: they changed in between."""
    done = course.total.done
    found = []
    for _, group in groupby(course.units, key=lambda unit: (unit.sample, unit.file)):
        units = list(group)
        events = sum(done.get(unit.number, 0) for unit in units)
        expected = units[0].expected
        if all(unit.number in done for unit in units) and events != expected:
            text = f"{events:,} events were counted, {expected:,} were planned: it changed while it was read"
            found.append(Failure(units[0].number, units[0].file, text, 1))
    return found


def _write(course: Course, output: Path) -> Result:
    histograms = course.study.histograms(course.total.tallies)
    text = json.dumps({name: each.document() for name, each in histograms.items()}, indent=1)
    result = account.result(course, histograms, hashlib.sha256(text.encode()).hexdigest())
    try:
        replace_text(output / HISTOGRAMS, text)
        replace_text(output / RESULT, json.dumps(result.document(), indent=1))
    except OSError as error:
        raise unwritable(output, error) from None
    return result
