"""What may be swept: this kit's own things, when their time is over; never anything else, whatever it is called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.conformance.toy import RUN, Box

from afspec.conformance import sweep
from afspec.conformance.run import TTL, Request, leftover, new_run_id
from afspec.conformance.trouble import UnreachableError

NOW = 1_795_000_000
OTHER = "feedbeef"
RUNS = st.text("0123456789abcdef", min_size=8, max_size=8)
TIMES = st.integers(0x10000000, 0xFFFFFFFF)


def name(run: str, expires: int) -> str:
    return f"afspec-{run}-{expires:x}"


@given(run=RUNS, expires=TIMES, more=st.just("") | st.text(max_size=20).map(lambda text: f"-{text}"))
def test_ours_is_swept_when_its_time_is_over_or_its_run_is_this_one(run: str, expires: int, more: str) -> None:
    assert leftover(name(run, expires) + more, RUN, NOW) is (run == RUN or expires < NOW)


@given(st.text(max_size=60))
@example("afspec-paper-2024")
@example("afspec-notes-1")
@example("afspec-0badcafe")
@example("afspec-0badcafe-")
@example("afspec-0badcafe-1_000_00")
@example("xafspec-0badcafe-10000000")
@example("afspec-0badcafe-10000000.txt")
@example("AFSPEC-0badcafe-10000000")
@example("afspec-deadbeef0-10000000")
def test_nothing_else_is_ever_swept(text: str) -> None:
    parts = text.split("-")
    ours = (
        len(parts) >= 3
        and parts[0] == "afspec"
        and all(len(part) == 8 and set(part) <= set("0123456789abcdef") for part in parts[1:3])
    )
    assert leftover(text, RUN, NOW) <= ours


def test_what_a_run_makes_now_is_ours_and_outlives_it() -> None:
    made = Request(site="toy", run=new_run_id(), work="", expires=NOW + TTL)
    for now, gone in ((NOW, False), (NOW + TTL, False), (NOW + TTL + 1, True)):
        assert leftover(f"{name(made.run, made.expires)}-0123456789abcdef", OTHER, now) is gone


def test_the_name_of_a_run_is_of_that_form(box: Box) -> None:
    assert leftover(f"{box().run.name}-0123456789abcdef", RUN, NOW)


def test_a_sweeper_that_gets_nowhere_stops_no_other(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[str] = []

    def lost(_: object) -> list[tuple[str, str]]:
        raise UnreachableError("no route")

    def left(_: object) -> list[tuple[str, str]]:
        swept.append("left")
        return [("job 7 of alice does not end", "scancel 7")]

    monkeypatch.setattr(sweep, "SWEEPERS", {"lost": lost, "left": left})
    toy = box()
    sweep.sweep(toy.run, toy.store)
    assert swept == ["left"]
    (problem,) = toy.store.problems()
    assert (problem.kind, problem.next) == ("cleanup", "scancel 7")
    assert "alice" not in problem.text


def test_two_sweepers_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SWEEPERS", {"sweep": sweep.sweep})

    def own(_: object) -> list[tuple[str, str]]:
        return []

    own.__name__ = "sweep"
    with pytest.raises(ValueError, match="two sweepers are called 'sweep'"):
        sweep.sweeper(own)
