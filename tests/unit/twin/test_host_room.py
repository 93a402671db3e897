"""A room without walls: real processes of this machine."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from support import until

from afspec.twin.engine import Daemon
from afspec.twin.processes import Process, identify
from afspec.twin.room import RoomError
from afspec.twin.room.host import HostRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def room(tmp_path: Path) -> Iterator[HostRoom]:
    (tmp_path / "alice").mkdir()
    room = HostRoom.open(tmp_path, {"alice": str(tmp_path / "alice")})
    yield room
    room.close()


def daemon(*argv: str) -> Daemon:
    return Daemon("one", argv)


def test_a_daemon_lives_on_its_own_and_its_words_are_in_its_log(room: HostRoom) -> None:
    room.start(daemon("sh", "-c", "echo begun; exec sleep 60"))
    assert room.alive("one")
    assert until(lambda: room.log("one").read_text() == "begun\n")
    pid = room.pid("one")
    assert pid is not None
    assert os.getsid(pid) == pid  # no terminal of ours can end it


def test_a_daemon_that_was_killed_is_not_alive(room: HostRoom) -> None:
    room.start(daemon("sleep", "60"))
    room.kill("one", signal.SIGKILL)
    assert until(lambda: not room.alive("one"))
    assert room.pid("one") is None


def test_a_number_that_another_process_has_now_is_not_the_daemon(room: HostRoom) -> None:
    room.start(daemon("sleep", "60"))
    record = room.folder / "run/one.pid"
    pid, start = record.read_text().split()
    record.write_text(f"{pid} {int(start) - 1}\n")
    assert not room.alive("one")
    record.write_text(f"{pid} {start}\n")


def test_closing_ends_what_daemons_left_behind(room: HostRoom) -> None:
    script = "setsid sleep 61 & echo $!; wait"
    room.start(daemon("sh", "-c", script))
    assert until(lambda: room.log("one").read_text().strip().isdigit())
    left = identify(int(room.log("one").read_text()))
    assert left is not None
    room.kill("one", signal.SIGKILL)
    assert left.alive
    room.close()
    assert not left.alive


def test_closing_spares_who_only_looks_around(room: HostRoom) -> None:
    with subprocess.Popen(["sleep", "62"], env={"PWD": str(room.folder), "PATH": os.environ["PATH"]}) as visitor:
        room.close()
        assert visitor.poll() is None
        visitor.kill()


def test_a_folder_of_a_similar_name_is_another_twin(room: HostRoom) -> None:
    with subprocess.Popen(["sleep", "63"], env={"X": f"{room.folder}2/home", "PATH": os.environ["PATH"]}) as other:
        room.close()
        assert other.poll() is None
        other.kill()


def test_a_command_that_takes_too_long_is_killed_with_its_children(room: HostRoom) -> None:
    with pytest.raises(RoomError, match=r"no end after 0\.3 s"):
        room.run(["sh", "-c", "sleep 64 & echo $! > pid; wait"], user="alice", timeout=0.3)
    pid = int((room.folder / "alice/pid").read_text())
    assert until(lambda: identify(pid) is None)


def test_a_command_that_fails_says_what_it_printed(room: HostRoom) -> None:
    with pytest.raises(RoomError, match="exit code 3: no such thing"):
        room.run(["sh", "-c", "echo no such thing >&2; exit 3"])
    assert room.run(["sh", "-c", "exit 3"], check=False).returncode == 3


def test_the_callers_environment_stays_outside(room: HostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "secret")
    printed = room.run(["env"], user="alice", env={"MORE": "1"}).stdout
    assert "KRB5CCNAME" not in printed
    assert "MORE=1" in printed
    assert f"HOME={room.folder}/alice" in printed


def test_a_file_has_its_rights_from_the_start(room: HostRoom) -> None:
    path = room.folder / "deep/secret"
    room.write(str(path), "x", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert room.read(str(path)) == "x"


def test_nothing_is_written_outside_of_the_twins_folder(room: HostRoom, tmp_path: Path) -> None:
    for path in (tmp_path.parent / "x", room.folder / "../x", tmp_path.with_name(tmp_path.name + "2")):
        with pytest.raises(RoomError, match="is not below"):
            room.write(str(path), "x")
        with pytest.raises(RoomError, match="is not below"):
            room.make_folder(str(path))


def test_a_program_that_is_not_there_is_a_clear_error(room: HostRoom) -> None:
    with pytest.raises(RoomError, match="no-such-program"):
        room.run(["no-such-program"])


def test_processes_are_told_apart_by_their_start() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert me.alive
    assert not Process(me.pid, me.start + 1).alive
    assert identify(2**22 + 1) is None


def test_what_a_daemon_left_working_in_the_folder_ends_too(room: HostRoom) -> None:
    with subprocess.Popen(["sleep", "65"], cwd=room.folder / "alice", env={}, start_new_session=True) as left:
        room.close()
        assert left.wait(timeout=10) != 0
