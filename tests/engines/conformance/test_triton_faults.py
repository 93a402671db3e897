"""Triton broken in the ways that its checks are there to notice."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support import until

from afspec.conformance.clients import triton as client
from afspec.conformance.clients.bucket import Bucket
from afspec.conformance.draft import draft
from afspec.conformance.evidence import Evidence, now
from afspec.conformance.web import Web
from afspec.twin.engine import Daemon
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    Kit = Callable[..., Asked]

OWN = "AF-TRITON-002"
BAD = "AF-TRITON-003"
COUNTED = "AF-TRITON-004"
# How long a server may take to load its models, on a busy machine.
PATIENCE = 60


@contextmanager
def store_of(asked: Asked) -> Iterator[Bucket]:
    """The user's folder in the store."""
    triton = asked.run.facility.services.triton
    folder = client.uploads(triton, "alice") if triton else None
    assert folder
    web = Web(asked.run.vantages.way("session"), "session", Evidence(str), folder.endpoint)
    try:
        yield Bucket(web, folder, client.key_of(asked.run))
    finally:
        web.close()


@contextmanager
def meddling(asked: Asked, meddle: Callable[[Bucket, str], None]) -> Iterator[None]:
    """Do something to the run's model, by its name, once it lies in the store."""
    over, failed = threading.Event(), []

    def watch() -> None:
        try:
            with store_of(asked) as bucket:
                while not over.wait(0.02):
                    whole = [name for name in bucket.names(f"alice-{asked.run.name}") if name.endswith("config.pbtxt")]
                    if whole:
                        meddle(bucket, whole[0].partition("/")[0])
                        return
        except Exception as error:  # noqa: BLE001 - raised again where the test sees it
            failed.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not failed, failed


@contextmanager
def restarted(miniature: Miniature, patch: pytest.MonkeyPatch, *options: str) -> Iterator[None]:
    """The server with other options; afterwards it is again what it was."""
    engine = miniature.engine("triton")
    (usual,) = engine.daemons()

    def again() -> None:
        miniature.room.kill("triton", signal.SIGKILL)
        assert until(lambda: not miniature.room.alive("triton"))
        miniature.heal()
        triton = miniature.facility.services.triton
        assert triton
        assert until(lambda: _serves_examples(miniature), PATIENCE)

    other = Daemon("triton", (*usual.argv, *options), environment=usual.environment)
    try:
        with patch.context() as context:
            context.setattr(engine, "daemons", lambda: [other])
            again()
            yield
    finally:
        again()


def _serves_examples(miniature: Miniature) -> bool:
    """Whether the examples of the twin's two tenants are back, without which a strict server is not ready."""
    triton = miniature.facility.services.triton
    assert triton
    urls = [f"{triton.http}/v2/models/{user}-example/ready" for user in ("alice", "bob")]
    script = "import sys, urllib.request; [urllib.request.urlopen(url, timeout=5) for url in sys.argv[1:]]"
    return miniature.room.run(["python3", "-c", script, *urls], check=False).returncode == 0


def reason_of(asked: Asked, requirement: str) -> tuple[Outcome, Reason | None, str]:
    last = asked.ask(requirement).attempts[-1]
    return last.outcome, last.reason, last.text


def test_a_killed_server_is_the_one_cause(local: Miniature, kit: Kit) -> None:
    try:
        local.room.kill("triton", signal.SIGKILL)
        assert until(lambda: not local.room.alive("triton"))
        asked = kit(local)
        assert reason_of(asked, OWN)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
        assert reason_of(asked, COUNTED)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
        for item in ("http", "grpc"):
            outcome, text = asked.outcome("AF-TRITON-001", item)
            assert (outcome, "refuses connections" in text) == (Outcome.FAIL, True), text
        (cause,) = draft(asked.run, asked.store, now(), ["some checks only"], []).causes
        assert (cause.requirement, cause.blocked) == ("AF-TRITON-001", 2)
    finally:
        local.heal()
    assert until(lambda: _serves_examples(local), PATIENCE)


