"""What a person sees of `afspec verify`, and what a signal does to it."""

from __future__ import annotations

import io
import signal

import pytest

from afspec.cli.verify import Progress, interruptible
from afspec.verify import Compiled, Report


class Terminal(io.StringIO):
    """Keeps what is written to a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_never_wraps_and_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    with Progress(terminal, "a/folder/with/a/long/name/build/slac") as progress:
        progress.starting("shellcheck")
        progress.ended("shellcheck")
    lines = terminal.getvalue().split("\r\x1b[K")
    assert lines[1].startswith("  verifying a/folder")
    assert max(map(len, lines)) == 39
    assert lines[-1] == ""


def test_progress_is_for_terminals_alone() -> None:
    stream = io.StringIO()
    with Progress(stream, "build/slac") as progress:
        progress.starting("bash")
    assert stream.getvalue() == ""


def test_name_of_a_folder_does_not_drive_a_terminal() -> None:
    assert Report(Compiled("slac", "a\x1b[31m", {}), ()).summary() == "a\\x1b[31m: 0 files, nothing found"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_what_is_ignored_stays_ignored_and_what_is_not_ends_it(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(number)
        signal.signal(number, signal.SIG_DFL)
        with pytest.raises(SystemExit) as ended, interruptible():
            signal.raise_signal(number)
        assert ended.value.code == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
