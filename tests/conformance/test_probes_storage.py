"""The probes of storage and caches, where stand-ins for a file system's or a client's commands show a fault."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from probed_site import Came, Probed

from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.conformance.store import Told

SOURCE = "root://source.example.org:1094//store/file"
# A client of XRootD: the file is always the same.
XRDCP = 'shift 2\ncase $1 in *afspec.invalid*) echo "[ERROR] no such host" >&2; exit 54 ;; esac\necho bytes of a file'


class Session:
    """A session of anna's, with commands of its own before those of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = folder / "bin"
        self.area = folder / "area"
        for path in (self.commands, self.area):
            path.mkdir()

    def command(self, name: str, script: str) -> None:
        path = self.commands / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def told(self, requirement: str, storage: str, item: str) -> Told:
        environment = {"PATH": f"{self.commands}:{os.defpath}", "HOME": str(self.folder)}
        probed = Probed(self.folder, f"storage:\n  {storage}\n", session=environment)
        given = {"user": "anna", "xrootd_file": SOURCE}
        probed.run.credentials = probed.run.credentials.model_copy(update=given)
        return probed.ask(requirement, item)

    def home(self, requirement: str, more: str = "") -> Told:
        area = f"{{name: home, stance: promised, purpose: home, path: {self.area}{more}}}"
        return self.told(requirement, f"areas: [{area}]", "home")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def last(told: Told) -> Came:
    attempt = told.attempts[-1]
    return Came(attempt.outcome, attempt.reason, attempt.text)


def test_an_area_that_loses_bytes(session: Session) -> None:
    assert session.home("AF-STORAGE-001").outcome is Outcome.PASS
    session.command("base64", f'{_real("base64")} "$@" | head -c 60000')
    came = last(session.home("AF-STORAGE-001"))
    assert came.outcome is Outcome.FAIL
    assert "the bytes come back" in came.text
    assert list(session.area.iterdir()) == []


def _real(name: str) -> str:
    return next(path for folder in os.defpath.split(":") if os.access(path := f"{folder}/{name}", os.X_OK))


def test_a_full_file_system_is_the_sites_matter(session: Session) -> None:
    session.command("base64", "echo 'base64: write error: No space left on device' >&2; exit 1")
    came = last(session.home("AF-STORAGE-001", ", quota: 1 GB"))
    assert came.outcome is Outcome.FAIL
    assert "No space left on device" in came.text
    session.command("base64", "echo 'base64: write error: Disk quota exceeded' >&2; exit 1")
    assert last(session.home("AF-STORAGE-001"))[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)


@pytest.mark.parametrize(
    ("limit", "outcome", "degraded"),
    [
        (25_000_000, Outcome.PASS, ()),
        (10_000_000, Outcome.FAIL, ()),
        (50_000_000, Outcome.PASS, ("quota says 51.2 GB, declared are 25600 MB",)),
        (0, Outcome.UNVERIFIED, ()),
    ],
)
def test_a_quota_that_a_tool_tells(session: Session, limit: int, outcome: Outcome, degraded: tuple[str, ...]) -> None:
    session.command("df", "echo nas:/home 900000000 100 899999900 1% /anywhere")
    session.command("quota", f"echo ' nas:/home 17 {limit} {limit} 3 0 0'")
    told = session.home("AF-STORAGE-002", ", quota: 25600 MB")
    assert told.outcome is outcome
    assert told.degraded == degraded
    assert (told.proof is Proof.CONFIGURED) == (limit > 0)


def test_a_file_system_that_forgets_modes(session: Session) -> None:
    session.area.chmod(0o755)
    assert session.home("AF-STORAGE-004").outcome is Outcome.PASS
    session.command("stat", f'case $2 in %a) echo 755 ;; *) {_real("stat")} "$@" ;; esac')
    came = last(session.home("AF-STORAGE-004"))
    assert came == (Outcome.FAIL, None, "not so: a file that is kept private stays so: its mode is 755")
    # Into a home that is closed nobody gets to it.
    session.area.chmod(0o700)
    assert session.home("AF-STORAGE-004").outcome is Outcome.PASS


def xrdfs(cached: str, flags: int = 16) -> str:
    """What the cache says of the file, and what its source says."""
    entry = "echo 'Size: 16'; echo 'MTime: {}'; echo 'Flags: {} (IsReadable)'"
    return f"case $1 in *source*) {entry.format('monday', 16)} ;; *) {entry.format(cached, flags)} ;; esac"


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (xrdfs("tuesday"), Outcome.PASS),
        (xrdfs("monday", 528), Outcome.PASS),
        (xrdfs("monday"), Outcome.FAIL),
        ("exit 54", Outcome.UNVERIFIED),
    ],
    ids=["an entry of its own", "by its word", "the source's entry", "nothing"],
)
def test_a_cache_that_keeps_files_by_their_hosts(
    session: Session, says: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is no server: its door is not what is asked about here.
    monkeypatch.setattr("afspec.conformance.plan.Plan.below", lambda *_: [])
    session.command("xrdcp", XRDCP)
    session.command("xrdfs", says)
    door = "{name: cache, stance: promised, door: 'root://cache.example.org:1094'}"
    assert session.told("AF-XCACHE-003", f"xcache: [{door}]", "cache").outcome is outcome
