"""How far a run is, on a terminal as one line that changes, elsewhere as a line every ten seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two lines, on a terminal and elsewhere.
_QUICK: Final = 0.1
_SLOW: Final = 10.0
_WIDTH: Final = 24


@dataclass(slots=True)
class Shown:
    """Shows progress on a stream.

    Attributes:
        stream: a terminal or not.
        verb: what is done with events.
        clock: seconds, for tests.
    """

    stream: TextIO
    verb: str = "processed"
    clock: Callable[[], float] = time.monotonic
    planned: int = 0
    done: int = 0
    resumed: int = 0
    failed: int = 0
    _begun: float = 0.0
    _last: float = field(default=float("-inf"))
    _wide: int = 0

    def begin(self, planned: int, resumed: int) -> None:
        """So many events are planned, and so many of them were done before."""
        self.planned, self.done, self.resumed = planned, resumed, resumed
        self._begun = self._last = self.clock()
        if resumed:
            self.stream.write(f"Goes on where it was interrupted: {resumed:,} of {planned:,} events are done.\n")
            self.stream.flush()

    def advance(self, events: int, failed: int) -> None:
        """So many more events are done; so many units have failed in all."""
        self.done += events
        self.failed = failed
        now = self.clock()
        if now - self._last >= (_QUICK if self.stream.isatty() else _SLOW):
            self._last = now
            self._show(now)

    def end(self) -> None:
        """Leave the terminal's line empty."""
        if self._wide:
            self.stream.write(f"\r{' ' * self._wide}\r")
            self.stream.flush()
            self._wide = 0

    def line(self, now: float) -> str:
        """What is known at a moment: how much, how fast, for how long yet."""
        share = self._share()
        seconds = now - self._begun
        rate = (self.done - self.resumed) / seconds if seconds > 0 else 0.0
        left = f", {duration(max(0, self.planned - self.done) / rate)} left" if rate else ""
        trouble = f", {self.failed} failed" if self.failed else ""
        return f"{share:4.0%}  {self.done:,} of {self.planned:,} events {self.verb}, {hertz(rate)}{left}{trouble}"

    def _share(self) -> float:
        # What is planned may be a round number.
        return min(1.0, self.done / self.planned) if self.planned else 1.0

    def _show(self, now: float) -> None:
        text = self.line(now)
        if not self.stream.isatty():
            self.stream.write(text.strip() + "\n")
        else:
            full = int(_WIDTH * self._share())
            text = f"[{'=' * full}{' ' * (_WIDTH - full)}] {text}"
            self.stream.write(f"\r{text.ljust(self._wide)}")
            self._wide = len(text)
        self.stream.flush()


def hertz(rate: float) -> str:
    """A rate as people say it: 950 Hz, 1.57 MHz."""
    for unit, size in (("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.0f} Hz"


def duration(seconds: float) -> str:
    """A time as people say it: 0.46 s, 12 s, 3 min 5 s, 2 h 14 min."""
    if seconds < 9.995:  # noqa: PLR2004 - where three digits begin
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
