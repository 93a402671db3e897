"""Access in the twins, when a server dies, hangs, or lets people in as it must not: what the kit says of it."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support import until

from afspec.conformance.catalogue import catalogue
from afspec.conformance.checks import function_of
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

    from afspec.conformance.store import Told
    from afspec.facility import Facility
    from afspec.twin.engines.ssh import Ssh

    Begin = Callable[..., Asked]

BASTION = "s3dflogin-mfa.slac.stanford.edu"


@contextmanager
def dead(miniature: Miniature, daemon: str) -> Iterator[None]:
    """A daemon is gone."""
    miniature.room.kill(daemon, signal.SIGKILL)
    assert until(lambda: not miniature.room.alive(daemon))
    try:
        yield
    finally:
        miniature.heal()


@contextmanager
def altered(miniature: Miniature, path: str, old: str, new: str) -> Iterator[None]:
    """A file of the room says something else."""
    text = miniature.room.read(path)
    assert old in text
    miniature.room.write(path, text.replace(old, new))
    try:
        yield
    finally:
        miniature.room.write(path, text)


def last(told: Told) -> tuple[Outcome, Reason | None, str]:
    attempt = told.attempts[-1]
    return attempt.outcome, attempt.reason, attempt.text


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is waited for one second."""
    (check,) = catalogue().requirement("AF-ACCESS-001").checks
    module = sys.modules[function_of(check).__module__]
    monkeypatch.setattr(module, "SOON", 1)


def test_a_dead_gateway_is_the_one_cause(slac: Miniature, kit: Begin) -> None:
    with dead(slac, "sshd-bastion"):
        asked = kit(slac)
        outcome, text = asked.outcome("AF-ACCESS-001", "bastion")
        assert outcome is Outcome.FAIL
        assert text == f"{BASTION}:22 refuses connections"
        told = asked.ask("AF-ACCESS-002", "iana")
        assert last(told)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
        assert told.cause == "AF-ACCESS-001[bastion]"
        # The host beside the gateway is no matter of the gateway's.
        assert asked.outcome("AF-ACCESS-002", "dtn")[0] is Outcome.PASS


@pytest.mark.usefixtures("impatient")
def test_a_gateway_that_hangs(slac: Miniature, kit: Begin) -> None:
    slac.room.kill("sshd-bastion", signal.SIGSTOP)
    try:
        outcome, text = kit(slac).outcome("AF-ACCESS-001", "bastion")
    finally:
        slac.room.kill("sshd-bastion", signal.SIGCONT)
    assert outcome is Outcome.FAIL
    assert "takes the connection and says nothing" in text


def test_a_host_behind_the_gateway_is_dead(slac: Miniature, kit: Begin) -> None:
    with dead(slac, "sshd-host-iana"):
        outcome, text = kit(slac).outcome("AF-ACCESS-002", "iana")
        assert outcome is Outcome.FAIL
        assert "the gateway does not lead there" in text
        assert "Connection refused" in text
    assert kit(slac).outcome("AF-ACCESS-002", "iana")[0] is Outcome.PASS


def shell_of_alice(slac: Miniature, shell: str) -> str:
    line = next(line for line in slac.room.read("/etc/passwd").splitlines() if line.startswith("alice:"))
    return f"{line.rpartition(':')[0]}:{shell}"


def test_an_account_without_a_shell(slac: Miniature, kit: Begin) -> None:
    with altered(slac, "/etc/passwd", shell_of_alice(slac, "/bin/bash"), shell_of_alice(slac, "/usr/sbin/nologin")):
        outcome, text = kit(slac).outcome("AF-ACCESS-002", "iana")
    assert outcome is Outcome.FAIL
    assert "a command on iana brings its nonce back" in text
    assert "not available" in text


def test_a_shell_that_is_roots(slac: Miniature, kit: Begin) -> None:
    # Root in a namespace of her own, which is root to whoever asks.
    shell = "/usr/local/bin/afspec-root-shell"
    slac.room.write(shell, '#!/bin/sh\nexec unshare --map-root-user /bin/bash "$@"\n', mode=0o755)
    try:
        with altered(slac, "/etc/passwd", shell_of_alice(slac, "/bin/bash"), shell_of_alice(slac, shell)):
            outcome, text = kit(slac).outcome("AF-ACCESS-002", "iana")
    finally:
        slac.room.run(["rm", shell])
    assert outcome is Outcome.FAIL
    assert text == "not so: it is an ordinary user's shell on iana: 0"


