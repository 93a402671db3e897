"""How conformance kits have lied, and that this one cannot: a test for each trap that verdicts can fall into.

Where each was seen stands next to it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.verdict import (
    Case,
    Judgement,
    Level,
    Outcome,
    Promise,
    Reason,
    SiteWord,
    Tried,
    Verdict,
    Waiver,
    count,
    exit_code,
    find,
    judge,
    site_word,
)

PASS = Tried(Outcome.PASS, assertions=1, evidence=1)
FAIL = Tried(Outcome.FAIL, assertions=1, evidence=1)
SKIPPED = Tried(Outcome.NOT_RUN)
TRIED = st.builds(
    Tried,
    outcome=st.sampled_from(Outcome),
    assertions=st.integers(0, 1),
    evidence=st.integers(0, 1),
    degraded=st.booleans(),
    fresh=st.booleans(),
)


def must(*tried: Tried, promise: Promise = Promise.PROMISED, waived: bool = False) -> Judgement:
    return judge(Case(promise, Level.MUST, tried, waived=waived))


def code(*judgements: Judgement, problems: bool = False, partial: bool = False) -> int:
    return exit_code(judgements, problems=problems, partial=partial)


def test_nothing_configured_is_no_pass() -> None:
    """NVIDIA/ai-cloud-validation #652."""
    assert site_word([]) is SiteWord.NOTHING_PROMISED
    assert code() == 101
    assert must().verdict is Verdict.ERROR


def test_parent_does_not_pass_when_all_its_checks_are_skipped() -> None:
    """NVIDIA/ai-cloud-validation #657."""
    assert must(SKIPPED, SKIPPED).verdict is Verdict.UNVERIFIED
    assert must(PASS, SKIPPED).verdict is Verdict.UNVERIFIED
    assert code(must(PASS, SKIPPED)) == 101


def test_summary_tells_what_happened_inside() -> None:
    """NVIDIA/ai-cloud-validation #656."""
    counts = asdict(count([must(PASS), must(FAIL), must(SKIPPED), must(PASS, promise=Promise.UNDECLARED)]))
    assert {name: number for name, number in counts.items() if number} == {
        "verified": 1,
        "broken": 1,
        "unverified": 1,
        "not_counted": 1,
    }


