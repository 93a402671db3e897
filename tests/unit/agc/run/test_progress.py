"""What is shown while a run lasts."""

from __future__ import annotations

import io

import pytest

from afspec.agc.run.progress import Shown, duration, hertz


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = Shown(stream, clock=clock)
    shown.begin(1000, 0)
    for _ in range(25):
        clock.now += 1
        shown.advance(10, 0)
    shown.end()
    assert stream.getvalue().splitlines() == [
        "10%  100 of 1,000 events processed, 10 Hz, 1 min 30 s left",
        "20%  200 of 1,000 events processed, 10 Hz, 1 min 20 s left",
    ]


def test_a_bar_on_a_terminal_that_leaves_nothing() -> None:
    stream, clock = Terminal(), Clock()
    shown = Shown(stream, clock=clock)
    shown.begin(1000, 0)
    clock.now += 1
    shown.advance(500, 2)
    assert stream.getvalue().endswith(
        "\r[============            ]  50%  500 of 1,000 events processed, 500 Hz, 1 s left, 2 failed"
    )
    shown.end()
    assert stream.getvalue().rpartition("\r")[2] == ""
    # Nothing is printed more often than it can be read.
    length = len(stream.getvalue())
    shown.advance(1, 2)
    assert len(stream.getvalue()) == length


def test_what_a_former_run_did_is_no_speed() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = Shown(stream, clock=clock)
    shown.begin(1000, 900)
    clock.now += 10
    shown.advance(50, 0)
    assert stream.getvalue().splitlines() == [
        "Goes on where it was interrupted: 900 of 1,000 events are done.",
        "95%  950 of 1,000 events processed, 5 Hz, 10 s left",
    ]


def test_nothing_planned() -> None:
    shown = Shown(Terminal(), clock=Clock())
    shown.begin(0, 0)
    assert shown.line(100.0) == "100%  0 of 0 events processed, 0 Hz"


def test_more_than_planned() -> None:
    shown = Shown(Terminal(), clock=Clock())
    shown.begin(100, 0)
    shown.advance(110, 0)
    assert shown.line(101.0) == "100%  110 of 100 events processed, 110 Hz, 0 s left"


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "0 Hz"), (950, "950 Hz"), (1571, "1.57 kHz"), (1_570_000, "1.57 MHz"), (3e10, "30 GHz")]
)
def test_rates(rate: float, text: str) -> None:
    assert hertz(rate) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.456, "0.46 s"), (12.4, "12 s"), (59.7, "1 min 0 s"), (185, "3 min 5 s"), (8075, "2 h 14 min")],
)
def test_times(seconds: float, text: str) -> None:
    assert duration(seconds) == text
