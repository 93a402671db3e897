"""The status of a twin: every engine with its daemons, addresses and health; as data and for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.twin.context import Twin
    from afspec.twin.engine import Engine


@dataclass(frozen=True)
class DaemonStatus:
    """A daemon: its process on this machine, and what is wrong with it, if anything."""

    name: str
    pid: int | None
    reason: str
    log: str


@dataclass(frozen=True)
class Address:
    """An address inside the room."""

    name: str
    url: str
    host: str | None
    port: int | None


@dataclass(frozen=True)
class EngineStatus:
    """An engine."""

    name: str
    well: bool
    daemons: tuple[DaemonStatus, ...]
    endpoints: tuple[Address, ...]


@dataclass(frozen=True)
class Status:
    """A twin; one that is not up has no engines."""

    name: str
    up: bool
    room: str
    users: tuple[str, ...]
    hosts: dict[str, str]
    engines: tuple[EngineStatus, ...]

    @property
    def well(self) -> bool:
        """Whether it is up and nothing ails it."""
        return self.up and all(engine.well for engine in self.engines)

    def as_data(self) -> dict[str, Any]:
        """For scripts."""
        return {**asdict(self), "well": self.well}


def _engine(engine: Engine) -> EngineStatus:
    reasons = {ailment.daemon: ailment.reason for ailment in engine.ailments()}
    daemons = tuple(
        DaemonStatus(
            daemon.name,
            engine.room.pid(daemon.name),
            reasons.pop(daemon.name, ""),
            str(engine.room.log(daemon.name)),
        )
        for daemon in engine.daemons()
    )
    # What ails an engine without being a daemon of its own, such as a node that was drained.
    others = tuple(DaemonStatus(name, None, reason, "") for name, reason in reasons.items())
    addresses = []
    for endpoint in engine.endpoints():
        parts = urlsplit(endpoint.url)
        addresses.append(Address(endpoint.name, endpoint.url, parts.hostname, parts.port))
    every = (*daemons, *others)
    return EngineStatus(engine.name, not any(daemon.reason for daemon in every), every, tuple(addresses))


def status_of(name: str, twin: Twin | None, engines: Sequence[Engine], hosts: dict[str, str] | None = None) -> Status:
    """Ask every engine; `twin` is None where it is not up."""
    if twin is None:
        return Status(name, up=False, room="", users=(), hosts={}, engines=())
    room = "private" if twin.room.private else "host"
    users = tuple(user.name for user in twin.users)
    return Status(name, True, room, users, hosts or {}, tuple(_engine(engine) for engine in engines))  # noqa: FBT003


def describe(status: Status, *, colour: bool) -> str:
    """The status as a person reads it."""
    if not status.up:
        return f"{status.name} is not up"
    lines = [
        f"{status.name} is {'well' if status.well else 'not well'} ({status.room} room; users {_and(status.users)})"
    ]
    for engine in status.engines:
        mark = "well" if engine.well else "ails"
        mark = click.style(mark, fg="green" if engine.well else "red") if colour else mark
        lines.append(f"  {mark}  {engine.name}")
        for daemon in engine.daemons:
            process = f"process {daemon.pid}" if daemon.pid else ""
            lines.append(f"          {daemon.name:<20} {process:<16} {daemon.reason}".rstrip())
        lines += [f"          {address.name:<20} {address.url}" for address in engine.endpoints]
    return "\n".join(lines)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
