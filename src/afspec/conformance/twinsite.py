"""A twin as the kit sees it: its user alice at the three vantages, and what a miniature lacks by its nature."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import afspec.conformance.twin_hub
import afspec.conformance.twin_triton  # noqa: F401 - registers its secret
from afspec import twins
from afspec.conformance.credentials import ConsentGiven, Credentials, Wallet
from afspec.conformance.reach import Direct, Vantages, Way
from afspec.conformance.reach.hosts import CommandHost
from afspec.conformance.reach.room import InRoom
from afspec.conformance.twin_secrets import secrets_of
from afspec.twin.engines.ssh import Ssh
from afspec.twin.engines.xrootd import XRootD
from afspec.twin.room.private import PrivateRoom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afspec.facility import Facility
    from afspec.twin.room import Room
    from afspec.twins import Found, Running

USER = "alice"
# What no miniature on one machine has (docs/twin.md): said in the report, and never a pass.
ABSENT = {
    "software": "the miniature has no CVMFS, and so no setupATLAS, no Rucio and no VOMS",
    "gpu": "the miniature has stand-ins for GPUs to schedule on, and no device",
    "orchestration": "the miniature has no cluster of containers",
    "servicex": "the miniature has no ServiceX",
    "reana": "the miniature has no REANA",
    "coffea-casa": "the miniature has no coffea-casa",
}


class TwinError(Exception):
    """The twin cannot be asked; the message says why, and what to do."""


@dataclass(frozen=True)
class Parts:
    """What a run over a twin is made of."""

    facility: Facility
    files: Mapping[str, str]
    vantages: Vantages
    credentials: Credentials
    wallet: Wallet
    absent: Mapping[str, str]
    places: Mapping[str, str]


def twin_parts(found: Found) -> Parts:
    """The parts of a run over a twin that is up.

    Raises:
        TwinError: it is not.
    """
    name = found.facility.name
    running = twins.attach(name)
    if running is None or not running.state.up:
        raise TwinError(f"the twin {name} is not up: `afspec twin up {name}` starts it")
    facility = running.facility
    credentials = Credentials(
        site=name,
        user=USER,
        **_own_files(running),
        consents={
            "bad_credentials": ConsentGiven(
                given_by="whoever started the twin", since=dt.datetime.now(tz=dt.UTC).date()
            )
        },
    )
    files = running.twin.files
    texts = {path.relative_to(files.host).as_posix(): path for path in files.host.rglob("*") if path.is_file()}
    return Parts(
        facility,
        {name: path.read_text(errors="replace") for name, path in texts.items()},
        Vantages(_ways(running)),
        credentials,
        Wallet({}, secrets_of(running, USER)),
        ABSENT,
        {str(running.state.folder): "<twin>"},
    )


def _own_files(running: Running) -> dict[str, str]:
    """What a user says of herself: her laptop's SSH configuration, and a file at its source."""
    found = {}
    for engine in running.engines:
        if isinstance(engine, Ssh):
            found["ssh_config"] = engine.config(USER)
        elif isinstance(engine, XRootD):
            found["xrootd_file"] = engine.dataset()
    return found


def _ways(running: Running) -> dict[str, Way]:
    room = running.twin.room
    if not isinstance(room, PrivateRoom):
        host = _host(room, outside=False)
        return {name: Way("this machine", host, Direct(), one_user=True) for name in ("outside", "login", "session")}
    # Also the machine itself, which is every node of its schedulers.
    hosts = {_machine(room): "127.0.0.1", **running.state.hosts}
    dialer = InRoom(room.first.pid, hosts, room.root / "etc/afspec/authority/ca.pem")
    inside = _host(room, outside=False)
    return {
        "outside": Way("alice's laptop", _host(room, outside=True), dialer),
        "login": Way("a login node of the twin", inside, dialer),
        "session": Way("a session of the twin", inside, dialer),
    }


def _machine(room: PrivateRoom) -> str:
    return room.run(["hostname"], directory="/").stdout.strip()


def _host(room: Room, *, outside: bool) -> CommandHost:
    def command(argv: Sequence[str]) -> list[str]:
        return room.command(argv, user=USER, outside=outside)

    return CommandHost(command, room.environment(USER))
