"""OpenSSH: from a user's laptop through the bastion, and in no other way."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from engines.conftest import Miniature

    from afspec.twin.engines.ssh import Ssh


class Site(NamedTuple):
    """A twin, and the alias of the host that its users work on."""

    miniature: Miniature
    alias: str
    host: str
    bastion: str

    def client(self, *argv: str, user: str = "alice", check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of OpenSSH on the laptop of a user, with the configuration that was compiled for her."""
        engine: Ssh = self.miniature.engine("ssh")  # type: ignore[assignment]
        command = [argv[0], "-F", engine.config(user), *argv[1:]]
        return self.miniature.room.run(command, user=user, outside=True, directory="/", check=check)

    def ssh(self, *argv: str, user: str = "alice", check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.client("ssh", *argv, user=user, check=check)


HOSTS = {
    "slac": ("slac-iana", "iana", "s3dflogin-mfa.slac.stanford.edu"),
    "bnl": ("bnl-attsub01", "attsub01", "ssh.sdcc.bnl.gov"),
}


@pytest.fixture(params=HOSTS)
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param), *HOSTS[request.param])


@pytest.fixture
def stray(site: Site) -> Iterator[str]:
    """A key that nobody ever let in."""
    room = site.miniature.room
    folder = room.run(["mktemp", "-d"], user="alice").stdout.strip()
    room.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key"], user="alice")
    yield f"{folder}/key"
    room.run(["rm", "-r", folder], user="alice")


def home(site: Site, user: str) -> str:
    return next(each.home for each in site.miniature.twin.users if each.name == user)


def test_a_user_gets_to_her_home_through_the_bastion(site: Site) -> None:
    done = site.ssh(site.alias, "id -un; pwd; printf '%s\\n' \"$SSH_CONNECTION\"")
    user, folder, connection = done.stdout.splitlines()
    assert user == "alice"
    assert folder == home(site, "alice")
    # What the host sees is the bastion's end of the connection, and its own address.
    assert connection.split()[3] == "22"


def test_every_alias_behind_the_bastion_works(site: Site) -> None:
    names = [
        line.split()[1]
        for line in site.miniature.files.text("ssh/config").splitlines()
        if line.startswith("Host ") and "*" not in line and not line.endswith("-bastion")
    ]
    assert site.alias in names
    for name in names:
        assert site.ssh(name, "id -un").stdout == "alice\n"


def test_without_the_bastion_there_is_no_way_in(site: Site) -> None:
    direct = site.ssh("-o", "ProxyJump=none", site.alias, "true", check=False)
    assert direct.returncode == 255
    assert "Could not resolve hostname" in direct.stderr
    assert not [line for line in direct.stderr.splitlines() if "alice" in line]


def test_the_bastion_gives_no_shell_and_says_where_to_go(site: Site) -> None:
    name = f"{site.miniature.facility.name}-bastion"
    for command in (["id"], []):
        done = site.ssh(name, *command, check=False)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "No shell on this host" in done.stderr


def test_the_bastion_leads_nowhere_else(site: Site) -> None:
    for target in ("localhost:22", f"{site.bastion}:22", f"{site.host}:23", "127.0.0.1:1094"):
        done = site.ssh("-W", target, f"{site.miniature.facility.name}-bastion", check=False)
        assert done.returncode == 255
        assert "administratively prohibited" in done.stderr


def test_a_key_that_is_not_hers_is_refused(site: Site, stray: str) -> None:
    room = site.miniature.room
    own = room.read("/laptop/alice/.ssh/config")
    room.write(f"{stray}.config", own.replace("/laptop/alice/.ssh/id_ed25519", stray), mode=0o600, owner="alice")
    command = ["ssh", "-F", f"{stray}.config", site.alias, "true"]
    done = room.run(command, user="alice", outside=True, directory="/", check=False)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_nobody_is_somebody_else(site: Site) -> None:
    for name in ("bob", "root"):
        for options in (["-l", name, f"{site.miniature.facility.name}-bastion"], ["-l", name, site.alias]):
            done = site.ssh(*options, "true", check=False)
            assert done.returncode == 255
            assert "Permission denied (publickey)" in done.stderr


