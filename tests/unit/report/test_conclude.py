"""What follows from the outcomes in a report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from report_support import DAY, NOW, PROFILES, SHA, attempt, check, only, report, result, row, run, waiver

from afspec.report.conclude import conclude, differences
from afspec.report.model import (
    Cause,
    Counts,
    EvidenceRef,
    Problem,
    Run,
    Summary,
)
from afspec.verdict import Proof, Reason, SiteWord, Verdict


class TestResult:
    """What follows for one instance."""

    def test_verified(self) -> None:
        found = only(check(attempt()))
        assert (found.verdict, found.decides, found.flags, found.waiver) == (Verdict.VERIFIED, True, (), None)
        assert found.at == NOW - dt.timedelta(hours=1)
        assert found.fresh_until == NOW + dt.timedelta(days=7, hours=-1)

    def test_ages_count_from_the_end_of_the_oldest_last_attempt(self) -> None:
        found = only(
            check(attempt(age=9 * DAY), attempt(age=DAY)),
            check(attempt(age=2 * DAY), name="ends"),
            check(name="waits"),
            requirements=(row(checks=("runs", "ends", "waits")),),
        )
        assert found.at == NOW - dt.timedelta(days=2)

    def test_never_tried_has_no_age(self) -> None:
        found = only(check())
        assert (found.at, found.fresh_until, found.verdict) == (None, None, Verdict.UNVERIFIED)

    @pytest.mark.parametrize(
        ("age", "verdict"),
        [(7 * DAY, "verified"), (7 * DAY + 1, "unverified"), (-300, "verified"), (-301, "unverified")],
    )
    def test_fresh_is_neither_too_old_nor_from_the_future(self, age: float, verdict: str) -> None:
        found = only(check(attempt(age=age)))
        assert found.verdict == verdict
        assert found.flags == (("stale",) if verdict == "unverified" else ())

    def test_failure_does_not_age_into_something_better(self) -> None:
        assert only(check(attempt("fail", age=30 * DAY))).verdict is Verdict.BROKEN

    @pytest.mark.parametrize(
        "less",
        [
            {"assertions": 0},
            {"evidence": ()},
            {"evidence": (EvidenceRef(file="evidence/empty", sha256=SHA, bytes=0),)},
        ],
    )
    def test_pass_that_shows_nothing_is_the_kits_error(self, less: dict[str, Any]) -> None:
        """In pybroker PR #287 a gate that measured nothing stayed green."""
        found = only(check(attempt(), attempt(**less)))
        assert (found.verdict, found.flags) == (Verdict.ERROR, ("no_evidence",))

    def test_claims_of_earlier_attempts_do_not_count(self) -> None:
        draft = check(attempt(assertions=5), attempt(assertions=2)).model_copy(update={"assertions": 7})
        assert only(draft).checks[0].assertions == 2

    def test_excluded_check_does_not_vanish(self) -> None:
        """NVIDIA/ai-cloud-validation #653, #654, #655."""
        two = (row(checks=("runs", "ends")),)
        assert only(check(attempt()), requirements=two).verdict is Verdict.UNVERIFIED
        assert only(requirements=two).verdict is Verdict.ERROR

    def test_what_was_read_is_flagged_and_counted(self) -> None:
        concluded = conclude(report(result(check(attempt(), proof=Proof.CONFIGURED))), PROFILES)
        assert concluded.results[0].flags == ("configured",)
        assert (concluded.summary.counts.verified, concluded.summary.counts.configured) == (1, 1)

    def test_moment_without_a_zone_is_in_utc(self) -> None:
        bare = attempt().model_copy(update={"at": attempt().at.replace(tzinfo=None)})
        concluded = conclude(report(result(check(bare)), generated=NOW.replace(tzinfo=None)), PROFILES)
        assert concluded.results[0].at == NOW - dt.timedelta(hours=1)

    @pytest.mark.parametrize("seconds", [1e300, -1e300])
    def test_absurd_duration_is_no_fresh_proof(self, seconds: float) -> None:
        found = only(check(attempt(seconds=seconds)))
        assert found.verdict is Verdict.UNVERIFIED


