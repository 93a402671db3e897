"""A cell of the matrix: the worst of what decides, and nothing hidden behind it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from unit.report import factory as make

from afspec.report.html import Promised, faces
from afspec.report.html.cells import Cell, cell, promise_of
from afspec.report.html.today import seen
from afspec.verdict import Promise, Verdict

if TYPE_CHECKING:
    from afspec.report.model import Result

TODAY = make.NOW + dt.timedelta(days=2)


def shown(*results: Result, promise: Promise = Promise.PROMISED) -> Cell:
    return cell(Promised(promise, "Slurm"), seen(make.report(results=results, waivers=[make.waiver()]), TODAY), TODAY)


def test_verified_cell_has_age_and_end() -> None:
    made = shown(make.result())
    assert (made.face, made.when, made.until, made.counts) == (
        faces.VERIFIED,
        "2 days ago",
        "2026-12-22",
        "1 verified",
    )


def test_age_is_that_of_the_oldest_and_end_that_of_the_first_to_end() -> None:
    old = make.result(item="b", at=make.NOW - dt.timedelta(days=9), fresh=12 * make.DAY)
    made = shown(make.result(), old)
    assert (made.when, made.until) == ("11 days ago", "2026-11-25")


def test_one_broken_instance_shows_and_the_others_are_counted() -> None:
    made = shown(*(make.result(item=str(i)) for i in range(3)), make.result(item="x", verdict=Verdict.BROKEN))
    assert (made.face, made.counts, made.until) == (faces.BROKEN, "3 verified, 1 broken", "")


def test_what_does_not_decide_is_told_and_does_not_colour() -> None:
    made = shown(make.result(), make.result(item="x", verdict=Verdict.BROKEN, decides=False))
    assert (made.face, made.counted, made.aside) == (faces.VERIFIED, True, "1 broken")


@pytest.mark.parametrize("promise", [Promise.BEST_EFFORT, Promise.ON_REQUEST])
def test_best_effort_alone_is_shown_as_not_counted(promise: Promise) -> None:
    made = shown(make.result(promise=promise, verdict=Verdict.BROKEN), promise=promise)
    assert (made.face, made.counted, made.counts, made.aside) == (faces.BROKEN, False, "", "1 broken")


def test_planned_item_hides_nothing_that_is_there_today() -> None:
    made = shown(
        make.result(promise=Promise.BEST_EFFORT),
        make.result(item="x", promise=Promise.PLANNED, verdict=Verdict.NOT_PROMISED),
    )
    assert made.face is faces.VERIFIED


def test_undeclared_that_works_is_flagged() -> None:
    flagged = make.result(promise=Promise.UNDECLARED, verdict=Verdict.NOT_PROMISED, flags=["undeclared_found"])
    made = shown(flagged, promise=Promise.UNDECLARED)
    assert (made.face, made.found, made.counted) == (faces.NOT_PROMISED, True, False)


def test_promise_that_nothing_asked_about_is_no_pass() -> None:
    made = shown(promise=Promise.PROMISED)
    assert (made.face, made.face.kind) == (faces.NOT_ASKED, "unverified")


def test_waived_cell_says_until_when() -> None:
    assert shown(make.result(verdict=Verdict.WAIVED, waiver="W-1")).why == "until 2027-01-31"


def test_promise_of_instances_is_the_strongest_with_its_values() -> None:
    results = [
        make.result(item="a", declared="10 cores"),
        make.result(item="b", declared="20 cores"),
        make.result(item="c", promise=Promise.PLANNED, declared="later"),
    ]
    promised = promise_of(seen(make.report(results=results), TODAY))
    assert promised == Promised(Promise.PROMISED, "a: 10 cores; b: 20 cores")


def test_item_that_its_value_names_is_not_named_twice() -> None:
    results = [make.result(item="sft.cern.ch", declared="sft.cern.ch"), make.result(declared="for all")]
    assert promise_of(seen(make.report(results=results), TODAY)).value == "sft.cern.ch; for all"
