"""Strips of past runs: what was not asked stays a gap."""

from __future__ import annotations

import datetime as dt
import re

from hypothesis import given
from hypothesis import strategies as st
from unit.report import factory as make

from afspec.report.html import PastRun, faces, past
from afspec.report.html.strips import LENGTH, strips
from afspec.verdict import Outcome, Verdict

KEY = ("AF-BATCH-001", "slurm/roma")


def run(day: int, verdict: Verdict | None, site: str = "slac") -> PastRun:
    verdicts = {} if verdict is None else {KEY: verdict}
    return PastRun(site, "site", f"r-{day:03}", make.NOW + dt.timedelta(days=day), verdicts)


@given(st.lists(st.one_of(st.none(), st.sampled_from(Verdict)), max_size=40))
def test_strip_has_a_mark_for_each_of_the_last_runs(verdicts: list[Verdict | None]) -> None:
    strip = strips(run(day, verdict) for day, verdict in enumerate(verdicts))["slac"].strip(*KEY)
    glyphs = re.findall(r'<li class=\w+ title="[^"]*">(.)', strip.marks)
    assert glyphs == [faces.OF_VERDICT[v].glyph if v else faces.GAP.glyph for v in verdicts[-LENGTH:]]


def test_oldest_runs_leave_the_strip_first() -> None:
    verdicts = [Verdict.BROKEN] * 5 + [Verdict.VERIFIED] * LENGTH
    made = strips(run(day, verdict) for day, verdict in enumerate(verdicts))["slac"]
    assert made.strip(*KEY).summary == "last 30 runs: 30 verified"


def test_run_that_did_not_ask_is_a_gap_and_no_pass() -> None:
    strip = strips([run(0, Verdict.VERIFIED), run(1, None), run(2, Verdict.BROKEN)])["slac"].strip(*KEY)
    assert "class=gap" in strip.marks
    assert strip.marks.count("class=verified") == 1
    assert strip.summary == "last 3 runs: 1 verified, 1 not asked, 1 broken"


def test_runs_are_in_the_order_of_time_and_count_once() -> None:
    made = strips([run(2, Verdict.BROKEN), run(0, None), run(2, Verdict.VERIFIED)])["slac"]
    assert [past_run.run for past_run in made.runs] == ["r-000", "r-002"]
    assert "broken" not in made.strip(*KEY).summary


def test_site_without_past_has_an_empty_strip() -> None:
    strip = strips([])["slac"].strip(*KEY)
    assert (strip.marks, strip.summary) == ("", "no run is on record")


def test_history_of_a_report_leaves_out_what_was_not_run() -> None:
    silent = make.result(item="b", verdict=Verdict.UNVERIFIED, checks=[make.check(Outcome.NOT_RUN)])
    older = make.result(item="c", run="r-older")
    runs = [make.run(), make.run("r-older", partial=["-k x"])]
    newer, before = past(make.report(results=[make.result(), silent, older], runs=runs))
    assert newer.verdicts == {("AF-BATCH-001", ""): Verdict.VERIFIED}
    assert (before.verdicts, before.partial) == ({("AF-BATCH-001", "c"): Verdict.VERIFIED}, ("-k x",))
