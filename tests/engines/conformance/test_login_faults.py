"""Logins in the twins, when an issuer dies, and when a hub is configured as no hub should be: what the kit says."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from engines.conformance.careless import careless_hub
from support import until

from afspec.conformance.clients import session
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature


@pytest.fixture(scope="module")
def careless(bnl: Miniature) -> Iterator[Miniature]:
    with careless_hub(bnl):
        yield bnl


@pytest.fixture
def no_jobs(bnl: Miniature) -> Iterator[None]:
    """What a careless hub leaves behind goes at the end."""
    yield
    bnl.room.run(["condor_rm", "-all"], user="alice", check=False)
    ids = ["condor_q", "-af", "ClusterId"]
    assert until(lambda: not bnl.room.run(ids, user="alice").stdout.strip(), 60)


def test_an_issuer_that_died_fails_and_blocks(bnl: Miniature, kit: Callable[..., Asked]) -> None:
    daemon = "oidc-cilogon.org"
    bnl.room.kill(daemon, signal.SIGKILL)
    try:
        assert until(lambda: not bnl.room.alive(daemon))
        asked = kit(bnl)
        outcome, text = asked.outcome("AF-LOGIN-003", "federated")
        assert outcome is Outcome.UNVERIFIED
        assert "AF-LOGIN-001[federated]: cilogon.org:443 refuses connections" in text
        assert asked.outcome("AF-LOGIN-001", "federated")[0] is Outcome.FAIL
        assert [cause.id for cause in asked.store.causes()] == ["AF-LOGIN-001[federated]"]
    finally:
        bnl.heal()
    assert kit(bnl).outcome("AF-LOGIN-003", "federated")[0] is Outcome.PASS


def test_without_an_account_elsewhere_it_cannot_be_told(bnl: Miniature, kit: Callable[..., Asked]) -> None:
    asked = kit(bnl)
    asked.run.wallet.add("foreign_account", '{"user": "alice", "idp": "https://cern.ch/login"}')
    told = asked.ask("AF-LOGIN-003", "federated")
    assert told.outcome is Outcome.UNVERIFIED
    assert told.attempts[-1].reason is Reason.NO_CREDENTIALS
    assert "of an accepted identity provider" in told.attempts[-1].text


def test_a_user_who_administers_the_hub_is_found(careless: Miniature, kit: Callable[..., Asked]) -> None:
    outcome, text = kit(careless).outcome("AF-LOGIN-002", "federated")
    assert (outcome, "she does not administer the hub" in text) == (Outcome.FAIL, True), text


def test_an_identity_provider_that_is_accepted_by_mistake_is_found(
    careless: Miniature, kit: Callable[..., Asked]
) -> None:
    outcome, text = kit(careless).outcome("AF-LOGIN-003", "federated")
    assert (outcome, "the hub lets nobody in from an identity provider" in text) == (Outcome.FAIL, True), text


def test_a_hub_that_takes_any_token_is_found(careless: Miniature, kit: Callable[..., Asked]) -> None:
    outcome, text = kit(careless).outcome("AF-LOGIN-004", "jupyterhub")
    assert (outcome, "the hub refuses a token that it did not make: 200" in text) == (Outcome.FAIL, True), text


@pytest.mark.usefixtures("no_jobs")
def test_sessions_that_get_less_and_stay_are_found(
    careless: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_GONE", 3)
    asked = kit(careless)
    outcome, text = asked.outcome("AF-JUPYTER-004", "jupyterhub")
    assert (outcome, "the session has 1 GiB of memory: 512 MiB (condor)" in text) == (Outcome.FAIL, True), text
    outcome, text = asked.outcome("AF-JUPYTER-005", "jupyterhub")
    assert (outcome, "no job is left: job" in text) == (Outcome.FAIL, True), text