def test_hidden_by_the_provider_is_no_pass() -> None:
    """NVIDIA/ai-cloud-validation #552."""
    hidden = Tried(Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert must(hidden).verdict is Verdict.UNVERIFIED
    # Nor is it by calling it not applicable: that is not counted, and alone makes nobody conformant.
    away = judge(Case(Promise.PROMISED, Level.MUST, (), applicable=False))
    assert count([away]).verified == 0
    assert site_word([away]) is SiteWord.NOTHING_PROMISED


def test_claimed_feature_with_all_its_tests_skipped_is_not_ticked() -> None:
    """gateway-api PR #3651, #4945."""
    claimed = [must(PASS), must(SKIPPED, SKIPPED)]
    assert site_word(claimed) is SiteWord.NOT_DEMONSTRATED
    assert count(claimed).unverified == 1


@given(tried=st.lists(st.lists(TRIED, max_size=3), max_size=4), problems=st.booleans())
def test_partial_suite_is_never_certified(tried: list[list[Tried]], *, problems: bool) -> None:
    """cncf/k8s-conformance #759: 212 of 215."""
    judgements = [must(*checks) for checks in tried]
    assert exit_code(judgements, problems=problems, partial=True) != 0
    assert site_word(judgements, partial=True) not in {SiteWord.CONFORMANT, SiteWord.WITH_WAIVERS}


def test_0_passed_4842_skipped_is_no_success() -> None:
    """cncf/k8s-conformance PR #926."""
    skipped = [must(SKIPPED)] * 4842
    assert site_word(skipped) is SiteWord.NOT_DEMONSTRATED
    assert code(*skipped) == 101
    assert (count(skipped).verified, count(skipped).unverified) == (0, 4842)


def test_skips_are_neither_hidden_nor_passes() -> None:
    """opencontainers/distribution-spec #128; oneapi unified-runtime PR #1416."""
    some = [must(PASS), must(SKIPPED), must(SKIPPED)]
    assert (count(some).verified, count(some).unverified) == (1, 2)


def test_what_was_not_tested_for_years_is_not_verified() -> None:
    """array-api-tests #300, #413: skipped as flaky, and forgotten."""
    old = must(PASS, replace(PASS, fresh=False))
    assert (old.verdict, old.flags) == (Verdict.UNVERIFIED, ("stale",))
    assert must(replace(PASS, degraded=True)).verdict is Verdict.DEGRADED


def test_dry_run_passes_nothing() -> None:
    """Sonobuoy's end-to-end plugin reports what it would run as passed."""
    planned = [must(SKIPPED), must(SKIPPED, promise=Promise.BEST_EFFORT)]
    assert count(planned).verified == 0
    assert code(*planned) == 101


def test_fault_in_teardown_is_the_kits_and_poisons_no_verdict() -> None:
    """In predastore PR #118."""
    judgements = [must(PASS)]
    assert code(*judgements, problems=True) == 102
    assert count(judgements).verified == 1


EXPIRED = Waiver(
    id="W1",
    requirement="AF-BATCH-003",
    owner="batch team",
    reason="old controller",
    issue="https://tickets.example.org/17",
    granted=dt.date(2026, 1, 1),
    expires=dt.date(2026, 6, 17),
)


def test_expiry_is_the_day_that_was_written() -> None:
    """InSpec #5570 took 7 July for 1 January of that year."""
    assert find([EXPIRED], "AF-BATCH-003", "", dt.date(2026, 6, 17)) is EXPIRED
    assert find([EXPIRED], "AF-BATCH-003", "", dt.date(2026, 6, 18)) is None


def test_expired_waiver_says_so_with_its_own_date() -> None:
    """InSpec #5260 gave no message, or one with the wrong day, depending on whether the check was run."""
    assert EXPIRED.problem(dt.date(2026, 6, 18)) == "it expired on 2026-06-17"
    assert EXPIRED.problem(dt.date(2028, 1, 1)) == "it expired on 2026-06-17"


@given(st.lists(TRIED, max_size=3), st.dates(dt.date(2026, 6, 18)))
def test_expired_waiver_is_as_good_as_none(tried: list[Tried], day: dt.date) -> None:
    """chef/automate #4342: expired, and still shown as waived."""
    waived = find([EXPIRED], "AF-BATCH-003", "", day) is not None
    judgement = must(*tried, waived=waived)
    assert judgement == must(*tried)
    assert judgement.verdict is not Verdict.WAIVED


@given(st.lists(TRIED, min_size=1, max_size=3))
def test_gate_that_measured_nothing_is_not_green(tried: list[Tried]) -> None:
    """In pybroker PR #287."""
    for empty in (replace(PASS, assertions=0), replace(PASS, evidence=0)):
        judgement = must(*tried, empty)
        assert judgement.verdict is Verdict.ERROR
        assert "no_evidence" in judgement.flags


@given(st.lists(TRIED, max_size=3), st.sampled_from([Promise.PLANNED, Promise.NOT_PROMISED, Promise.UNDECLARED]))
def test_missing_features_do_not_bias_the_word(tried: list[Tried], promise: Promise) -> None:
    """web-platform-tests RFC 122, RFC 114: one score, biased by what nobody claimed."""
    other = must(*tried, promise=promise)
    assert site_word([must(PASS), other]) is SiteWord.CONFORMANT
    assert code(must(PASS), other) == 0
    assert count([must(PASS), other]).not_counted == 1


def test_central_fault_breaks_no_healthy_site() -> None:
    """HammerCloud excluded sites for faults of its own."""
    ours = must(Tried(Outcome.ERROR))
    assert ours.verdict is Verdict.ERROR
    assert site_word([must(PASS), ours]) is SiteWord.NOT_DEMONSTRATED
    assert code(must(PASS), ours) == 102
    # Also where something else is broken: a run that failed tells nothing of the site.
    assert code(must(FAIL), ours) == 102


@pytest.mark.parametrize("level", [Level.SHOULD, Level.MAY])
@given(tried=st.lists(TRIED, max_size=3))
def test_should_and_may_never_change_the_exit_code(level: Level, tried: list[Tried]) -> None:
    assert code(must(PASS), judge(Case(Promise.PROMISED, level, tuple(tried)))) == 0


@given(st.lists(TRIED, max_size=3), st.sampled_from([Promise.BEST_EFFORT, Promise.ON_REQUEST]))
def test_best_effort_and_on_request_never_change_the_exit_code(tried: list[Tried], promise: Promise) -> None:
    assert code(must(PASS), must(*tried, promise=promise)) == 0
    assert site_word([must(*tried, promise=promise)]) is SiteWord.NOTHING_PROMISED
