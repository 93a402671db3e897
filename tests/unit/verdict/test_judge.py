"""From checks to a verdict: every single check against an oracle written here, then properties of many."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.verdict import Case, Level, Outcome, Promise, Proof, Reason, Tried, Verdict, judge

if TYPE_CHECKING:
    from random import Random

PASS = Tried(Outcome.PASS, assertions=1, evidence=1)
FAIL = Tried(Outcome.FAIL, assertions=1, evidence=1)
UNREACHABLE = Tried(Outcome.UNVERIFIED, Reason.UNREACHABLE)
OFFERED = {Promise.PROMISED, Promise.BEST_EFFORT, Promise.ON_REQUEST}
# From the best to the worst.
ORDER = ["verified", "waived", "degraded", "unverified", "broken", "error"]

TRIED = st.builds(
    Tried,
    outcome=st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(Reason),
    assertions=st.integers(0, 2),
    evidence=st.integers(0, 2),
    degraded=st.booleans(),
    fresh=st.booleans(),
    proof=st.sampled_from(Proof),
)
CASES = st.builds(
    Case,
    promise=st.sampled_from(Promise),
    level=st.sampled_from(Level),
    tried=st.lists(TRIED, max_size=4).map(tuple),
    applicable=st.booleans(),
    waived=st.booleans(),
)
OFFERS = CASES.filter(lambda case: case.applicable and case.promise in OFFERED)


def promised(*tried: Tried, waived: bool = False) -> Case:
    return Case(Promise.PROMISED, Level.MUST, tried, waived=waived)


def rank(tried: Tried, *, waived: bool) -> int:
    """How bad a check is for an offered promise: an index into ORDER."""
    if tried.outcome == "pass":
        if not (tried.assertions and tried.evidence):
            return 5
        return 3 if not tried.fresh else 2 if tried.degraded else 0
    return {"fail": 1 if waived else 4, "unverified": 3, "not_run": 3, "error": 5}[tried.outcome]


def test_every_single_check() -> None:
    both = (False, True)
    every = product(Promise, Level, Outcome, (0, 1), (0, 1), both, both, both, both)
    for promise, level, outcome, assertions, evidence, degraded, fresh, applicable, waived in every:
        tried = Tried(outcome, None, assertions, evidence, degraded, fresh)
        judgement = judge(Case(promise, level, (tried,), applicable, waived))
        if not applicable:
            assert (judgement.verdict, judgement.decides) == ("not_applicable", False)
        elif promise not in OFFERED:
            assert (judgement.verdict, judgement.decides) == ("not_promised", False)
        else:
            assert judgement.verdict == ORDER[rank(tried, waived=waived)]
            assert judgement.decides is (promise == "promised" and level == "MUST")


@given(OFFERS)
def test_instance_is_as_bad_as_its_worst_check(case: Case) -> None:
    ranks = [rank(tried, waived=case.waived) for tried in case.tried]
    assert judge(case).verdict == (ORDER[max(ranks)] if ranks else "error")


@given(OFFERS, st.data())
def test_worse_check_never_makes_a_better_verdict(case: Case, data: st.DataObject) -> None:
    if not case.tried:
        return
    index = data.draw(st.integers(0, len(case.tried) - 1))
    worse = data.draw(TRIED)
    old = case.tried[index]
    if rank(worse, waived=case.waived) < rank(old, waived=case.waived):
        old, worse = worse, old
    before = (*case.tried[:index], old, *case.tried[index + 1 :])
    after = (*case.tried[:index], worse, *case.tried[index + 1 :])
    first = judge(replace(case, tried=before)).verdict
    assert ORDER.index(judge(replace(case, tried=after)).verdict) >= ORDER.index(first)


@given(OFFERS, TRIED)
def test_another_check_never_makes_a_better_verdict(case: Case, more: Tried) -> None:
    if case.tried:
        before = ORDER.index(judge(case).verdict)
        assert ORDER.index(judge(replace(case, tried=(*case.tried, more))).verdict) >= before


@given(CASES, st.randoms())
def test_order_of_checks_does_not_matter(case: Case, random: Random) -> None:
    tried = list(case.tried)
    random.shuffle(tried)
    assert judge(replace(case, tried=tuple(tried))) == judge(case)


@given(CASES)
def test_only_a_promised_must_that_applies_decides(case: Case) -> None:
    assert judge(case).decides is (case.applicable and case.promise == "promised" and case.level == "MUST")


@given(CASES)
def test_what_is_verified_was_all_shown_and_is_fresh(case: Case) -> None:
    if judge(case).verdict in {"verified", "degraded"}:
        assert case.tried
        assert any(tried.outcome == "pass" for tried in case.tried)
        assert all(
            tried.outcome == "pass" and tried.assertions and tried.evidence and tried.fresh
            for tried in case.tried
            if tried.outcome != "fail" or not case.waived
        )


@given(CASES)
def test_reason_does_not_change_a_verdict(case: Case) -> None:
    without = replace(case, tried=tuple(replace(tried, reason=None) for tried in case.tried))
    assert judge(without) == judge(case)


@given(OFFERS)
def test_waiver_changes_failures_and_nothing_else(case: Case) -> None:
    waived = judge(replace(case, waived=True)).verdict
    plain = judge(replace(case, waived=False)).verdict
    if not any(tried.outcome == "fail" for tried in case.tried):
        assert waived == plain
    elif plain == "broken":
        assert waived in {"waived", "degraded", "unverified"}
    else:
        assert waived == plain == "error"


@pytest.mark.parametrize("promise", sorted(OFFERED))
@pytest.mark.parametrize("waived", [False, True])
def test_offer_without_a_check_is_the_kits_error(promise: Promise, *, waived: bool) -> None:
    assert judge(Case(promise, Level.MUST, (), waived=waived)).verdict is Verdict.ERROR


@pytest.mark.parametrize("promise", sorted(set(Promise) - OFFERED))
def test_working_without_a_promise_is_found_and_not_counted(promise: Promise) -> None:
    judgement = judge(Case(promise, Level.MUST, (PASS, PASS)))
    assert (judgement.verdict, judgement.decides) == (Verdict.NOT_PROMISED, False)
    assert judgement.flags == ("undeclared_found",)


@pytest.mark.parametrize(
    "tried",
    [
        (),
        (PASS, FAIL),
        (PASS, UNREACHABLE),
        (replace(PASS, evidence=0),),
        (replace(PASS, assertions=0),),
        (replace(PASS, fresh=False),),
    ],
)
def test_nothing_is_found_that_was_not_all_shown(tried: tuple[Tried, ...]) -> None:
    assert "undeclared_found" not in judge(Case(Promise.UNDECLARED, Level.MUST, tried)).flags


def test_what_is_offered_or_does_not_apply_is_not_found() -> None:
    assert judge(promised(PASS)).flags == ()
    assert judge(Case(Promise.UNDECLARED, Level.MUST, (PASS,), applicable=False)).flags == ()


def test_waiver_is_unneeded_only_where_all_is_verified() -> None:
    assert judge(promised(PASS, PASS, waived=True)).flags == ("waiver_unneeded",)
    for other in (FAIL, UNREACHABLE, replace(PASS, degraded=True), replace(PASS, evidence=0)):
        assert "waiver_unneeded" not in judge(promised(PASS, other, waived=True)).flags
    assert judge(promised(PASS)).flags == ()


def test_flags_say_why_a_pass_is_none() -> None:
    assert judge(promised(PASS, replace(PASS, fresh=False))).flags == ("stale",)
    assert judge(promised(PASS, replace(PASS, assertions=0))).flags == ("no_evidence",)
    assert judge(promised(replace(FAIL, fresh=False, evidence=0))).flags == ()


def test_what_was_read_is_told_from_what_was_tried() -> None:
    read = replace(PASS, proof=Proof.CONFIGURED)
    assert judge(promised(PASS, read)).flags == ("configured",)
    assert judge(promised(PASS, replace(FAIL, proof=Proof.CONFIGURED))).flags == ()