def test_root_is_refused_even_with_a_key_that_is_let_in(site: Site) -> None:
    room = site.miniature.room
    public = room.read("/laptop/alice/.ssh/id_ed25519.pub")
    room.write("/root/.ssh/authorized_keys", public, mode=0o600)
    try:
        done = site.ssh("-l", "root", site.alias, "true", check=False)
        assert done.returncode == 255
        assert "Permission denied (publickey)" in done.stderr
        assert "ROOT LOGIN REFUSED" in room.log("sshd-bastion").read_text() + "".join(
            path.read_text() for path in room.log("x").parent.glob("sshd-host-*.log")
        )
    finally:
        room.run(["rm", "/root/.ssh/authorized_keys"])


def test_homes_are_their_owners_alone(site: Site) -> None:
    other = home(site, "bob")
    done = site.ssh(site.alias, f"ls {other}; cat {other}/.ssh/authorized_keys; touch {other}/x", check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("Permission denied") == 3
    assert site.ssh(site.alias, "id -un", user="bob").stdout == "bob\n"


def test_files_travel_both_ways(site: Site) -> None:
    room = site.miniature.room
    folder = room.run(["mktemp", "-d"], user="alice").stdout.strip()
    try:
        room.run(["sh", "-c", f"head -c 3000000 /dev/urandom > {folder}/there"], user="alice")
        site.client("scp", f"{folder}/there", f"{site.alias}:afspec-scp")
        site.client("scp", f"{site.alias}:afspec-scp", f"{folder}/back")
        room.run(["cmp", f"{folder}/there", f"{folder}/back"], user="alice")
        size = site.ssh(site.alias, "stat -c %s ~/afspec-scp; rm ~/afspec-scp").stdout
        assert size == "3000000\n"
    finally:
        room.run(["rm", "-r", folder], user="alice")


def test_a_host_with_another_key_is_not_trusted(site: Site, stray: str) -> None:
    room = site.miniature.room
    known = room.read("/laptop/alice/.ssh/known_hosts")
    fake = " ".join(room.read(f"{stray}.pub").split()[:2])
    changed = "".join(
        f"{line.split()[0]} {fake}\n" if line.split()[0] == site.bastion else line + "\n" for line in known.splitlines()
    )
    room.write(f"{stray}.known", changed, owner="alice")
    done = site.ssh("-o", f"UserKnownHostsFile={stray}.known", f"{site.miniature.facility.name}-bastion", check=False)
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_a_killed_server_is_named_and_comes_back(site: Site) -> None:
    try:
        site.miniature.room.kill("sshd-bastion", signal.SIGKILL)
        assert until(lambda: not site.miniature.room.alive("sshd-bastion"))
        assert [(each.daemon, each.reason) for each in site.miniature.engine("ssh").ailments()] == [
            ("sshd-bastion", "not running")
        ]
        done = site.ssh(site.alias, "true", check=False)
        assert done.returncode == 255
        assert "Connection refused" in done.stderr
    finally:
        site.miniature.heal()
    assert site.miniature.engine("ssh").ailments() == []
    assert site.ssh(site.alias, "id -un").stdout == "alice\n"


def test_a_server_that_hangs_is_named(site: Site) -> None:
    room = site.miniature.room
    room.kill("sshd-bastion", signal.SIGSTOP)
    try:
        (ailment,) = site.miniature.engine("ssh").ailments()
        assert ailment.daemon == "sshd-bastion"
        assert "does not answer" in ailment.reason
    finally:
        room.kill("sshd-bastion", signal.SIGCONT)
    assert site.miniature.engine("ssh").ailments() == []
