"""What a report is worth on the day that its pages are made."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from unit.report import factory as make

from afspec.report.html import faces
from afspec.report.html.today import seen, standing, waiver_state
from afspec.verdict import Outcome, Promise, Reason, SiteWord, Verdict

if TYPE_CHECKING:
    from afspec.report.model import WaiverRecord

LATER = make.NOW + dt.timedelta(days=2)


def test_every_verdict_has_a_face_of_its_own() -> None:
    shown = [faces.OF_VERDICT[verdict] for verdict in Verdict]
    assert len({(face.glyph, face.word) for face in shown}) == len(Verdict)
    assert set(faces.OF_WORD) == set(SiteWord)
    assert set(faces.STANCES) == set(Promise)


def test_faces_are_ordered_as_verdicts_are() -> None:
    ranks = [faces.OF_VERDICT[verdict].rank for verdict in Verdict]
    assert ranks == sorted(ranks)
    assert faces.worst([faces.VERIFIED, faces.STALE, faces.WAIVED]) is faces.STALE


def test_only_what_was_verified_looks_verified() -> None:
    kinds = [face.kind for face in faces.OF_VERDICT.values()] + [faces.STALE.kind, faces.NO_REPORT.kind, faces.GAP.kind]
    assert kinds.count("verified") == 1


@pytest.mark.parametrize("verdict", [Verdict.VERIFIED, Verdict.DEGRADED])
def test_proof_goes_stale_at_the_moment_that_it_names(verdict: Verdict) -> None:
    report = make.report(results=[make.result(verdict=verdict, fresh=make.DAY)])
    end = make.NOW + dt.timedelta(days=1)
    assert seen(report, end - dt.timedelta(seconds=1))[0].face is faces.OF_VERDICT[verdict]
    stale = seen(report, end)[0]
    assert stale.face is faces.STALE
    assert stale.note == f"was {verdict.value}; fresh until 2026-11-23"


def test_stale_in_the_report_is_stale_on_the_page() -> None:
    report = make.report(results=[make.result(verdict=Verdict.UNVERIFIED, flags=["stale"])])
    assert seen(report, make.NOW)[0].face is faces.STALE


def test_broken_does_not_heal_by_age() -> None:
    report = make.report(results=[make.result(verdict=Verdict.BROKEN, fresh=make.DAY)])
    assert seen(report, make.NOW + dt.timedelta(days=900))[0].face is faces.BROKEN


def test_configured_is_not_shown_as_demonstrated() -> None:
    report = make.report(results=[make.result(flags=["configured"])])
    shown = seen(report, make.NOW)[0]
    assert shown.face is faces.CONFIGURED
    assert shown.flags == []


@pytest.mark.parametrize(
    ("day", "face"),
    [
        (dt.date(2026, 11, 23), faces.WAIVED),
        (dt.date(2026, 11, 24), faces.WAIVED),
        (dt.date(2026, 11, 25), faces.BROKEN),
    ],
)
def test_waiver_covers_its_last_day_and_none_after(day: dt.date, face: faces.Face) -> None:
    report = make.report(
        results=[make.result(verdict=Verdict.WAIVED, waiver="W-1")],
        waivers=[make.waiver(expires=dt.date(2026, 11, 24))],
    )
    today = dt.datetime.combine(day, dt.time(12), dt.UTC)
    assert seen(report, today)[0].face is face


def test_expired_waiver_makes_the_site_non_conformant_and_says_what_was() -> None:
    results = [make.result(verdict=Verdict.WAIVED, waiver="W-1"), make.result(item="other")]
    report = make.report(results=results, waivers=[make.waiver(expires=dt.date(2026, 11, 23))])
    assert report.summary.word is SiteWord.WITH_WAIVERS
    now = standing(report, seen(report, LATER))
    assert (now.word, now.was) == ("non-conformant", "conformant with waivers on 2026-11-22")
    assert seen(report, LATER)[0].note == "its waiver W-1 is expired on 2026-11-23: covers nothing"


@pytest.mark.parametrize("waivers", [[], [make.waiver(valid=False, problem="no owner")]])
def test_waived_without_a_valid_waiver_is_broken(waivers: list[WaiverRecord]) -> None:
    report = make.report(results=[make.result(verdict=Verdict.WAIVED, waiver="W-1")], waivers=waivers)
    assert seen(report, make.NOW)[0].face is faces.BROKEN


def test_waiver_says_why_it_does_not_hold() -> None:
    assert waiver_state(make.waiver(), make.NOW) == "valid until 2027-01-31"
    assert waiver_state(make.waiver(valid=False, problem="no owner"), make.NOW) == "not valid: no owner"
    # An expired one says so whatever the report thought of it when it was made.
    assert waiver_state(make.waiver(expires=dt.date(2026, 11, 21)), make.NOW).startswith("expired on 2026-11-21")


def test_site_is_not_demonstrated_once_a_proof_is_stale() -> None:
    report = make.report(results=[make.result(fresh=make.DAY), make.result(item="b")])
    now = standing(report, seen(report, LATER))
    assert (now.word, now.counts, now.was) == ("not demonstrated", "1 verified, 1 stale", "conformant on 2026-11-22")


def test_stale_proof_does_not_hide_that_something_is_broken() -> None:
    report = make.report(results=[make.result(fresh=make.DAY), make.result(item="b", verdict=Verdict.BROKEN)])
    assert standing(report, seen(report, LATER)).word == "non-conformant"


def test_what_decides_nothing_takes_no_word_away() -> None:
    report = make.report(results=[make.result(), make.result(item="b", decides=False, fresh=make.DAY)])
    now = standing(report, seen(report, LATER))
    assert (now.word, now.counts, now.was) == ("conformant", "1 verified, 1 not counted", "")


def test_word_of_a_profile_is_lost_by_anything_that_is_lost() -> None:
    results = [make.result(promise=Promise.BEST_EFFORT, fresh=make.DAY)]
    report = make.report(results=results, profile="agc-ready").model_copy(
        update={"summary": make.summary([make.result()], "agc-ready")}
    )
    assert standing(report, seen(report, make.NOW)).word == "conformant"
    assert standing(report, seen(report, LATER)).word == "not demonstrated"


def test_reason_names_the_cause() -> None:
    blocked = make.check(Outcome.UNVERIFIED, reason=Reason.BLOCKED_BY, cause="C-1")
    report = make.report(results=[make.result(verdict=Verdict.UNVERIFIED, checks=[blocked])], causes=[make.cause()])
    assert seen(report, make.NOW)[0].reason == "login/ssh: unreachable"
    assert seen(report.model_copy(update={"causes": ()}), make.NOW)[0].reason == "blocked by"


def test_what_was_not_run_says_so() -> None:
    checks = [make.check(Outcome.NOT_RUN)]
    report = make.report(results=[make.result(verdict=Verdict.UNVERIFIED, checks=checks)])
    assert seen(report, make.NOW)[0].reason == "not run"
