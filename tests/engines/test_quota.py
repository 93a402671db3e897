"""A user who fills her home is told so; nobody else notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature


class Home(NamedTuple):
    """A twin whose homes are limited, and alice's."""

    miniature: Miniature
    path: str
    quota: int

    def write(self, user: str, path: str, size: int) -> str:
        """What a user is told who writes that many bytes; nothing where they fit."""
        command = ["sh", "-c", f"head -c {size} /dev/zero > {path}"]
        return self.miniature.room.run(command, user=user, check=False).stderr.strip()


@pytest.fixture(params=["slac", "bnl"])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    miniature: Miniature = request.getfixturevalue(request.param)
    storage = miniature.facility.storage
    area = storage.area("home") if storage else None
    assert area is not None
    assert area.quota is not None
    path = miniature.twin.users[0].home
    yield Home(miniature, path, area.quota)
    miniature.room.run(["rm", "-f", f"{path}/big", f"{path}/small"], user="alice")


def test_the_quota_is_the_specs(home: Home) -> None:
    done = home.miniature.room.run(["df", "--output=size", "--block-size=1", home.path], user="alice")
    assert int(done.stdout.split()[-1]) == home.quota


def test_a_full_home_is_told_to_its_owner_and_to_nobody_else(home: Home) -> None:
    room = home.miniature.room
    assert home.write("alice", f"{home.path}/small", 1000) == ""
    assert "No space left on device" in home.write("alice", f"{home.path}/big", home.quota + 1)
    assert "No space left on device" in home.write("alice", f"{home.path}/small", 5000)
    bobs = home.miniature.twin.users[1].home
    try:
        assert home.write("bob", f"{bobs}/big", 10_000_000) == ""
    finally:
        room.run(["rm", "-f", f"{bobs}/big"], user="bob")
    # What is not in her home is no business of its quota.
    folder = room.run(["mktemp", "-d"], user="alice").stdout.strip()
    assert home.write("alice", f"{folder}/x", 5000) == ""
    room.run(["rm", "-r", folder], user="alice")


def test_the_twin_stays_well_and_she_can_still_log_in_and_clean_up(home: Home) -> None:
    assert "No space left on device" in home.write("alice", f"{home.path}/big", home.quota + 1)
    assert home.miniature.ailments() == []
    home.miniature.heal()
    room = home.miniature.room
    name = home.miniature.facility.name
    alias = {"slac": "slac-iana", "bnl": "bnl-attsub01"}[name]
    command = ["ssh", "-F", "/laptop/alice/.ssh/config", alias, f"rm {home.path}/big"]
    room.run(command, user="alice", outside=True, directory="/")
    assert home.write("alice", f"{home.path}/small", 5000) == ""
