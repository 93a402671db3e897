"""What changed between two reports, and whether anything that counts got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bundle_support import DASK, NICE, RUNS, WORKS, made

from afspec.report.compare import compare
from afspec.report.errors import ReportError
from afspec.verdict import Outcome, SiteWord, Verdict

if TYPE_CHECKING:
    from afspec.report.model import Report

WELL = made(WORKS)[0]


def only(report: Report, *requirements: str) -> Report:
    """The report with these requirements' results alone."""
    kept = tuple(result for result in report.results if result.requirement in requirements)
    return report.model_copy(update={"results": kept})


def test_nothing_changed() -> None:
    found = compare(WELL, WELL)
    assert found.changes == ()
    assert not found.worse


def test_worse_is_named_with_what_it_was() -> None:
    found = compare(WELL, made(WORKS | {RUNS: Outcome.FAIL})[0])
    assert [change.text for change in found.changes] == ["worse    AF-BATCH-001[slurm/roma]: verified -> broken"]
    assert (found.before, found.after) == (SiteWord.CONFORMANT, SiteWord.NON_CONFORMANT)
    assert found.worse
    assert not compare(made(WORKS | {RUNS: Outcome.FAIL})[0], WELL).worse


def test_the_worst_comes_first() -> None:
    old = made(WORKS | {DASK: Outcome.FAIL, NICE: Outcome.FAIL})[0]
    new = made(WORKS | {RUNS: Outcome.UNVERIFIED})[0]
    assert [change.kind for change in compare(old, new).changes] == ["worse", "better", "better"]


def test_what_is_not_counted_is_shown_and_harms_nobody() -> None:
    found = compare(WELL, made(WORKS | {NICE: Outcome.FAIL})[0])
    assert "(not counted)" in found.changes[0].text
    assert not found.worse


@pytest.mark.parametrize(("gone", "worse"), [("AF-DASK-001", True), ("AF-GPU-001", False)])
def test_what_vanishes_is_lost_if_it_counted(gone: str, *, worse: bool) -> None:
    rest = only(WELL, *{result.requirement for result in WELL.results} - {gone})
    found = compare(WELL, rest)
    assert [(change.kind, change.requirement, change.after) for change in found.changes] == [("vanished", gone, None)]
    assert found.worse is worse
    back = compare(rest, WELL)
    assert [change.kind for change in back.changes] == ["appeared"]
    assert not back.worse


def test_a_promise_that_is_taken_back_vanishes() -> None:
    result = WELL.results[1].model_copy(update={"verdict": Verdict.NOT_PROMISED, "decides": False})
    new = WELL.model_copy(update={"results": (WELL.results[0], result, WELL.results[2])})
    found = compare(WELL, new)
    assert [change.kind for change in found.changes] == ["vanished"]
    assert found.worse


def test_a_new_promise_that_is_broken_makes_a_site_worse() -> None:
    old, new = only(WELL, "AF-BATCH-001"), made(WORKS | {DASK: Outcome.FAIL})[0]
    assert compare(old, new).worse


@pytest.mark.parametrize("other", [{"site": "bnl"}, {"environment": "twin"}])
def test_reports_of_different_things_are_not_compared(other: dict[str, str]) -> None:
    with pytest.raises(ReportError, match="the old report is of the"):
        compare(WELL, WELL.model_copy(update=other))