class TestWaivers:
    """Waivers are judged again on the day of the report, in UTC."""

    def test_covers_a_failure(self) -> None:
        concluded = conclude(report(result(check(attempt("fail"))), waivers=(waiver(),)), PROFILES)
        assert (concluded.results[0].verdict, concluded.results[0].waiver) == (Verdict.WAIVED, "W1")
        assert concluded.waivers[0].valid
        assert concluded.summary.word is SiteWord.WITH_WAIVERS
        assert concluded.exit_code == 0

    @pytest.mark.parametrize(
        ("moment", "valid"), [("2026-06-30T23:59:59Z", True), ("2026-07-01T00:00:00Z", False), ("2026-05-31Z", False)]
    )
    def test_holds_through_its_last_day(self, moment: str, *, valid: bool) -> None:
        now = dt.datetime.fromisoformat(moment.replace("31Z", "31T23:59:59Z"))
        failed = result(check(attempt("fail")))
        concluded = conclude(report(failed, waivers=(waiver(),), generated=now), PROFILES)
        assert concluded.waivers[0].valid is valid
        assert concluded.results[0].verdict == ("waived" if valid else "broken")

    def test_zone_of_the_report_does_not_make_it_longer(self) -> None:
        """At 20:00 on the last day, eight hours west, it is the next day in UTC."""
        west = dt.datetime(2026, 6, 30, 20, tzinfo=dt.timezone(dt.timedelta(hours=-8)))
        concluded = conclude(report(result(check(attempt("fail"))), waivers=(waiver(),), generated=west), PROFILES)
        assert concluded.results[0].verdict is Verdict.BROKEN

    def test_expired_waiver_is_not_shown_as_waived(self) -> None:
        """chef/automate #4342: also where the report says that it is valid."""
        old = waiver(granted=dt.date(2026, 1, 1), expires=dt.date(2026, 6, 29), valid=True)
        failed = result(check(attempt("fail")), verdict="waived", waiver="W1")
        concluded = conclude(report(failed, waivers=(old,)), PROFILES)
        assert (concluded.results[0].verdict, concluded.results[0].waiver) == (Verdict.BROKEN, None)
        assert (concluded.waivers[0].valid, concluded.waivers[0].problem) == (False, "it expired on 2026-06-29")
        assert concluded.exit_code == 100
        without = conclude(report(failed), PROFILES)
        assert (without.results, without.summary) == (concluded.results, concluded.summary)

    def test_waived_check_that_passes_is_flagged(self) -> None:
        assert only(check(attempt()), waivers=(waiver(),)).flags == ("waiver_unneeded",)

    def test_waiver_of_another_instance_does_not_cover(self) -> None:
        assert only(check(attempt("fail")), waivers=(waiver(item="slurm/milano"),)).verdict is Verdict.BROKEN


