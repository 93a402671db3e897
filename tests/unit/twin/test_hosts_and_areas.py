"""Names and folders of a miniature, worked out from the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support import facility

from afspec.twin.hosts import addresses, public
from afspec.twin.room.host import HostRoom
from afspec.twin.storage import for_user, make_areas, users_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afspec.facility import Facility

SSH = """\
access:
  ssh:
    stance: promised
    bastion: {host: gate.example.org}
    hosts:
      - {name: login, host: "sub[01-02]"}
      - {name: dtn, host: dtn.example.org, via_bastion: false}
"""


def engine(*names: str) -> type:
    class Engine:
        @staticmethod
        def hosts(facility: Facility) -> Sequence[str]:
            del facility
            return names

    return Engine


def test_every_host_has_an_address_of_its_own_in_the_loopback_network() -> None:
    given_to = addresses(facility(SSH), [engine("a", "b"), engine("b", "c")])
    assert given_to == {"a": "127.0.1.1", "b": "127.0.1.2", "c": "127.0.1.3"}


@given(st.integers(1, 1000))
def test_addresses_stay_different_and_valid(number: int) -> None:
    given_to = addresses(facility(), [engine(*(f"h{index}" for index in range(number)))])
    assert len(set(given_to.values())) == number
    assert all(1 <= int(part) <= 254 for address in given_to.values() for part in address.split(".")[2:])


def test_only_hosts_behind_the_bastion_are_unknown_outside() -> None:
    names = ["gate.example.org", "sub01", "sub02", "dtn.example.org", "hub.example.org"]
    assert public(facility(SSH), names) == ["gate.example.org", "dtn.example.org", "hub.example.org"]


def test_a_users_path() -> None:
    assert for_user("/sdf/home/<u>/<user>", "alice") == "/sdf/home/a/alice"


def test_users_live_where_the_facility_has_its_homes() -> None:
    spec = "storage: {areas: [{name: home, stance: promised, purpose: home, path: /sdf/home/<u>/<user>}]}\n"
    assert [user.home for user in users_of(facility(spec))] == ["/sdf/home/a/alice", "/sdf/home/b/bob"]
    assert [user.home for user in users_of(facility())] == ["/home/alice", "/home/bob"]


def test_every_offered_area_has_a_folder_for_every_user(tmp_path: Path) -> None:
    spec = f"""\
storage:
  areas:
    - {{name: home, stance: promised, purpose: home, path: {tmp_path}/home/<user>}}
    - {{name: data, stance: best_effort, path: {tmp_path}/data/<u>/<user>}}
    - {{name: group, stance: promised, purpose: group, path: {tmp_path}/group}}
    - {{name: tape, stance: not_promised, path: {tmp_path}/tape/<user>}}
"""
    described = facility(spec)
    users = users_of(described)
    room = HostRoom.open(tmp_path, {user.name: user.home for user in users})
    make_areas(described, room, users)
    for folder in ("home/alice", "home/bob", "data/a/alice", "data/b/bob", "group"):
        assert (tmp_path / folder).is_dir()
    assert not (tmp_path / "tape").exists()
    assert (tmp_path / "data/a/alice").stat().st_mode & 0o077 == 0
    make_areas(described, room, users)  # again, on a twin that is up
