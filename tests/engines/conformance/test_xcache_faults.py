"""XCache in the twin of SLAC, when it is dead, hangs, serves other bytes or keeps nothing: what the kit says of it."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support import until

from afspec.conformance.catalogue import catalogue
from afspec.conformance.checks import function_of
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    from afspec.twin.engines.xrootd import XRootD

    Begin = Callable[..., Asked]

CACHE = "xcache-atlfax"


def folder(slac: Miniature) -> str:
    engine: XRootD = slac.engine("xrootd")  # type: ignore[assignment]
    return engine.caches[0].config.root


def forget(slac: Miniature) -> None:
    """An empty cache, as on its first day."""
    slac.room.kill(CACHE, signal.SIGKILL)
    assert until(lambda: not slac.room.alive(CACHE))
    slac.room.run(["find", folder(slac), "-mindepth", "1", "-delete"])
    slac.heal()


@contextmanager
def dead(slac: Miniature, daemon: str) -> Iterator[None]:
    slac.room.kill(daemon, signal.SIGKILL)
    assert until(lambda: not slac.room.alive(daemon))
    try:
        yield
    finally:
        slac.heal()


def test_a_dead_cache_is_the_one_cause(slac: Miniature, kit: Begin) -> None:
    with dead(slac, CACHE):
        asked = kit(slac)
        outcome, text = asked.outcome("AF-XCACHE-001", "atlfax")
        assert outcome is Outcome.FAIL
        assert text == "atlfax.slac.stanford.edu:1094 refuses connections"
        for requirement in ("AF-XCACHE-002", "AF-XCACHE-003"):
            told = asked.ask(requirement, "atlfax")
            assert told.attempts[-1].reason is Reason.BLOCKED_BY
            assert told.cause == "AF-XCACHE-001[atlfax]"


def test_a_cache_that_hangs(slac: Miniature, kit: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = catalogue().requirement("AF-XCACHE-001").checks
    monkeypatch.setattr(sys.modules[function_of(check).__module__], "SOON", 1)
    slac.room.kill(CACHE, signal.SIGSTOP)
    try:
        outcome, text = kit(slac).outcome("AF-XCACHE-001", "atlfax")
    finally:
        slac.room.kill(CACHE, signal.SIGCONT)
    assert outcome is Outcome.FAIL
    assert "takes the connection and gives no answer" in text


def test_a_cache_that_serves_other_bytes(slac: Miniature, kit: Begin) -> None:
    assert kit(slac).outcome("AF-XCACHE-002", "atlfax")[0] is Outcome.PASS
    (kept,) = slac.room.run(["find", folder(slac), "-name", "*.root"]).stdout.split()
    alter = 'printf altered | dd of="$1" conv=notrunc bs=1 seek=1000000'
    try:
        slac.room.run(["sh", "-c", alter, "sh", kept])
        outcome, text = kit(slac).outcome("AF-XCACHE-002", "atlfax")
    finally:
        forget(slac)
    assert outcome is Outcome.FAIL
    assert "the first read through the cache gives the bytes of the source" in text
    assert kit(slac).outcome("AF-XCACHE-002", "atlfax")[0] is Outcome.PASS


def test_a_source_that_is_away_is_no_fault_of_the_cache(slac: Miniature, kit: Begin) -> None:
    with dead(slac, "origin-atlfax"):
        attempt = kit(slac).ask("AF-XCACHE-002", "atlfax").attempts[-1]
    assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "the source itself gives no file" in attempt.text


def test_a_cache_that_keeps_nothing(slac: Miniature, kit: Begin) -> None:
    forget(slac)
    owner = slac.room.run(["stat", "-c", "%U:%G", folder(slac)]).stdout.strip()
    slac.room.run(["chown", "root:root", folder(slac)])
    try:
        outcome, text = kit(slac).outcome("AF-XCACHE-003", "atlfax")
    finally:
        slac.room.run(["chown", owner, folder(slac)])
        forget(slac)
    assert outcome is Outcome.FAIL
    assert text == "not so: a file that was read twice is kept: the cache knows it from the source alone"
    assert kit(slac).outcome("AF-XCACHE-003", "atlfax")[0] is Outcome.PASS


def test_nobody_said_which_file_to_read(slac: Miniature, kit: Begin) -> None:
    asked = kit(slac)
    asked.run.credentials = asked.run.credentials.model_copy(update={"xrootd_file": None})
    attempt = asked.ask("AF-XCACHE-002", "atlfax").attempts[-1]
    assert (attempt.outcome, attempt.reason) == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
    assert "xrootd_file:" in attempt.text
