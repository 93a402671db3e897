"""Asking: each check once, every end of a check has its word, one cause is named once, nothing is left behind."""

from __future__ import annotations

import datetime as dt
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from unit.conformance.toy import LEAF, ROOT, TOP, fails, passes, requirement

from afspec.conformance.credentials import ConsentGiven, Credentials, Downtime
from afspec.conformance.trouble import RefusedError, UnreachableError, UnverifiedError
from afspec.verdict import Outcome, Promise, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.conformance.toy import Box

    from afspec.conformance.probe import Probe

LOOK = {"name": "root"}, {"name": "leaf"}, {"name": "top"}
CHAIN = (
    requirement(ROOT, checks=LOOK[:1]),
    requirement(LEAF, ROOT, checks=LOOK[1:2]),
    requirement(TOP, LEAF, checks=LOOK[2:]),
)


def counting(calls: list[str], name: str, then: Callable[[Probe], None] = passes) -> Callable[[Probe], None]:
    def ask(probe: Probe) -> None:
        calls.append(name)
        then(probe)

    return ask


def raising(error: BaseException) -> Callable[[Probe], None]:
    def ask(probe: Probe) -> None:
        del probe
        raise error

    return ask


def test_a_check_is_asked_once_whoever_needs_it(box: Box) -> None:
    calls: list[str] = []
    toy = box(*CHAIN, asks={name: counting(calls, name) for name in ("root", "leaf", "top")})
    toy.told(TOP, "top")
    toy.told(LEAF, "leaf")
    toy.told(ROOT, "root")
    assert calls == ["root", "leaf", "top"]


@pytest.mark.parametrize(
    ("ask", "outcome", "reason", "text"),
    [
        (passes, Outcome.PASS, None, ""),
        (fails, Outcome.FAIL, None, "not so: a toy works: it squeaks"),
        (raising(RefusedError("port 1 refuses", "Open it.")), Outcome.FAIL, None, "port 1 refuses. Open it."),
        (raising(UnreachableError("no route")), Outcome.UNVERIFIED, Reason.UNREACHABLE, "no route"),
        (
            raising(UnverifiedError(Reason.QUEUE_WAIT_EXCEEDED, "it waits")),
            Outcome.UNVERIFIED,
            Reason.QUEUE_WAIT_EXCEEDED,
            "it waits",
        ),
        (raising(KeyError("job_id")), Outcome.ERROR, None, "KeyError: 'job_id'"),
        (raising(AssertionError("1 == 2")), Outcome.ERROR, None, "AssertionError: 1 == 2"),
    ],
)
def test_every_end_of_a_check_has_its_word(
    box: Box, ask: Callable[[Probe], None], outcome: Outcome, reason: Reason | None, text: str
) -> None:
    (attempt,) = box(asks={"asks": ask}).told().attempts
    assert (attempt.outcome, attempt.reason, attempt.text) == (outcome, reason, text)


