"""Made-up events are made once, kept in the user's cache, and told as a file list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from afspec.agc.errors import AgcError
from afspec.agc.generate import nanoaod
from afspec.agc.run.files import OutputError
from afspec.agc.run.generated import cache, generated


@dataclass
class Heard:
    """Progress, added up."""

    planned: int = 0
    done: int = 0
    ended: int = 0

    def begin(self, planned: int, resumed: int) -> None:
        assert resumed == 0
        self.planned = planned

    def advance(self, events: int, failed: int) -> None:
        assert failed == 0
        self.done += events

    def end(self) -> None:
        self.ended += 1


def test_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    heard = Heard()
    files = generated("ttbar", 10_000, heard)
    assert files.events == heard.done == heard.planned == 10_000
    assert heard.ended == 1
    assert len(files.samples) == 9
    assert {Path(file.path).parent for _, file in files} == {tmp_path / "afspec/agc/ttbar-10000"}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.root")}
    assert generated("ttbar", 10_000, Heard()) == files
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.root")} == before


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nanoaod, "write", full)
    heard = Heard()
    with pytest.raises(OutputError, match=r"No space left on device\. .*XDG_CACHE_HOME"):
        generated("ttbar", 4000, heard)
    assert heard.ended == 1


def test_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "afspec").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OutputError, match="cannot be kept"):
        generated("ttbar", 4000, Heard())


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache() == Path.home() / ".cache/afspec/agc"


def test_nothing_is_made_up_for_others() -> None:
    with pytest.raises(AgcError, match="no events can be made up for other"):
        generated("other", 10, Heard())
