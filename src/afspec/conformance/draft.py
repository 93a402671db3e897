"""The report of a run, from what is on disk: also of one that was interrupted, or lost a worker."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from afspec import __version__
from afspec.conformance.evidence import now
from afspec.conformance.execute import key
from afspec.conformance.plan import make_plan, members
from afspec.conformance.rows import row
from afspec.conformance.store import Told
from afspec.report.attempts import checked
from afspec.report.conclude import conclude
from afspec.report.model import (
    Attempt,
    CheckResult,
    Counts,
    Digested,
    Problem,
    Report,
    Result,
    Summary,
    Tool,
)
from afspec.report.model import Run as RunRow
from afspec.report.plain import digest
from afspec.verdict import Outcome, SiteWord, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from afspec.conformance.catalogue import Catalogue, Check
    from afspec.conformance.plan import Instance
    from afspec.conformance.run import Run
    from afspec.conformance.store import Store
    from afspec.report.model import WaiverRecord


def catalogue_digest(catalogue: Catalogue) -> Digested:
    """What a report says of the catalogue."""
    return Digested(name="afspec", sha256=catalogue.sha256)


def draft(
    run: Run, store: Store, started: dt.datetime, partial: Sequence[str], waivers: Sequence[WaiverRecord]
) -> Report:
    """The whole report, with verdicts."""
    request, facility, catalogue = run.request, run.declared, run.plan.catalogue
    said = make_plan(run.declared, catalogue, request.profile)
    results = tuple(_result(run, store, instance) for instance in said.instances)
    stopped = {check.cause for result in results for check in result.checks}
    chosen = {instance.requirement.id for instance in run.plan.instances}
    finished = now()
    tool = Tool(version=__version__, python=platform.python_version(), pytest=pytest.__version__)
    unfinished = Report(
        site=facility.name,
        title=facility.title,
        label=facility.label or facility.name,
        environment="twin" if request.twin else "site",
        spec=Digested(name=facility.name, sha256=digest(run.spec)),
        catalogue=catalogue_digest(catalogue),
        generated=finished,
        runs=(
            RunRow(
                id=request.run,
                started=started,
                finished=finished,
                vantages=request.vantages,
                max_safety=request.max_safety,
                partial=tuple(partial),
                tool=tool,
            ),
        ),
        profile=request.profile,
        summary=Summary(name="", word=SiteWord.NOT_DEMONSTRATED, counts=Counts()),
        exit_code=0,
        requirements=tuple(row(item) for item in catalogue.requirements if item.id in chosen),
        results=results,
        causes=tuple(cause for cause in store.causes() if cause.id in stopped),
        waivers=tuple(waivers),
        problems=(*store.problems(), *_crashes(run, store)),
    )
    needed = members(run.declared, catalogue)
    return conclude(unfinished, {name: ids for name, ids in needed.items() if request.profile in {None, name}})


def _result(run: Run, store: Store, instance: Instance) -> Result:
    subject = instance.subject
    return Result(
        requirement=instance.requirement.id,
        item=subject.item,
        pointer=subject.pointer,
        promise=subject.promise,
        declared=subject.declared,
        applicable=not instance.context,
        context=instance.context,
        checks=tuple(_check(store, instance, check) for check in instance.requirement.checks),
        verdict=Verdict.UNVERIFIED,
        decides=False,
        run=run.request.run,
    )


def _check(store: Store, instance: Instance, check: Check) -> CheckResult:
    name = key(instance, check)
    told = store.told(name)
    if told is None and store.was_asking(name):
        text = "the process that asked died before it could say what came of it"
        told = Told((Attempt(at=now(), seconds=0, outcome=Outcome.ERROR, text=text),))
    elif told is None:
        told = Told(text="not selected, or the run ended before it was asked")
    result = checked(check.name, check.test, told.attempts, proof=told.proof, degraded=told.degraded, cause=told.cause)
    return result if told.attempts else result.model_copy(update={"text": told.text})


def _crashes(run: Run, store: Store) -> list[Problem]:
    return [
        Problem(
            kind="crash",
            text="a worker died while it asked this; the other results are whole",
            next=f"Run it alone: pytest conformance --site {run.request.site} -k {instance.requirement.id}",
            requirement=instance.requirement.id,
            item=instance.subject.item,
        )
        for instance in run.plan.instances
        if any(
            store.told(key(instance, check)) is None and store.was_asking(key(instance, check))
            for check in instance.requirement.checks
        )
    ]
