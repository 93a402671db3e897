"""What a status says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from afspec.twin.engine import Ailment, Daemon, Endpoint
from afspec.twin.status import describe, status_of

if TYPE_CHECKING:
    from afspec.twin.context import Twin
    from afspec.twin.engine import Engine


class User:
    name = "alice"


class Room:
    private = True

    def pid(self, name: str) -> int | None:
        return 42 if name == "slurmctld" else None

    def log(self, name: str) -> Path:
        return Path(f"/logs/{name}.log")


@dataclass
class FakeTwin:
    room: Room
    users: tuple[User, ...] = (User(),)


class Slurm:
    name = "slurm"
    room = Room()

    def __init__(self, *ailments: Ailment) -> None:
        self.found = list(ailments)

    def ailments(self) -> list[Ailment]:
        return self.found

    def daemons(self) -> list[Daemon]:
        return [Daemon("slurmctld", ("x",)), Daemon("slurmd-n1", ("x",))]

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("slurmctld", "tcp://localhost:6817"), Endpoint("page", "https://hub.example.org/")]


def of(*ailments: Ailment) -> tuple[Twin, list[Engine]]:
    return cast("Twin", FakeTwin(Room())), cast("list[Engine]", [Slurm(*ailments)])


def test_a_twin_that_is_well() -> None:
    status = status_of("slac", *of())
    assert status.well
    assert "slac is well" in describe(status, colour=False)
    data = json.loads(json.dumps(status.as_data()))
    assert data["well"] is True
    assert data["engines"][0]["daemons"][0]["pid"] == 42
    assert data["engines"][0]["endpoints"][0] == {
        "name": "slurmctld", "url": "tcp://localhost:6817", "host": "localhost", "port": 6817,
    }  # fmt: skip


def test_what_ails_is_named_with_its_reason() -> None:
    status = status_of("slac", *of(Ailment("slurmd-n1", "not running")))
    assert not status.well
    engine = status.engines[0]
    assert {daemon.name: daemon.reason for daemon in engine.daemons} == {"slurmctld": "", "slurmd-n1": "not running"}
    assert "not running" in describe(status, colour=False)


def test_an_ailment_of_no_daemon_is_shown_too() -> None:
    status = status_of("slac", *of(Ailment("node n1", "drained: disk")))
    assert not status.well
    assert "drained: disk" in describe(status, colour=False)


def test_a_twin_that_is_not_up_is_not_well() -> None:
    status = status_of("slac", None, [])
    assert not status.well
    assert describe(status, colour=False) == "slac is not up"


def test_colour_only_where_it_is_wanted() -> None:
    status = status_of("slac", *of())
    assert "\x1b[" not in describe(status, colour=False)
    assert "\x1b[" in describe(status, colour=True)
