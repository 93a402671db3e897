"""JupyterHub on the real thing: sign in as a browser would, start a notebook, run code in it, and take things away."""

from __future__ import annotations

import json
import signal
import uuid
from typing import TYPE_CHECKING

import pytest
from engines.hub_site import GONE, Site
from support import until

from afspec.twin.engines.oidc import FOREIGN_IDP, STRANGER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature


@pytest.fixture(params=["local", "slac_2023", "bnl"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param))


@pytest.fixture(params=["bnl"])
def federated(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param))


@pytest.fixture(params=["slac_2023", "bnl"])
def batch(request: pytest.FixtureRequest) -> Site:
    return Site(request.getfixturevalue(request.param))


@pytest.fixture
def session(site: Site) -> Iterator[Site]:
    """A site on which alice's server runs."""
    alice = site.account("alice")
    last = [profile.name for profile in site.hub.jupyter.profiles if not profile.gpus][-1:]
    try:
        assert site.visit(alice, "start", *(["--profile", *last] if last else [])) == {"started": True}
        yield site
    finally:
        site.visit(alice, "stop")


def test_a_user_signs_in(site: Site) -> None:
    said = site.visit(site.account("alice"), "enter")
    assert said == {"home": f"{site.hub.url}/hub/home", "ok": True}


def test_whom_the_facility_does_not_know_is_refused(site: Site) -> None:
    said = site.visit(site.account(STRANGER), "enter")
    assert said["refused"] == 403
    assert ("no account here" if site.batch else "not currently authorized") in said["why"]


def test_a_wrong_password_is_refused_by_the_issuer(batch: Site) -> None:
    said = batch.visit(batch.account("alice"), "enter", password="guessed")  # noqa: S106 - a wrong one
    assert said["refused"] == 403
    assert "not the password" in said["why"]


def test_an_identity_provider_that_the_facility_does_not_name_is_refused(federated: Site) -> None:
    foreign = federated.account("alice", FOREIGN_IDP)
    # CILogon does not offer it; and whoever gets there all the same is refused by the hub.
    assert "No such user" in federated.visit(foreign, "enter")["why"]
    said = federated.visit(foreign, "enter", any_idp=True)
    assert said["refused"] == 403
    assert f"{FOREIGN_IDP} is not pre-configured" in said["why"]


def test_a_namesake_at_another_accepted_identity_provider_is_somebody_else(federated: Site) -> None:
    namesake = federated.account("alice", federated.oidc.issuers[0].settings[0]["entity_ids"][1])
    assert federated.visit(namesake, "enter")["refused"] == 403


def test_a_notebook_runs_code_as_its_user_where_the_spawner_says(session: Site) -> None:
    alice = session.account("alice")
    nonce = uuid.uuid4().hex
    where = "'SLURM_JOB_ID' in os.environ, '_CONDOR_SLOT' in os.environ"
    code = f"import os; print('{nonce}'[::-1], os.environ['USER'], os.getcwd(), {where})"
    said = session.visit(alice, "run", code)
    home = next(user.home for user in session.twin.twin.users if user.name == "alice")
    spawner = session.hub.jupyter.spawner
    assert said["printed"].split() == [nonce[::-1], "alice", home, str(spawner == "slurm"), str(spawner == "htcondor")]
    if session.batch:
        # The choice with two cores, in the queue under the user's own name.
        assert [job for job in session.queue() if job.endswith("RUNNING")] == ["alice jupyterhub 2 RUNNING"]
    # Nobody else gets in.
    assert session.visit(session.account("bob"), "run", "1", "--owner", "alice")["refused"] == 403
    assert session.visit(alice, "stop") == {"stopped": True}
    if session.batch:
        assert until(lambda: session.queue() == [], GONE)


def test_the_token_of_a_session_is_its_users_only(bnl: Miniature) -> None:
    site = Site(bnl)
    alice = site.account("alice")
    try:
        site.visit(alice, "start")
        job = bnl.room.run(["condor_q", "-allusers", "-long"], user="bob").stdout
        assert "jupyterhub-singleuser" in job
        assert "TOKEN" not in job.upper().replace("SEC_TOKEN", "")
        home = next(user.home for user in bnl.twin.users if user.name == "alice")
        refused = bnl.room.run(["cat", f"{home}/.jupyterhub.env"], user="bob", check=False)
        assert "Permission denied" in refused.stderr
    finally:
        site.visit(alice, "stop")


def test_what_is_not_offered_is_refused_whoever_asks(batch: Site) -> None:
    token = batch.token("operator")
    assert batch.ask(token, "POST", "/users/bob")["status"] in {201, 409}
    evil = json.dumps({"profile": "small\n#SBATCH --account=other"})
    said = batch.ask(token, "POST", "/users/bob/server", "--body", evil)
    assert said["status"] == 400
    assert "no such session is offered" in said["body"]
    # Somebody else's job of a moment ago may still be ending.
    assert [job for job in batch.queue() if job.startswith("bob ")] == []


def test_a_service_may_do_what_its_scopes_say(site: Site) -> None:
    service = site.hub.settings.services[0]
    token = site.token(service.name)
    assert site.ask(token, "GET", "/users")["status"] == (200 if site.batch else 403)
    assert site.ask(token, "GET", "/services")["status"] == 403
    assert site.ask("not-a-token", "GET", "/users")["status"] == 403


def test_a_session_outlives_the_hub(session: Site) -> None:
    alice = session.account("alice")
    before = session.visit(alice, "run", "kept = 6 * 7")
    daemon = session.hub.daemon
    session.twin.room.kill(daemon, signal.SIGKILL)
    try:
        assert until(lambda: not session.twin.room.alive(daemon))
        assert (daemon, "not running") in session.twin.ailments()
    finally:
        session.twin.heal()
    assert session.twin.ailments() == []
    assert session.visit(alice, "run", "print(kept)", "--kernel", before["kernel"])["printed"] == "42\n"


def test_without_its_issuer_nobody_new_enters_and_whoever_is_in_works_on(session: Site) -> None:
    alice, daemon = session.account("alice"), session.issuer_daemon
    session.twin.room.kill(daemon, signal.SIGKILL)
    try:
        assert until(lambda: not session.twin.room.alive(daemon))
        assert [(daemon, "not running")] == session.twin.ailments()
        said = session.visit(alice, "enter")
        assert "Connection refused" in said["unreachable"]
    finally:
        session.twin.heal()
    assert session.twin.ailments() == []
    assert session.visit(alice, "run", "print('back')")["printed"] == "back\n"


def test_a_session_is_not_forgotten_while_its_scheduler_is_away(bnl: Miniature) -> None:
    site = Site(bnl)
    alice = site.account("alice")
    site.visit(alice, "start")
    try:
        # What stops a session asks the scheduler first; HTCondor's master starts a new schedd after some seconds.
        bnl.room.run(["pkill", "-KILL", "-x", "condor_schedd"])
        assert site.visit(alice, "stop") == {"stopped": True}
    finally:
        bnl.heal()
    assert until(lambda: site.queue() == [], GONE)


def test_an_issuer_that_hangs_is_named(site: Site) -> None:
    daemon = site.issuer_daemon
    site.twin.room.kill(daemon, signal.SIGSTOP)
    try:
        (ailment,) = site.twin.ailments()
        assert ailment.daemon == daemon
        assert "timed out" in ailment.reason
    finally:
        site.twin.room.kill(daemon, signal.SIGCONT)
    assert until(lambda: site.twin.ailments() == [])