def test_a_test_that_is_not_there_is_the_kits_own_fault(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = box()

    def lost(_: object) -> None:
        raise LookupError("test_toy.py has no test_asks")

    monkeypatch.setattr("afspec.conformance.execute.function_of", lost)
    assert toy.told().outcome is Outcome.ERROR
    assert toy.result().verdict is Verdict.ERROR


@pytest.mark.parametrize("claims", [False, True])
def test_a_check_that_claims_nothing_is_never_verified(box: Box, *, claims: bool) -> None:
    def ask(probe: Probe) -> None:
        if claims:
            passes(probe)

    toy = box(asks={"asks": ask})
    assert toy.told().outcome is Outcome.PASS
    assert toy.result().verdict is (Verdict.VERIFIED if claims else Verdict.ERROR)
    assert toy.report().exit_code == (0 if claims else 102)


def test_what_refuses_counts_as_a_claim_that_does_not_hold(box: Box) -> None:
    toy = box(asks={"asks": raising(RefusedError("port 1 refuses"))})
    (attempt,) = toy.told().attempts
    assert attempt.assertions == 1
    (data,) = toy.store.evidence_files().values()
    assert json.loads(data)["assertions"] == [{"what": "port 1 refuses", "passed": False}]
    assert toy.result().verdict is Verdict.BROKEN


def test_one_cause_is_named_once_and_the_chain_above_it_is_blocked(box: Box) -> None:
    calls: list[str] = []
    toy = box(*CHAIN, asks={"root": fails, "leaf": counting(calls, "leaf"), "top": counting(calls, "top")})
    for name, check in ((TOP, "top"), (LEAF, "leaf")):
        told = toy.told(name, check)
        assert (told.outcome, told.attempts[-1].reason, told.cause) == (Outcome.UNVERIFIED, Reason.BLOCKED_BY, ROOT)
    assert not calls
    report = toy.report()
    assert [(cause.id, cause.blocked) for cause in report.causes] == [(ROOT, 2)]
    assert [row.verdict for row in report.results] == [Verdict.BROKEN, Verdict.UNVERIFIED, Verdict.UNVERIFIED]


def test_what_dies_half_way_is_asked_again_and_becomes_the_cause(box: Box) -> None:
    alive = [True]

    def root(probe: Probe) -> None:
        probe.expect(alive[0], "the toy answers")

    def leaf(probe: Probe) -> None:
        alive[0] = False
        probe.expect(holds=False, claim="the toy squeaks")

    toy = box(*CHAIN, asks={"root": root, "leaf": leaf})
    assert toy.told(ROOT, "root").outcome is Outcome.PASS
    told = toy.told(LEAF, "leaf")
    # What was seen is kept, and is not what decides.
    assert [attempt.outcome for attempt in told.attempts] == [Outcome.FAIL, Outcome.UNVERIFIED]
    assert (told.attempts[-1].reason, told.cause) == (Reason.BLOCKED_BY, ROOT)
    after = toy.told(ROOT, "root")
    assert [attempt.outcome for attempt in after.attempts] == [Outcome.PASS, Outcome.FAIL]
    report = toy.report()
    assert [row.verdict for row in report.results[:2]] == [Verdict.BROKEN, Verdict.UNVERIFIED]
    assert [(cause.id, cause.blocked) for cause in report.causes] == [(ROOT, 1)]


def test_what_fails_while_all_below_it_lives_is_broken_itself(box: Box) -> None:
    toy = box(*CHAIN, asks={"leaf": fails})
    assert toy.told(LEAF, "leaf").outcome is Outcome.FAIL
    assert [attempt.outcome for attempt in toy.told(ROOT, "root").attempts] == [Outcome.PASS]
    assert toy.result(LEAF).verdict is Verdict.BROKEN
    assert toy.result(TOP).verdict is Verdict.UNVERIFIED
    assert not toy.report().causes


def test_retries_are_kept_and_a_pass_after_one_is_degraded(box: Box) -> None:
    left = [fails, fails, passes]

    def flaky(probe: Probe) -> None:
        left.pop(0)(probe)

    toy = box(requirement(checks=({"name": "asks", "retries": 2},)), asks={"asks": flaky})
    outcomes = [attempt.outcome for attempt in toy.told().attempts]
    assert outcomes == [Outcome.FAIL, Outcome.FAIL, Outcome.PASS]
    assert len(toy.store.evidence_files()) == 3
    assert toy.result().verdict is Verdict.DEGRADED


def test_without_retries_a_failure_stands(box: Box) -> None:
    toy = box(asks={"asks": fails})
    assert [attempt.outcome for attempt in toy.told().attempts] == [Outcome.FAIL]


def test_what_is_made_is_undone_the_last_first_however_the_check_ends(box: Box) -> None:
    undone: list[int] = []

    def ask(probe: Probe) -> None:
        for number in (1, 2, 3):
            probe.later(partial(undone.append, number), f"rm {number}")
        raise ZeroDivisionError

    assert box(asks={"asks": ask}).told().outcome is Outcome.ERROR
    assert undone == [3, 2, 1]


def test_what_cannot_be_undone_is_a_problem_of_its_own_with_the_command(box: Box) -> None:
    undone: list[str] = []

    def no() -> None:
        raise OSError("permission denied for alice")

    def ask(probe: Probe) -> None:
        probe.later(lambda: undone.append("first"), "rm first")
        probe.later(no, "rm /home/alice/second")
        passes(probe)

    toy = box(requirement(ROOT, checks=LOOK[:1]), requirement(LEAF, ROOT, checks=LOOK[1:2]), asks={"root": ask})
    assert toy.told(LEAF, "leaf").outcome is Outcome.PASS
    assert undone == ["first"]
    (problem,) = toy.store.problems()
    assert (problem.kind, problem.requirement) == ("cleanup", ROOT)
    assert "not cleaned up: permission denied for" in problem.text
    assert problem.next.startswith("rm /home/")
    # The user's name is not published.
    assert "alice" not in problem.text + problem.next
    # What the check saw of the site is not touched by it; the run as a whole is the kit's fault.
    report = toy.report()
    assert [row.verdict for row in report.results] == [Verdict.VERIFIED, Verdict.VERIFIED]
    assert report.exit_code == 102


def test_an_interrupt_cleans_up_and_leaves_the_check_unasked(box: Box) -> None:
    undone: list[str] = []

    def ask(probe: Probe) -> None:
        probe.later(lambda: undone.append("job"), "scancel 1")
        raise KeyboardInterrupt

    toy = box(asks={"asks": ask})
    with pytest.raises(KeyboardInterrupt):
        toy.told()
    assert undone == ["job"]
    row = toy.result()
    assert (row.checks[0].outcome, row.verdict) == (Outcome.NOT_RUN, Verdict.UNVERIFIED)
    assert not toy.report().problems


def test_its_time_is_over(box: Box) -> None:
    def ask(probe: Probe) -> None:
        probe.later(probe.remaining, "nothing")
        probe._deadline = time.monotonic()
        probe.remaining()

    toy = box(asks={"asks": ask})
    assert toy.told().attempts[-1].reason is Reason.BUDGET_EXHAUSTED
    # Cleaning up has time of its own.
    assert not toy.store.problems()


def test_jobs_and_bytes_beyond_the_budget_are_not_used(box: Box) -> None:
    sent: list[int] = []

    def ask(probe: Probe) -> None:
        for number in range(3):
            probe.spend(jobs=1)
            sent.append(number)

    toy = box(requirement(budget={"wall": "60 s", "jobs": 2}), asks={"asks": ask})
    assert toy.told().attempts[-1].reason is Reason.BUDGET_EXHAUSTED
    assert sent == [0, 1]


def test_the_budget_of_the_run_stops_what_it_does_not_allow(box: Box) -> None:
    two = [requirement(name, budget={"wall": "60 s", "jobs": 2}) for name in (ROOT, LEAF)]
    toy = box(*two, budget={"jobs": 3})
    assert toy.told(ROOT).outcome is Outcome.PASS
    assert toy.told(LEAF).attempts[-1].reason is Reason.BUDGET_EXHAUSTED


def test_the_time_of_the_run_stops_what_comes_after_it(box: Box) -> None:
    toy = box(budget={"wall": 0.0})
    assert toy.run.ends <= time.time()
    (attempt,) = toy.told().attempts
    assert (attempt.reason, attempt.text) == (Reason.BUDGET_EXHAUSTED, "the time that the run was given is over")


def test_the_time_of_the_run_bounds_a_check_that_has_more(box: Box) -> None:
    left: list[float] = []
    box(asks={"asks": lambda probe: left.append(probe.remaining())}, budget={"wall": 30.0}).told()
    assert left[0] <= 30


def test_bad_credentials_need_the_sites_consent(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afspec.conformance.execute._BAD_CREDENTIALS_EVERY", 0.0)
    asked = requirement(checks=({"name": "asks", "consent": "bad_credentials"},))
    calls: list[str] = []
    toy = box(asked, asks={"asks": counting(calls, "asked")})
    (attempt,) = toy.told().attempts
    assert (attempt.reason, calls) == (Reason.NO_CREDENTIALS, [])
    assert "the site has not agreed to bad credentials" in attempt.text
    given = {"bad_credentials": ConsentGiven(given_by="help desk", since=dt.date(2026, 11, 20))}
    agreed = box(asked, asks={"asks": counting(calls, "asked")}, credentials=Credentials(site="toy", consents=given))
    assert agreed.told().outcome is Outcome.PASS


@pytest.mark.parametrize(("capability", "hours", "held"), [("toys", 1, True), ("site", 1, True), ("toys", -1, False)])
def test_an_announced_downtime_is_its_own_word(box: Box, capability: str, hours: int, *, held: bool) -> None:
    start = dt.datetime.now(tz=dt.UTC) - dt.timedelta(hours=2)
    end = dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=hours)
    downtime = Downtime(capability=capability, start=start, end=end, notice="https://example.org/7")
    toy = box(asks={"asks": fails}, credentials=Credentials(site="toy", downtimes=(downtime,)))
    (attempt,) = toy.told().attempts
    assert (attempt.reason is Reason.DOWNTIME) is held
    assert ("https://example.org/7" in attempt.text) is held


def test_a_vantage_that_nobody_can_reach_is_one_cause_for_all(box: Box) -> None:
    both = [requirement(name, vantage="login") for name in (ROOT, LEAF)]
    toy = box(*both)
    for name in (ROOT, LEAF):
        assert toy.told(name).attempts[-1].reason is Reason.BLOCKED_BY
    (cause,) = toy.report().causes
    assert (cause.id, cause.reason, cause.blocked) == ("vantage login", Reason.NO_CREDENTIALS, 2)


@pytest.mark.parametrize(
    ("request_", "more", "text"),
    [
        ({"vantages": ("outside",)}, {}, "it is asked from the vantage session, which is not part of this run"),
        ({"max_safety": "observe"}, {"safety": "touch"}, "it needs --max-safety touch"),
        ({"max_safety": "touch"}, {"safety": "load"}, "it needs --max-safety load"),
    ],
)
def test_what_the_run_leaves_out_is_not_run_and_says_why(
    box: Box, request_: dict[str, Any], more: dict[str, Any], text: str
) -> None:
    toy = box(requirement(**more), asks={"asks": fails}, **request_)
    told = toy.told()
    assert (told.attempts, told.text) == ((), text)
    row = toy.result()
    assert (row.checks[0].outcome, row.checks[0].text, row.verdict) == (Outcome.NOT_RUN, text, Verdict.UNVERIFIED)


def test_what_this_place_lacks_by_its_nature_is_no_failure(box: Box) -> None:
    toy = box(asks={"asks": fails}, absent={"toys": "the miniature has no toys"})
    (attempt,) = toy.told().attempts
    assert (attempt.reason, attempt.text) == (Reason.PREREQUISITE_ABSENT, "the miniature has no toys")


@pytest.mark.parametrize(("seek", "asked"), [(False, 0), (True, 1)])
def test_what_was_not_promised_is_asked_only_where_it_is_sought(box: Box, *, seek: bool, asked: int) -> None:
    calls: list[str] = []
    toy = box(requirement(each="jobqueue", seek=seek), asks={"asks": counting(calls, "asked")})
    told = toy.told()
    assert len(calls) == asked == len(told.attempts)
    assert toy.result().promise is Promise.UNDECLARED
    assert toy.result().flags == (("undeclared_found",) if seek else ())


def test_secrets_and_users_are_in_nothing_that_is_written(box: Box) -> None:
    def ask(probe: Probe) -> None:
        token = probe.secret("hub_token")
        probe.run.hide("n17.internal.example")
        probe.note("job", f"{token} on n17.internal.example")
        probe.expect(holds=False, claim=f"alice's {token} works", found=f"alice {token} n17.internal.example")

    toy = box(asks={"asks": ask}, secrets={"hub_token": "canary-9d5ed678fe57bcca"})
    toy.told()
    written = toy.report().model_dump_json() + "".join(data.decode() for data in toy.store.evidence_files().values())
    for word in ("canary-9d5ed678fe57bcca", "alice", "n17.internal"):
        assert word not in written, word


def test_what_was_read_from_a_configuration_says_so(box: Box) -> None:
    def ask(probe: Probe) -> None:
        probe.configured("MaxTime of the partition")
        passes(probe)

    toy = box(asks={"asks": ask})
    toy.told()
    assert "configured" in toy.result().flags
    assert toy.report().summary.counts.configured == 1


def test_a_pass_that_is_not_a_full_one_is_degraded(box: Box) -> None:
    def ask(probe: Probe) -> None:
        passes(probe)
        probe.degraded("it took twice as long as promised to alice")

    toy = box(asks={"asks": ask})
    toy.told()
    (check,) = toy.result().checks
    assert (toy.result().verdict, check.degraded) == (
        Verdict.DEGRADED,
        (toy.run.clean("it took twice as long as promised to alice"),),
    )
