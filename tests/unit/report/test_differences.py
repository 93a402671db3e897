"""Where a report does not say what follows from its outcomes; and what holds of every report."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import DAY, ITEM, NOW, PROFILES, SHOWN, attempt, check, report, result, row, run, waiver

from afspec.report.conclude import conclude, differences
from afspec.report.model import (
    Attempt,
    Cause,
    CheckResult,
    Counts,
    Problem,
    Report,
    Summary,
)
from afspec.verdict import Outcome, Promise, Proof, Reason, SiteWord, Verdict

if TYPE_CHECKING:
    from random import Random

TRIED = "tried; what follows is not_run, or unverified with a cause"


class TestDifferences:
    """A line for each thing that does not follow, and none where all does."""

    def test_sound_report_has_none(self) -> None:
        assert differences(conclude(report(result(check(attempt()))), PROFILES), PROFILES) == []

    def test_verdict_that_was_made_better(self) -> None:
        sound = conclude(report(result(check(attempt("fail")))), PROFILES)
        forged = sound.model_copy(update={"results": (result(*sound.results[0].checks),)})
        lines = differences(forged, PROFILES)
        assert f"AF-BATCH-001 {ITEM}: verdict says verified; what follows is broken" in lines

    @pytest.mark.parametrize(
        ("lie", "line"),
        [
            ({"verdict": Verdict.WAIVED}, "verdict says waived; what follows is verified"),
            ({"decides": False}, "decides says False; what follows is True"),
            ({"flags": ("stale", "configured")}, "flags says stale, configured; what follows is nothing"),
            ({"waiver": "W1"}, "waiver says W1; what follows is nothing"),
            ({"at": NOW}, "at says 2026-06-30T12:00:00+00:00; what follows is 2026-06-30T11:00:00+00:00"),
            ({"fresh_until": None}, "fresh_until says nothing; what follows is 2026-07-07T11:00:00+00:00"),
        ],
    )
    def test_each_derived_fact_has_a_line_of_its_own(self, lie: dict[str, Any], line: str) -> None:
        sound = conclude(report(result(check(attempt()))), PROFILES)
        forged = sound.model_copy(update={"results": (sound.results[0].model_copy(update=lie),)})
        assert differences(forged, PROFILES) == [f"AF-BATCH-001 {ITEM}: {line}"]

    def test_check_that_claims_more_than_its_last_attempt(self) -> None:
        sound = conclude(report(result(check(attempt()))), PROFILES)
        more = sound.results[0].checks[0].model_copy(update={"assertions": 99})
        forged = sound.model_copy(update={"results": (sound.results[0].model_copy(update={"checks": (more,)}),)})
        line = f"AF-BATCH-001 {ITEM}: check runs: assertions says 99; what follows is 1"
        assert differences(forged, PROFILES) == [line]

    def test_word_counts_and_exit_code(self) -> None:
        sound = conclude(report(result(check(attempt("fail")), item="")), PROFILES)
        summary = Summary(name="", word=SiteWord.CONFORMANT, counts=Counts(verified=1))
        forged = sound.model_copy(update={"summary": summary, "exit_code": 0})
        assert differences(forged, PROFILES) == [
            "the report: word says conformant; what follows is non-conformant",
            "the report: count of verified says 1; what follows is 0",
            "the report: count of broken says 0; what follows is 1",
            "the report: exit_code says 0; what follows is 100",
        ]

    def test_profile_that_was_left_out_or_invented(self) -> None:
        sound = conclude(report(result(check(attempt()))), PROFILES)
        trimmed = sound.model_copy(update={"profiles": sound.profiles[1:]})
        assert differences(trimmed, PROFILES) == [
            "the report: profiles says nothing; what follows is agc-ready, nothing"
        ]

    @pytest.mark.parametrize(
        ("attempts", "said", "line"),
        [
            (
                (attempt("fail"),),
                {"outcome": Outcome.PASS},
                "says pass; its last attempt says fail",
            ),
            (
                (attempt("unverified", reason="unreachable"),),
                {"reason": Reason.DOWNTIME},
                "says unverified (downtime); its last attempt says unverified (unreachable)",
            ),
            (
                (attempt("fail"),),
                {"outcome": Outcome.UNVERIFIED, "reason": Reason.DOWNTIME},
                "says unverified (downtime); its last attempt says fail",
            ),
            ((attempt("fail"), attempt()), {"degraded": ()}, "says a full pass; it passed when tried again"),
            (
                (),
                {"outcome": Outcome.PASS},
                f"says pass, but was never {TRIED}",
            ),
            (
                (),
                {"outcome": Outcome.UNVERIFIED, "reason": Reason.NO_CREDENTIALS},
                f"says unverified (no_credentials), but was never {TRIED}",
            ),
        ],
    )
    def test_check_that_does_not_follow_from_its_attempts(
        self, attempts: tuple[Attempt, ...], said: dict[str, Any], line: str
    ) -> None:
        sound = check(*attempts)
        assert differences(conclude(report(result(sound)), PROFILES), PROFILES) == []
        forged = conclude(report(result(sound.model_copy(update=said))), PROFILES)
        assert differences(forged, PROFILES) == [f"AF-BATCH-001 {ITEM}: check runs {line}"]

    def test_cause_must_be_in_the_report(self) -> None:
        cause = Cause(id="c1", target="batch/slurm", reason=Reason.UNREACHABLE, text="no route", at=NOW)
        blocked = result(check(cause="c1"), check(attempt("fail"), cause="c1", name="ends"))
        rows = (row(checks=("runs", "ends")),)
        assert differences(conclude(report(blocked, causes=(cause,), requirements=rows), PROFILES), PROFILES) == []
        assert differences(conclude(report(blocked, requirements=rows), PROFILES), PROFILES) == [
            f"AF-BATCH-001 {ITEM}: check runs names cause c1, which the report does not list",
            f"AF-BATCH-001 {ITEM}: check ends names cause c1, which the report does not list",
        ]

    @pytest.mark.parametrize(
        ("checks", "line"),
        [
            ((), "check runs is missing"),
            ((check(attempt()), check(attempt(), name="else")), "check else is none of the requirement's"),
            ((check(attempt()), check(attempt())), "check runs is there 2 times"),
        ],
    )
    def test_checks_are_those_of_the_requirement(self, checks: tuple[CheckResult, ...], line: str) -> None:
        forged = conclude(report(result(*checks)), PROFILES)
        assert differences(forged, PROFILES) == [f"AF-BATCH-001 {ITEM}: {line}"]

    @pytest.mark.parametrize("fact", [{"promise": "undeclared"}, {"applicable": False}])
    def test_what_is_not_offered_need_not_be_tried(self, fact: dict[str, Any]) -> None:
        assert differences(conclude(report(result(**fact)), PROFILES), PROFILES) == []

    def test_instance_or_requirement_that_is_there_twice(self) -> None:
        one = result(check(attempt()))
        twice = conclude(report(one, one, requirements=(row(), row(level="MAY"))), PROFILES)
        assert differences(twice, PROFILES) == [
            "AF-BATCH-001: the report lists it 2 times",
            f"AF-BATCH-001 {ITEM}: the report has 2 results of it",
        ]

    def test_requirement_that_the_report_does_not_list(self) -> None:
        draft = report(result(check(attempt()), requirement="AF-REANA-001", item=""))
        line = "AF-REANA-001 site: the report does not list this requirement"
        assert differences(draft, PROFILES) == [line]
        with pytest.raises(ValueError, match=line):
            conclude(draft, PROFILES)

    def test_run_that_was_taken_out(self) -> None:
        forged = conclude(report(result(check(attempt()), run="r2")), PROFILES)
        assert differences(forged, PROFILES) == [
            f"AF-BATCH-001 {ITEM}: comes from run r2, which the report does not list"
        ]

    def test_waiver_and_cause_that_say_otherwise(self) -> None:
        cause = Cause(id="c1", target="batch/slurm", reason=Reason.UNREACHABLE, text="no route", at=NOW)
        sound = conclude(report(result(check(cause="c1")), causes=(cause,), waivers=(waiver(owner=" "),)), PROFILES)
        forged = sound.model_copy(update={"causes": (cause,), "waivers": (waiver(owner=" ", valid=True),)})
        assert differences(forged, PROFILES) == [
            "waiver W1: valid says True; what follows is False",
            "waiver W1: problem says nothing; what follows is it has no owner",
            "cause c1: blocked says 0; what follows is 1",
        ]


ATTEMPTS = st.builds(
    attempt,
    st.sampled_from([outcome.value for outcome in Outcome if outcome is not Outcome.NOT_RUN]),
    st.sampled_from([0.0, DAY, 7 * DAY, 8 * DAY, -DAY]),
    assertions=st.integers(0, 2),
    evidence=st.sampled_from([(), SHOWN]),
)
CHECKS = st.builds(
    lambda attempts, cause, proof, degraded: check(*attempts, cause=cause, proof=proof, degraded=degraded),
    st.lists(ATTEMPTS, max_size=3),
    st.sampled_from([None, None, "c1"]),
    st.sampled_from(Proof),
    st.sampled_from([(), ("slow",)]),
)
RESULTS = st.builds(
    lambda checks, requirement, **facts: result(*checks, requirement=requirement, **facts),
    CHECKS.map(lambda one: [one]),
    st.sampled_from(["AF-BATCH-001", "AF-DASK-001", "AF-GPU-001"]),
    item=st.sampled_from(["", "a", "b", "c"]),
    promise=st.sampled_from(Promise),
    applicable=st.booleans(),
    verdict=st.sampled_from(Verdict),
    decides=st.booleans(),
    flags=st.sampled_from([(), ("stale",)]),
    waiver=st.sampled_from([None, "W1", "W9"]),
)
CAUSE = Cause(id="c1", target="batch/slurm", reason=Reason.UNREACHABLE, text="no route", at=NOW)
WAIVERS = st.builds(
    waiver,
    item=st.sampled_from(["*", "a"]),
    expires=st.sampled_from([dt.date(2026, 6, 29), dt.date(2026, 6, 30), dt.date(2027, 6, 30)]),
    valid=st.booleans(),
)
REPORTS = st.builds(
    lambda results, **facts: report(*results, causes=(CAUSE,), **facts),
    st.lists(RESULTS, max_size=5, unique_by=lambda one: (one.requirement, one.item)),
    waivers=st.lists(WAIVERS, max_size=2).map(tuple),
    runs=st.sampled_from([(run(),), (run(), run("interrupted"))]),
    profile=st.sampled_from([None, None, "agc-ready"]),
    problems=st.sampled_from([(), (Problem(kind="crash", text="a worker died"),)]),
)


class TestProperties:
    """What holds of every report."""

    @given(REPORTS)
    def test_concluded_report_is_left_as_it_is(self, draft: Report) -> None:
        concluded = conclude(draft, PROFILES)
        assert conclude(concluded, PROFILES) == concluded
        assert differences(concluded, PROFILES) == []

    @given(REPORTS)
    def test_concluded_report_fits_the_form_and_survives_it(self, draft: Report) -> None:
        concluded = conclude(draft, PROFILES)
        read = Report.model_validate_json(concluded.model_dump_json())
        assert read == concluded
        assert differences(read, PROFILES) == []

    @given(REPORTS)
    def test_every_lie_has_a_line(self, draft: Report) -> None:
        lies = draft != conclude(draft, PROFILES)
        assert bool(differences(draft, PROFILES)) is lies

    @given(draft=REPORTS, verdict=st.sampled_from(Verdict), decides=st.booleans())
    def test_what_was_said_of_a_verdict_does_not_matter(
        self, draft: Report, verdict: Verdict, *, decides: bool
    ) -> None:
        said = {"verdict": verdict, "decides": decides, "flags": ("stale",), "waiver": "W7", "at": NOW}
        forged = draft.model_copy(update={"results": tuple(one.model_copy(update=said) for one in draft.results)})
        assert conclude(forged, PROFILES) == conclude(draft, PROFILES)

    @given(REPORTS, st.randoms())
    def test_order_of_instances_does_not_matter(self, draft: Report, random: Random) -> None:
        results = list(draft.results)
        random.shuffle(results)
        one = conclude(draft, PROFILES)
        other = conclude(draft.model_copy(update={"results": tuple(results)}), PROFILES)
        assert (one.summary, one.profiles, one.exit_code) == (other.summary, other.profiles, other.exit_code)
        assert {(r.requirement, r.item): r for r in one.results} == {(r.requirement, r.item): r for r in other.results}

    @given(REPORTS)
    def test_exit_code_0_is_conformant_whole_and_without_problems(self, draft: Report) -> None:
        concluded = conclude(draft, PROFILES)
        if concluded.exit_code == 0:
            assert concluded.summary.word in {SiteWord.CONFORMANT, SiteWord.WITH_WAIVERS}
            assert not any(one.partial for one in concluded.runs)
            assert not concluded.problems
            counts = concluded.summary.counts
            assert counts.verified + counts.waived > 0
            assert (counts.broken, counts.error, counts.unverified, counts.degraded) == (0, 0, 0, 0)
