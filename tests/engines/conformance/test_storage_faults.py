"""Storage in the twin of SLAC, when areas are closed, gone, full or open to all: what the kit says of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from afspec.conformance.clients.files import TEMPORARY
from afspec.conformance.sweep import SWEEPERS
from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    Begin = Callable[..., Asked]

HOME = "/sdf/home/a/alice"
DATA = "/sdf/data/atlas/u/alice"


@contextmanager
def mode(slac: Miniature, path: str, mode: str) -> Iterator[None]:
    """A folder with other rights."""
    before = slac.room.run(["stat", "-c", "%a", path]).stdout.strip()
    slac.room.run(["chmod", mode, path])
    try:
        yield
    finally:
        slac.room.run(["chmod", before, path])


@contextmanager
def home_of(slac: Miniature, size: str) -> Iterator[None]:
    """Alice's home with another quota."""
    slac.room.run(["mount", "-o", f"remount,size={size}", HOME])
    try:
        yield
    finally:
        slac.room.run(["mount", "-o", "remount,size=256m", HOME])


def test_an_area_that_is_read_only(slac: Miniature, kit: Begin) -> None:
    with mode(slac, DATA, "500"):
        outcome, text = kit(slac).outcome("AF-STORAGE-001", "data")
    assert outcome is Outcome.FAIL
    assert "a user writes into" in text
    assert "Permission denied" in text


@contextmanager
def away(slac: Miniature, path: str) -> Iterator[None]:
    """A folder is not there."""
    slac.room.run(["mv", path, f"{path}.away"])
    try:
        yield
    finally:
        slac.room.run(["mv", f"{path}.away", path])


def test_an_area_that_is_not_there(slac: Miniature, kit: Begin) -> None:
    with away(slac, DATA):
        outcome, text = kit(slac).outcome("AF-STORAGE-001", "data")
    assert outcome is Outcome.FAIL
    assert "there is a folder" in text
    # A job's own scratch is promised to jobs: this session is none.
    with away(slac, "/lscratch"):
        attempt = kit(slac).ask("AF-STORAGE-001", "lscratch").attempts[-1]
    assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "is there in jobs, and this session is none" in attempt.text


def test_a_group_that_lets_nobody_write_at_its_top(slac: Miniature, kit: Begin) -> None:
    own = "/sdf/group/atlas/mine"
    slac.room.make_folder(own, owner="alice")
    try:
        with mode(slac, "/sdf/group/atlas", "755"):
            attempt = kit(slac).ask("AF-STORAGE-001", "group").attempts[-1]
            assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
            assert "`folders: group:`" in attempt.text
            asked = kit(slac)
            asked.run.credentials = asked.run.credentials.model_copy(update={"folders": {"group": own}})
            assert asked.outcome("AF-STORAGE-001", "group")[0] is Outcome.PASS
    finally:
        slac.room.run(["rmdir", own])


def test_a_home_that_its_user_filled(slac: Miniature, kit: Begin) -> None:
    slac.room.run(["sh", "-c", f"head -c 300000000 /dev/zero >{HOME}/big"], user="alice", check=False)
    try:
        attempt = kit(slac).ask("AF-STORAGE-001", "home").attempts[-1]
    finally:
        slac.room.run(["rm", f"{HOME}/big"])
    assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "the user's quota" in attempt.text


def test_a_quota_that_is_smaller(slac: Miniature, kit: Begin) -> None:
    with home_of(slac, "128m"):
        outcome, text = kit(slac).outcome("AF-STORAGE-002", "home")
        assert outcome is Outcome.FAIL
        assert "a user may store the declared 256 MiB: df says 0.134 GB" in text
    with home_of(slac, "512m"):
        # As where df shows a server's whole disk: that is nobody's quota.
        attempt = kit(slac).ask("AF-STORAGE-002", "home").attempts[-1]
        assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
        assert "df shows all users' 0.537 GB" in attempt.text
    with home_of(slac, "250m"):
        told = kit(slac).ask("AF-STORAGE-002", "home")
        assert told.outcome is Outcome.PASS
        assert told.degraded == ("df says 0.262 GB, declared are 256 MiB",)
    told = kit(slac).ask("AF-STORAGE-002", "home")
    assert (told.outcome, told.degraded, told.proof) == (Outcome.PASS, (), Proof.CONFIGURED)


def test_a_quota_that_is_kept(slac: Miniature, kit: Begin) -> None:
    told = kit(slac, max_safety="load").ask("AF-STORAGE-003", "home")
    assert (told.outcome, told.proof) == (Outcome.PASS, Proof.DEMONSTRATED)
    assert "afspec-" not in slac.room.run(["ls", HOME], user="alice").stdout
    assert kit(slac).ask("AF-STORAGE-003", "home").outcome is Outcome.NOT_RUN


def test_a_quota_that_nobody_keeps(slac: Miniature, kit: Begin) -> None:
    with home_of(slac, "1g"):
        outcome, text = kit(slac, max_safety="load").outcome("AF-STORAGE-003", "home")
    assert outcome is Outcome.FAIL
    assert "is refused" in text


def test_a_home_that_is_open_to_all(slac: Miniature, kit: Begin) -> None:
    with mode(slac, HOME, "777"):
        outcome, text = kit(slac).outcome("AF-STORAGE-004", "home")
    assert outcome is Outcome.FAIL
    assert text == "not so: nobody else changes what is in the home: its mode is 777"
    assert kit(slac).ask("AF-STORAGE-004", "home").proof is Proof.CONFIGURED


def test_what_a_killed_run_left_is_swept(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    over = [f"{folder}/afspec-00000000-00000001-x" for folder in (HOME, DATA, TEMPORARY)]
    others = [f"{HOME}/afspec-00000000-ffffffff-x", f"{DATA}/afspec-notes"]
    slac.room.run(["touch", *over, *others], user="alice")
    try:
        asked.outcome("AF-STORAGE-001", "home")
        assert list(SWEEPERS["files"](asked.run)) == []
        assert [path for path in [*over, *others] if slac.room.exists(path)] == others
    finally:
        slac.room.run(["rm", "-f", *over, *others], user="alice")
