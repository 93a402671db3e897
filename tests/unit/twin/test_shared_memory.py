"""Shared memory that a twin without walls leaves on the machine, when its processes are killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.twin.room import host

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_closed_room_takes_its_shared_memory_with_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shm"
    shared.mkdir()
    monkeypatch.setattr(host, "_SHARED_MEMORY", shared)
    for name in ("mine-1", "mine-2", "theirs"):
        (shared / name).touch()
    folder = tmp_path / "twin"
    folder.mkdir()
    host.HostRoom.open(folder, {}).claim_shared_memory("mine-")
    # Another command closes it, one that knows the folder alone.
    host.HostRoom(folder, {}).close()
    assert [path.name for path in shared.iterdir()] == ["theirs"]


def test_a_room_that_claimed_nothing_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shm"
    shared.mkdir()
    monkeypatch.setattr(host, "_SHARED_MEMORY", shared)
    (shared / "theirs").touch()
    folder = tmp_path / "twin"
    folder.mkdir()
    host.HostRoom.open(folder, {}).close()
    assert (shared / "theirs").exists()