class TestSummaries:
    """The words of the site and of profiles, their counts, and the exit code."""

    def test_only_promised_musts_decide(self) -> None:
        failed = check(attempt("fail"))
        concluded = conclude(
            report(
                result(check(attempt())),
                result(failed, item="slurm/milano", promise="best_effort"),
                result(failed, requirement="AF-GPU-001"),
                result(failed, requirement="AF-DASK-001", promise="undeclared"),
            ),
            {},
        )
        assert (concluded.summary.word, concluded.exit_code) == (SiteWord.CONFORMANT, 0)
        assert concluded.summary.counts == Counts(verified=1, not_counted=3)
        assert [one.decides for one in concluded.results] == [True, False, False, False]

    def test_profile_asks_for_what_it_needs_whatever_was_promised(self) -> None:
        concluded = conclude(
            report(
                result(check(attempt())),
                result(check(attempt("fail")), requirement="AF-DASK-001", promise="not_promised"),
            ),
            PROFILES,
        )
        assert concluded.summary.word is SiteWord.CONFORMANT
        assert [summary.name for summary in concluded.profiles] == ["agc-ready", "nothing"]
        assert concluded.profiles[0].word is SiteWord.NON_CONFORMANT
        assert concluded.profiles[0].counts == Counts(verified=1, broken=1)
        assert concluded.profiles[1] == Summary(name="nothing", word=SiteWord.NOTHING_PROMISED, counts=Counts())
        assert concluded.results[1].verdict is Verdict.NOT_PROMISED
        assert concluded.exit_code == 0

    def test_profile_with_nothing_applicable_is_never_conformant(self) -> None:
        away = result(requirement="AF-DASK-001", applicable=False, context="no Dask")
        concluded = conclude(report(away, profile="agc-ready"), PROFILES)
        assert concluded.summary.word is SiteWord.NOTHING_PROMISED
        assert concluded.summary.counts == Counts(not_counted=1)
        assert concluded.exit_code == 101

    def test_report_of_a_profile_has_its_word_and_exit_code_alone(self) -> None:
        concluded = conclude(
            report(
                result(check(attempt("fail")), promise="planned"),
                result(check(attempt("error")), requirement="AF-GPU-001"),
                profile="agc-ready",
            ),
            PROFILES,
        )
        assert concluded.summary.name == "agc-ready"
        assert concluded.summary.word is SiteWord.NON_CONFORMANT
        assert concluded.profiles == (concluded.summary,)
        assert concluded.exit_code == 100

    def test_unknown_profile_is_refused_by_name(self) -> None:
        draft = report(profile="agc")
        with pytest.raises(ValueError, match="profile agc: there is none of this name; known: agc-ready, nothing"):
            conclude(draft, PROFILES)
        assert differences(draft, {}) == ["profile agc: there is none of this name; known: none"]

    @pytest.mark.parametrize("runs", [(), (run("-k slurm"),), (run(), run("interrupted"))])
    def test_partial_suite_is_never_certified(self, runs: tuple[Run, ...]) -> None:
        """cncf/k8s-conformance #759: 212 of 215."""
        concluded = conclude(report(result(check(attempt())), runs=runs), PROFILES)
        assert concluded.exit_code == 101
        assert concluded.summary.word is SiteWord.NOT_DEMONSTRATED
        assert concluded.profiles[0].word is SiteWord.NOT_DEMONSTRATED
        assert concluded.summary.counts.verified == 1

    def test_fault_in_teardown_is_the_kits_and_poisons_no_verdict(self) -> None:
        """In predastore PR #118."""
        left = Problem(kind="cleanup", text="a job is left", next="scancel 17")
        concluded = conclude(report(result(check(attempt())), problems=(left,)), PROFILES)
        assert concluded.exit_code == 102
        assert concluded.results[0].verdict is Verdict.VERIFIED

    def test_unreachable_host_is_one_cause_of_many(self) -> None:
        """pytest-testinfra #449: as many tracebacks as tests."""
        cause = Cause(id="c1", target="batch/slurm", reason=Reason.UNREACHABLE, text="no route", at=NOW, blocked=99)
        other = cause.model_copy(update={"id": "c2"})
        results = [result(check(cause="c1"), item=f"slurm/{n}") for n in range(5)]
        concluded = conclude(report(*results, result(check(attempt())), causes=(cause, other)), PROFILES)
        assert [found.blocked for found in concluded.causes] == [5, 0]
        assert concluded.summary.counts == Counts(verified=1, unverified=5)

    def test_dry_run_passes_nothing(self) -> None:
        """Sonobuoy's end-to-end plugin reports what it would run as passed."""
        concluded = conclude(report(result(check()), runs=(run("--plan"),)), PROFILES)
        assert concluded.summary == Summary(name="", word=SiteWord.NOT_DEMONSTRATED, counts=Counts(unverified=1))
        assert concluded.exit_code == 101

    def test_report_of_nothing_is_no_success(self) -> None:
        """NVIDIA/ai-cloud-validation #652."""
        concluded = conclude(report(), PROFILES)
        assert (concluded.summary.word, concluded.exit_code) == (SiteWord.NOTHING_PROMISED, 101)
