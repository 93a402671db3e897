"""A private room: what is inside stays inside, and what is outside is out of reach."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import until

from afspec.twin.engine import Daemon
from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from engines.conftest import Miniature


def test_there_is_no_network_but_loopback(slac: Miniature) -> None:
    links = slac.room.run(["ip", "-brief", "link"], user="alice").stdout.split("\n")
    assert [line.split()[0] for line in links if line] == ["lo"]
    assert slac.room.run(["ip", "route"], user="alice").stdout == ""


def test_the_machines_processes_cannot_be_seen(slac: Miniature) -> None:
    assert slac.room.run(["ps", "-p", "1", "-o", "comm="], user="alice").stdout.strip() == "tini"
    seen = slac.room.run(["ps", "-e", "-o", "args="]).stdout
    assert "pytest" not in seen


def test_the_machines_files_cannot_be_seen(slac: Miniature, tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    assert not slac.room.exists(str(tmp_path / "secret"))
    assert slac.room.run(["ls", str(tmp_path)], check=False).returncode != 0


def test_what_is_written_stays_in_the_twins_folder(slac: Miniature) -> None:
    slac.room.write("/var/run/../run/afspec-test", "x")
    assert slac.room.run(["cat", "/run/afspec-test"]).stdout == "x"
    assert not Path("/run/afspec-test").exists()


def test_compiled_files_cannot_be_changed_inside(slac: Miniature) -> None:
    path = slac.files.path("afspec.lock.json")
    assert slac.room.run(["sh", "-c", f": >> {path}"], check=False).returncode != 0


def test_a_user_is_who_she_is_with_nothing_more(slac: Miniature) -> None:
    said = slac.room.run(["sh", "-c", "id -un; pwd; echo $HOME; grep CapEff /proc/self/status"], user="alice").stdout
    assert said.splitlines()[:3] == ["alice", "/sdf/home/a/alice", "/sdf/home/a/alice"]
    assert said.split()[-1].strip("0") == ""
    assert slac.room.run(["cat", "/etc/shadow"], user="alice", check=False).returncode != 0


def test_a_user_is_not_another(slac: Miniature) -> None:
    assert slac.room.run(["ls", "/sdf/home/a/alice"], user="bob", check=False).returncode != 0


def test_everything_trusts_the_authority_of_the_room(slac: Miniature) -> None:
    slac.room.certificate(["localhost"], "/run/test.pem", "/run/test.key")
    served = Daemon("test-tls", ("openssl", "s_server", "-accept", "127.0.0.1:4433", "-www", "-quiet", "-cert"))
    served = Daemon(served.name, (*served.argv, "/run/test.pem", "-key", "/run/test.key"))
    slac.room.start(served)
    try:
        assert until(lambda: slac.room.answers("localhost", 4433))
        slac.room.run(["curl", "--silent", "--fail", "https://localhost:4433/"], user="alice")
        with pytest.raises(RoomError, match="certificate"):
            slac.room.run(["curl", "--silent", "--show-error", "https://127.0.0.1:4433/"], user="alice")
        if Path("/etc/ssl/certs/ca-certificates.crt").exists():
            made = slac.room.read("/etc/ssl/certs/ca-certificates.crt")
            assert made != Path("/etc/ssl/certs/ca-certificates.crt").read_text()
    finally:
        slac.room.kill("test-tls", signal.SIGKILL)


def test_a_daemon_is_known_by_its_number_on_the_machine(slac: Miniature) -> None:
    slac.room.start(Daemon("test-sleep", ("sleep", "600"), user="alice"))
    pid = slac.room.pid("test-sleep")
    assert pid is not None
    # The same process becomes alice's before it becomes the daemon (setsid, setpriv).
    assert until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00600\x00")
    assert Path(f"/proc/{pid}").stat().st_uid == 20001
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not slac.room.alive("test-sleep"))


def test_a_command_that_takes_too_long_is_gone_inside_too(slac: Miniature) -> None:
    with pytest.raises(RoomError, match="no end after"):
        slac.room.run(["sleep", "601"], user="alice", timeout=0.5)
    assert until(lambda: "sleep 601" not in slac.room.run(["ps", "-e", "-o", "args="]).stdout)


def test_a_name_that_is_not_public_means_nothing_outside(slac: Miniature) -> None:
    assert slac.room.run(["getent", "hosts", "iana"], user="alice").stdout
    assert slac.room.run(["getent", "hosts", "iana"], user="alice", outside=True, check=False).returncode != 0
    assert slac.room.run(["getent", "hosts", "s3dflogin-mfa.slac.stanford.edu"], user="alice", outside=True).stdout