def test_a_model_that_is_taken_away(local: Miniature, kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOADING", 2)
    asked = kit(local)
    asked.ask("AF-TRITON-001", "http")

    def take(bucket: Bucket, name: str) -> None:
        bucket.remove(f"{name}/")

    with meddling(asked, take):
        outcome, text = asked.outcome(OWN)
    assert (outcome, "a model that was uploaded is served" in text) == (Outcome.FAIL, True), text
    assert not asked.store.problems()


def test_a_model_that_computes_something_else(local: Miniature, kit: Kit) -> None:
    asked = kit(local)
    for item in ("http", "grpc"):
        assert asked.outcome("AF-TRITON-001", item)[0] is Outcome.PASS
    code = client.Affine("", 3, 4, ()).files["1/model.py"]

    def replace(bucket: Bucket, name: str) -> None:
        try:
            bucket.put(f"{name}/1/model.py", code)
        finally:
            local.room.kill("triton", signal.SIGCONT)

    # The server does not look at its repository before the model was changed.
    local.room.kill("triton", signal.SIGSTOP)
    try:
        with meddling(asked, replace):
            outcome, text = asked.outcome(OWN)
    finally:
        local.room.kill("triton", signal.SIGCONT)
    assert (outcome, "the model computes what it is made to (http): [4.0, " in text) == (Outcome.FAIL, True), text


def test_a_key_that_the_store_does_not_know(local: Miniature, kit: Kit) -> None:
    asked = kit(local)
    identity = asked.run.wallet.get(client.KEY).partition(":")[0]
    asked.run.wallet.add(client.KEY, f"{identity}:not-the-secret")
    outcome, reason, text = reason_of(asked, OWN)
    assert (outcome, reason) == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
    assert "the store does not know this run's key: SignatureDoesNotMatch" in text
    evidence = b"".join(asked.store.evidence_files().values()).decode()
    assert identity not in evidence
    assert "not-the-secret" not in evidence


def test_another_tenants_folder_is_closed_to_the_key(local: Miniature, kit: Kit) -> None:
    asked = kit(local)
    asked.run.credentials = asked.run.credentials.model_copy(update={"user": "bob"})
    outcome, reason, text = reason_of(asked, OWN)
    assert (outcome, reason, "AccessDenied" in text) == (Outcome.FAIL, None, True), text


def test_a_server_that_one_bad_model_makes_unready_and_that_has_no_metrics(
    local: Miniature, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with restarted(local, monkeypatch, "--strict-readiness=true", "--allow-metrics=false"):
        asked = kit(local, max_safety="load")
        outcome, text = asked.outcome(BAD)
        assert (outcome, "the server stays ready beside a model that cannot" in text) == (Outcome.FAIL, True), text
        # With the model gone the server is itself again: its readiness was the model's doing.
        assert asked.outcome("AF-TRITON-001", "http")[0] is Outcome.PASS
        outcome, text = asked.outcome(COUNTED)
        assert (outcome, "refuses connections" in text) == (Outcome.FAIL, True), text


def test_what_killed_runs_left_is_swept_and_nothing_else(local: Miniature, kit: Kit) -> None:
    asked = kit(local)
    long_ago, later = (f"{int(time.time() + seconds):x}" for seconds in (-10, 3600))
    names = {
        "expired": f"alice-afspec-00000000-{long_ago}-0123456789abcdef",
        "running": f"alice-afspec-00000000-{later}-0123456789abcdef",
        "not ours": "alice-afspec-a",
    }
    with store_of(asked) as bucket:
        try:
            for name in names.values():
                # No configuration: the server sees nothing to load.
                bucket.put(f"{name}/1/model.py", b"")
            assert list(client.triton_models(asked.run)) == []
            left = {name.partition("/")[0] for name in bucket.names("alice-")}
            assert left == {names["running"], names["not ours"], "alice-example"}
        finally:
            for name in names.values():
                bucket.remove(f"{name}/")
