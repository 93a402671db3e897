"""Runs joined: order does not matter, nothing is invented, and nothing is better than the newest evidence allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bundle_support import (
    COMES_BACK,
    DASK,
    DAY,
    KEYS,
    NICE,
    NOW,
    PROFILES,
    RUNS,
    SPEC,
    WORKS,
    made,
    put,
    required,
    waiver,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from afspec.report import bundle
from afspec.report.errors import ReportError
from afspec.report.merge import Merged, merge
from afspec.report.model import Problem
from afspec.report.verify import refusals
from afspec.verdict import Outcome, Reason, SiteWord, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from afspec.report.bundle import Bundle
    from afspec.report.model import Attempt

VANTAGE = ("it was not asked from outside",)
FIRST = {RUNS: Outcome.PASS, COMES_BACK: Outcome.PASS}
REST = {DASK: Outcome.PASS, NICE: Outcome.PASS}


def join(*bundles: Bundle, when: dt.datetime = NOW) -> Merged:
    return merge(bundles, PROFILES, when)


def written(folder: Path, whole: Merged) -> Bundle:
    bundle.write(folder, whole.report, whole.spec, whole.evidence)
    return bundle.read(folder)


def verdicts(whole: Merged) -> dict[str, Verdict]:
    return {result.requirement: result.verdict for result in whole.report.results}


def test_a_whole_is_made_of_parts(tmp_path: Path) -> None:
    parts = [
        put(tmp_path / "a", FIRST, "ra", when=NOW - DAY, partial=VANTAGE),
        put(tmp_path / "b", REST, "rb", partial=("-k: deselected",)),
    ]
    whole = join(*parts)
    assert whole.report.summary.word is SiteWord.CONFORMANT
    assert whole.report.exit_code == 0
    assert [run.id for run in whole.report.runs] == ["ra", "rb"]
    assert [run.partial for run in whole.report.runs] == [(), ()]
    assert {result.run for result in whole.report.results} == {"ra", "rb"}
    assert all(path.startswith(("runs/ra/evidence/", "runs/rb/evidence/")) for path in whole.evidence)
    assert refusals(written(tmp_path / "whole", whole), required, NOW, SPEC) == []


def test_what_was_left_out_keeps_it_partial(tmp_path: Path) -> None:
    parts = [
        put(tmp_path / "a", {RUNS: Outcome.PASS}, "ra", partial=VANTAGE),
        put(tmp_path / "b", REST, "rb", partial=VANTAGE),
    ]
    whole = join(*parts)
    assert whole.report.summary.word is SiteWord.NOT_DEMONSTRATED
    assert whole.report.exit_code == 101
    assert all(run.partial for run in whole.report.runs)


def test_what_decides_nothing_may_be_left_out(tmp_path: Path) -> None:
    parts = [
        put(tmp_path / "a", FIRST, "ra", partial=VANTAGE),
        put(tmp_path / "b", {DASK: Outcome.PASS}, "rb", partial=VANTAGE),
    ]
    assert join(*parts).report.exit_code == 0


def test_one_partial_run_is_no_whole_by_being_merged(tmp_path: Path) -> None:
    part = put(tmp_path / "a", WORKS, "ra", partial=("interrupted",))
    assert join(part, part).report == part.report


@pytest.mark.parametrize(
    ("newest", "verdict"), [(Outcome.FAIL, Verdict.BROKEN), (Outcome.UNVERIFIED, Verdict.UNVERIFIED)]
)
def test_the_newest_that_was_asked_wins_whatever_it_says(tmp_path: Path, newest: Outcome, verdict: Verdict) -> None:
    old = put(tmp_path / "a", WORKS, "ra", when=NOW - DAY)
    new = put(tmp_path / "b", WORKS | {DASK: newest}, "rb")
    assert verdicts(join(old, new))["AF-DASK-001"] is verdict


def test_what_was_not_asked_replaces_nothing(tmp_path: Path) -> None:
    old = put(tmp_path / "a", WORKS | {DASK: Outcome.FAIL}, "ra", when=NOW - DAY)
    not_run = put(tmp_path / "b", {}, "rb")
    blocked = put(tmp_path / "c", dict.fromkeys(KEYS, Outcome.UNVERIFIED), "rc", cause="batch")
    for newer in (not_run, blocked):
        assert verdicts(join(old, newer)) == verdicts(join(old))


@pytest.mark.parametrize("reason", [Reason.NO_CREDENTIALS, Reason.PREREQUISITE_ABSENT, Reason.BUDGET_EXHAUSTED])
def test_what_a_run_lacked_says_nothing_of_the_site(tmp_path: Path, reason: Reason) -> None:
    old = put(tmp_path / "a", WORKS, "ra", when=NOW - DAY)
    report, evidence = made({DASK: Outcome.UNVERIFIED}, "rb")
    result = report.results[1]
    check = result.checks[0]
    attempts = [attempt.model_copy(update={"reason": reason}) for attempt in check.attempts]
    check = check.model_copy(update={"reason": reason, "attempts": tuple(attempts)})
    results = (report.results[0], result.model_copy(update={"checks": (check,)}), report.results[2])
    bundle.write(tmp_path / "b", report.model_copy(update={"results": results}), SPEC, evidence)
    assert verdicts(join(old, bundle.read(tmp_path / "b")))["AF-DASK-001"] is Verdict.VERIFIED


def test_an_old_proof_stays_and_goes_stale(tmp_path: Path) -> None:
    old = put(tmp_path / "a", WORKS, "ra", when=NOW - 8 * DAY)
    new = put(tmp_path / "b", FIRST, "rb")
    whole = join(old, new)
    assert verdicts(whole) == {
        "AF-BATCH-001": Verdict.VERIFIED,
        "AF-DASK-001": Verdict.UNVERIFIED,
        "AF-GPU-001": Verdict.UNVERIFIED,
    }
    assert "stale" in whole.report.results[1].flags


def test_causes_stay_while_something_refers_to_them(tmp_path: Path) -> None:
    stopped = put(tmp_path / "a", {DASK: Outcome.UNVERIFIED}, "ra", cause="batch", when=NOW - DAY)
    other = put(tmp_path / "b", {RUNS: Outcome.UNVERIFIED}, "rb", cause="batch")
    whole = join(stopped, other)
    assert {cause.id: cause.blocked for cause in whole.report.causes} == {"ra: batch": 1, "rb: batch": 1}
    works = put(tmp_path / "c", FIRST | {DASK: Outcome.PASS}, "rc")
    assert join(stopped, other, works).report.causes == ()


def test_problems_are_of_the_runs_that_are_used(tmp_path: Path) -> None:
    leak = Problem(kind="leak", text="a job is left", next="scancel 1")
    old = put(tmp_path / "a", FIRST, "ra", when=NOW - DAY, problems=[leak])
    new = put(tmp_path / "b", WORKS, "rb")
    assert join(old, new).report.problems == ()
    assert join(old, put(tmp_path / "c", REST, "rc")).report.problems == (leak,)


def test_a_waiver_that_was_taken_back_does_not_come_back(tmp_path: Path) -> None:
    told = WORKS | {RUNS: Outcome.FAIL}
    old = put(tmp_path / "a", told, "ra", when=NOW - DAY, waivers=[waiver()])
    assert join(old).report.summary.word is SiteWord.WITH_WAIVERS
    new = put(tmp_path / "b", REST, "rb")
    assert join(old, new).report.summary.word is SiteWord.NON_CONFORMANT


def test_a_waiver_expires_in_a_merged_report_too(tmp_path: Path) -> None:
    told = WORKS | {RUNS: Outcome.FAIL}
    old = put(tmp_path / "a", told, "ra", when=NOW - DAY, waivers=[waiver(expires=NOW.date() - DAY)])
    assert old.report.summary.word is SiteWord.WITH_WAIVERS
    assert join(old).report.summary.word is SiteWord.NON_CONFORMANT


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"spec": SPEC | {"batch": []}}, "another spec"),
        ({"catalogue": "d" * 64}, "another catalogue"),
        ({"environment": "twin"}, "another environment"),
    ],
)
def test_what_is_not_about_the_same_is_refused(tmp_path: Path, other: Mapping[str, Any], named: str) -> None:
    parts = [put(tmp_path / "a", WORKS, "ra"), put(tmp_path / "b", WORKS, "rb", **other)]
    with pytest.raises(ReportError, match=named) as caught:
        join(*parts)
    assert str(tmp_path / "b") in str(caught.value)


def test_two_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="two runs are called ra"):
        join(put(tmp_path / "a", WORKS, "ra"), put(tmp_path / "b", WORKS, "ra", when=NOW - DAY))


def test_a_trimmed_one_is_refused(tmp_path: Path) -> None:
    report, evidence = made(WORKS, "rb")
    trimmed = report.model_copy(update={"results": report.results[1:]})
    bundle.write(tmp_path / "b", trimmed, SPEC, evidence)
    with pytest.raises(ReportError, match="other instances"):
        join(put(tmp_path / "a", WORKS, "ra"), bundle.read(tmp_path / "b"))


def test_nothing_makes_no_report() -> None:
    with pytest.raises(ReportError, match="nothing to merge"):
        join()


OUTCOMES = st.dictionaries(st.sampled_from(KEYS), st.sampled_from([o for o in Outcome if o is not Outcome.NOT_RUN]))
RUN = st.fixed_dictionaries(
    {
        "told": OUTCOMES,
        "when": st.integers(0, 9).map(lambda age: NOW - age * DAY),
        "partial": st.sampled_from([(), VANTAGE]),
        "cause": st.sampled_from([None, "batch"]),
        "waivers": st.sampled_from([(), (waiver(),)]),
        "problems": st.lists(st.sampled_from([Problem(kind="leak", text=text) for text in "abc"]), unique=True),
    }
)


@given(data=st.data(), runs=st.lists(RUN, min_size=1, max_size=3))
@settings(max_examples=40)
def test_laws_of_merging(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, runs: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("merge")
    parts = [put(folder / f"r{number}", run=f"r{number}", **run) for number, run in enumerate(runs)]
    whole = join(*parts)
    assert join(*data.draw(st.permutations(parts))) == whole, "the order does not matter"
    assert refusals(written(folder / "whole", whole), required, NOW, SPEC) == [], "it holds"
    again = bundle.read(folder / "whole")
    for bundles in ((again,), (again, again), (again, *parts), (*parts, *parts)):
        assert join(*bundles).report == whole.report, "merging with what is in it changes nothing"
    for result in whole.report.results:
        for check in result.checks:
            assert check.outcome is newest(parts, result.requirement, check.name), "no better than the newest asked"
    if whole.report.exit_code == 0:
        assert all(c.outcome is Outcome.PASS for r in whole.report.results if r.decides for c in r.checks)


def newest(parts: list[Bundle], requirement: str, name: str) -> Outcome:
    """What the newest attempt that ran says; of those at one time, the worst."""
    checks = [
        check
        for part in parts
        for result in part.report.results
        if result.requirement == requirement
        for check in result.checks
        if check.name == name
    ]
    ran: list[tuple[dt.datetime, Attempt]] = [(a.at, a) for check in checks for a in check.attempts if a.evidence]
    latest = max((at for at, _ in ran), default=None)
    found = {attempt.outcome for at, attempt in ran if at == latest}
    if not found:
        return Outcome.UNVERIFIED if any(check.attempts for check in checks) else Outcome.NOT_RUN
    worst_first = [Outcome.ERROR, Outcome.FAIL, Outcome.UNVERIFIED, Outcome.PASS]
    return min(found, key=worst_first.index)
