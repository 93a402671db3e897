"""Twins come up, stay alone, and go without a trace, whatever happens to the commands that handle them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import until

from afspec import twins
from afspec.twin.processes import Process, identify, marked

if TYPE_CHECKING:
    from collections.abc import Iterator

AFSPEC = str(Path(sys.executable).with_name("afspec"))
SITES = ("local", "slac")


def need(site: str) -> None:
    """Skip, or fail in CI, where the twin cannot start here."""
    if missing := twins.missing_of(twins.find(site)):
        what = "; ".join(f"{one.title}: {one.missing()} ({one.command})" for one in missing)
        if os.environ.get("CI") == "true":
            pytest.fail(f"the twin {site} cannot start: {what}")
        pytest.skip(f"the twin {site} cannot start: {what}")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A place for twins of this test's own."""
    yield tmp_path
    subprocess.run([AFSPEC, "twin", "down", "--all"], env=environment(tmp_path), check=True, timeout=60)
    assert list((tmp_path / "afspec/twins").glob("[!.]*")) == []


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"XDG_STATE_HOME": str(home)}


def afspec(home: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints; it must end with that exit code."""
    done = subprocess.run(
        [AFSPEC, "twin", *arguments], env=environment(home), capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def status(home: Path, site: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(afspec(home, "status", site, "--json"))
    return data


def pids(found: dict[str, Any]) -> dict[str, int]:
    return {daemon["name"]: daemon["pid"] for engine in found["engines"] for daemon in engine["daemons"]}


def folder(home: Path, site: str) -> Path:
    return home / "afspec/twins" / site


@pytest.mark.parametrize("site", SITES)
def test_up_again_is_nothing_and_down_leaves_nothing(site: str, home: Path) -> None:
    need(site)
    mounts = Path("/proc/mounts").read_text()
    passwd = Path("/etc/passwd").read_text()
    afspec(home, "up", site)
    before = status(home, site)
    assert before["well"]
    assert all(pids(before).values())
    assert "already" in afspec(home, "up", site)
    assert pids(status(home, site)) == pids(before)
    afspec(home, "down", site)
    # What ended and was not waited for by the machine's first process holds nothing any more.
    assert [name for name, pid in pids(before).items() if identify(pid)] == []
    assert not folder(home, site).exists()
    assert marked(str(folder(home, site))) == set()
    assert Path("/proc/mounts").read_text() == mounts
    assert Path("/etc/passwd").read_text() == passwd
    assert "is not up" in afspec(home, "down", site)


@pytest.mark.parametrize("site", SITES)
def test_a_killed_up_is_cleaned_by_down(site: str, home: Path) -> None:
    need(site)
    with subprocess.Popen([AFSPEC, "twin", "up", site], env=environment(home), stderr=subprocess.DEVNULL) as up:
        # Somewhere in the middle: the first daemon has begun to write.
        assert until(lambda: any(folder(home, site).glob("logs/*.log")), 60)
        up.send_signal(signal.SIGKILL)
    state = json.loads((folder(home, site) / "state.json").read_text())
    assert state["up"] is False
    afspec(home, "down", site)
    assert not folder(home, site).exists()
    assert marked(str(folder(home, site))) == set()
    assert not state["first"] or not Process(*state["first"]).alive


@pytest.mark.parametrize("site", SITES)
def test_an_interrupted_up_takes_itself_down(site: str, home: Path) -> None:
    need(site)
    with subprocess.Popen([AFSPEC, "twin", "up", site], env=environment(home), stderr=subprocess.PIPE, text=True) as up:
        assert until(lambda: any(folder(home, site).glob("logs/*.log")), 60)
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=90)
    assert up.returncode == 130
    assert "interrupted" in said
    assert not folder(home, site).exists()
    assert marked(str(folder(home, site))) == set()


def test_two_side_by_side_and_each_goes_alone(home: Path) -> None:
    """A second local twin finds the first one's ports taken, and nothing of it when it goes."""
    need("local")
    other = home / "other"
    afspec(home, "up", "local")
    afspec(other, "up", "local")
    first, second = status(home, "local"), status(other, "local")

    def ports(found: dict[str, Any]) -> set[int]:
        return {address["port"] for engine in found["engines"] for address in engine["endpoints"]}

    assert not ports(first) & ports(second)
    afspec(other, "down", "--all")
    assert status(home, "local")["well"]
    assert pids(status(home, "local")) == pids(first)


def test_a_broken_start_names_the_engine_and_takes_itself_down(home: Path, tmp_path: Path) -> None:
    need("local")
    spec = tmp_path / "broken.yaml"
    spec.write_text(
        f"""\
afspec: 1
extends: [{Path("specs/twin/local.yaml").resolve()}]
services: {{triton: {{server: {{executable: /opt/afspec/triton/no-such-server}}}}}}
"""
    )
    done = subprocess.run(
        [AFSPEC, "twin", "up", str(spec)],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 5
    assert "triton" in done.stderr
    assert "no-such-server" in done.stderr
    assert not folder(home, "local").exists()


def test_logs_of_a_twin(home: Path) -> None:
    need("local")
    afspec(home, "up", "local")
    names = [line.split()[0] for line in afspec(home, "logs", "local").splitlines()]
    assert set(pids(status(home, "local"))) <= set(names)
    assert afspec(home, "logs", "local", names[0], "-n", "1").count("\n") <= 1
    afspec(home, "logs", "local", "no-such-log", code=2)


def test_a_shell_is_a_users_own(home: Path) -> None:
    need("slac")
    afspec(home, "up", "slac")
    assert afspec(home, "shell", "slac", "--", "id", "-un").strip() == "alice"
    assert afspec(home, "shell", "slac", "-u", "bob", "--", "sh", "-c", "cd && pwd").strip() == "/sdf/home/b/bob"
    afspec(home, "shell", "slac", "-u", "eve", "--", "id", code=2)
    # The laptop knows the bastion, and not what is behind it.
    known = "getent hosts s3dflogin-mfa.slac.stanford.edu && ! getent hosts iana"
    afspec(home, "shell", "slac", "--outside", "--", "sh", "-c", known)
    # Nothing but loopback is there to be reached, and nobody's account is the machine's.
    assert [
        line.split(":")[1].strip() for line in afspec(home, "shell", "slac", "--", "ip", "-o", "link").splitlines()
    ] == ["lo"]


def test_what_is_not_up_says_so(home: Path) -> None:
    afspec(home, "status", "slac", code=5)
    afspec(home, "shell", "slac", "--", "true", code=6)
    afspec(home, "logs", "slac", code=6)
    afspec(home, "up", "no-such-site", code=1)
    afspec(home, "down", code=2)