@pytest.fixture
def laptop(bnl: Miniature) -> Iterator[str]:
    """A copy of alice's own SSH configuration."""
    engine: Ssh = bnl.engine("ssh")  # type: ignore[assignment]
    path = "/laptop/alice/.ssh/other"
    bnl.room.write(path, bnl.room.read(engine.config("alice")), mode=0o600, owner="alice")
    yield path
    bnl.room.run(["rm", path])


def with_laptop(asked: Asked, path: str) -> Asked:
    asked.run.credentials = asked.run.credentials.model_copy(update={"ssh_config": path})
    return asked


def test_a_host_of_a_range_is_another(bnl: Miniature, kit: Begin, laptop: str) -> None:
    assert with_laptop(kit(bnl), laptop).outcome("AF-ACCESS-002", "attsub")[0] is Outcome.PASS
    text = bnl.room.read(laptop)
    bnl.room.write(laptop, f"Host bnl-attsub02\n    HostName attsub01\n{text}", mode=0o600, owner="alice")
    outcome, text = with_laptop(kit(bnl), laptop).outcome("AF-ACCESS-002", "attsub")
    assert outcome is Outcome.FAIL
    assert "the host behind attsub02 is attsub02 itself" in text


def test_a_key_that_nobody_knows_is_no_fault_of_the_facility(bnl: Miniature, kit: Begin, laptop: str) -> None:
    key = "/laptop/alice/.ssh/stray"
    bnl.room.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], user="alice")
    try:
        text = bnl.room.read(laptop)
        bnl.room.write(laptop, text.replace("/laptop/alice/.ssh/id_ed25519", key), mode=0o600, owner="alice")
        told = with_laptop(kit(bnl), laptop).ask("AF-ACCESS-002", "attsub")
    finally:
        bnl.room.run(["rm", key, f"{key}.pub"])
    outcome, reason, text = last(told)
    assert (outcome, reason) == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
    assert "Permission denied (publickey)" in text


def test_a_page_whose_server_is_dead(bnl: Miniature, kit: Begin) -> None:
    assert kit(bnl).outcome("AF-ACCESS-003", "jupyter")[0] is Outcome.PASS
    with dead(bnl, "hub-jupyterhub"):
        outcome, text = kit(bnl).outcome("AF-ACCESS-003", "jupyter")
        assert outcome is Outcome.FAIL
        assert text == "not so: the page answers: status 503"


def test_a_page_with_a_certificate_that_nobody_signed(bnl: Miniature, kit: Begin) -> None:
    asked = kit(bnl)
    # Whoever does not know the twin's authority sees what a browser sees of a site that signed its own certificate.
    asked.run.vantages.way("outside").dialer.authority = None
    outcome, text = asked.outcome("AF-ACCESS-003", "jupyter")
    assert outcome is Outcome.FAIL
    assert "certificate verify failed" in text


def keys_alone(asked: Asked) -> Asked:
    """A run over a facility that says that nothing but a key opens its servers."""
    facility: Facility = asked.run.facility
    assert facility.access.ssh
    ssh = facility.access.ssh.model_copy(update={"key_only": True})
    asked.run.facility = facility.model_copy(update={"access": facility.access.model_copy(update={"ssh": ssh})})
    return asked


def test_a_server_that_takes_keys_alone(slac: Miniature, kit: Begin) -> None:
    told = keys_alone(kit(slac)).ask("AF-ACCESS-004", "bastion")
    assert told.outcome is Outcome.PASS
    assert told.degraded == ()


def test_a_server_that_takes_passwords(slac: Miniature, kit: Begin) -> None:
    assert slac.facility.access.ssh
    config = f"{slac.facility.access.ssh.replica.directory}/bastion.conf"

    def reload() -> None:
        slac.room.kill("sshd-bastion", signal.SIGHUP)
        assert until(lambda: slac.room.answers(BASTION, 22))

    try:
        with altered(slac, config, "PasswordAuthentication no", "PasswordAuthentication yes"):
            reload()
            outcome, text = keys_alone(kit(slac)).outcome("AF-ACCESS-004", "bastion")
    finally:
        reload()
    assert outcome is Outcome.FAIL
    assert text == f"not so: {BASTION} takes no password: publickey, password"
