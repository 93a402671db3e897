"""In which order engines are started, and what happens when one does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from afspec.twin import start as starting
from afspec.twin.engine import Daemon, Engine
from afspec.twin.room import RoomError
from afspec.twin.start import EngineError, Started, start_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afspec.facility import Facility
    from afspec.twin.context import Twin


@dataclass
class Room:
    """Daemons that do as the test says."""

    folder: Path
    told: list[str] = field(default_factory=list)
    living: set[str] = field(default_factory=set)
    stillborn: set[str] = field(default_factory=set)

    def start(self, daemon: Daemon) -> None:
        self.told.append(daemon.name)
        if daemon.name not in self.stillborn:
            self.living.add(daemon.name)

    def alive(self, name: str) -> bool:
        return name in self.living

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@dataclass
class FakeTwin:
    room: Room
    facility: None = None
    files: None = None


class Plain(Engine):
    """An engine of two daemons."""

    name = "plain"
    words: tuple[str, ...] = ()

    @staticmethod
    def applies(facility: Facility) -> bool:
        del facility
        return True

    def daemons(self) -> Sequence[Daemon]:
        return [Daemon(f"{self.name}-1", ("x",)), Daemon(f"{self.name}-2", ("x",))]

    def ready(self, daemon: Daemon) -> str:
        del daemon
        if self.words:
            word, self.words = self.words[0], self.words[1:]
            return word
        return ""


class First(Plain):
    name = "first"


class Second(Plain):
    name = "second"
    after = ("first", "not-of-this-facility")

    def prepare(self) -> None:
        room = cast("Room", self.room)
        assert {"first-1", "first-2"} <= room.living


class Report:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def starting(self, engine: str) -> None:
        self.lines.append(f"starting {engine}")

    def started(self, what: Started) -> None:
        self.lines.append(f"started {what.engine}")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def of(kind: type[Plain], room: Room) -> Plain:
    return kind(cast("Twin", FakeTwin(room)))


def test_an_engine_is_prepared_when_those_before_it_are_well(room: Room) -> None:
    report = Report()
    done = start_all([of(Second, room), of(First, room)], report)
    assert [one.engine for one in done] == ["first", "second"]
    assert report.lines == ["starting first", "started first", "starting second", "started second"]
    assert room.told == ["first-1", "first-2", "second-1", "second-2"]


def test_a_daemon_that_lives_is_not_started_again(room: Room) -> None:
    room.living.add("first-1")
    start_all([of(First, room)], Report())
    assert room.told == ["first-2"]


def test_a_daemon_is_asked_until_it_is_well(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_PAUSE", 0)
    engine = of(First, room)
    engine.words = ("not yet", "not yet")
    start_all([engine], Report())
    assert not engine.words


def test_a_daemon_that_ends_is_named_with_the_end_of_its_log(room: Room) -> None:
    room.stillborn.add("first-2")
    room.log("first-2").write_text("fatal: no such file\n")
    with pytest.raises(EngineError, match="first: first-2: it ended") as caught:
        start_all([of(First, room), of(Second, room)], Report())
    assert caught.value.tail() == "fatal: no such file"
    assert "second-1" not in room.told


def test_a_daemon_that_never_gets_well_is_named_with_the_reason(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_PATIENCE", 0)
    engine = of(First, room)
    engine.words = ("the database refuses",) * 9
    with pytest.raises(EngineError, match="first-1: not well after 0 s: the database refuses"):
        start_all([engine], Report())


def test_a_preparation_that_fails_is_named(room: Room) -> None:
    class Broken(Plain):
        name = "broken"

        def prepare(self) -> None:
            raise RoomError("openssl: exit code 1")

    with pytest.raises(EngineError, match="broken: broken: openssl"):
        start_all([of(Broken, room)], Report())


def test_ailments_tell_the_dead_from_the_ill(room: Room) -> None:
    engine = of(First, room)
    room.living.add("first-2")
    engine.words = ("does not answer",)
    assert [(a.daemon, a.reason) for a in engine.ailments()] == [
        ("first-1", "not running"),
        ("first-2", "does not answer"),
    ]
