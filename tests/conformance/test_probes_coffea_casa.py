"""The probes of coffea-casa: a healthy page and session are verified, and each fault is seen and said."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from probed_site import Probed
from servers.coffea_casa import CoffeaCasa, Session
from servers.dask_session import OTHER_HOST
from servers.serving import Answer, as_text

from afspec.conformance.clients import coffea_session
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE, SESSION = "AF-COFFEA-001", "AF-COFFEA-002"
LOGIN = """
logins:
  - {name: iam, stance: promised, method: atlas-iam, issuer: "https://atlas-auth.cern.ch", opens: [coffea_casa]}
"""


def site(
    folder: Path, url: str | None = None, *, login: str = LOGIN, session: Mapping[str, str] | None = None
) -> Probed:
    address = f"\n    url: {url}" if url else ""
    return Probed(folder, f"{login}services:\n  coffea_casa:\n    stance: promised{address}\n", session=session)


@pytest.mark.parametrize("login", [LOGIN, ""])
def test_healthy_page_is_verified(tmp_path: Path, login: str) -> None:
    with CoffeaCasa() as casa:
        assert site(tmp_path, casa.url, login=login).came(PAGE) == (Outcome.PASS, None, "")


def test_page_without_an_address(tmp_path: Path) -> None:
    came = site(tmp_path).came(PAGE)
    assert came[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "the spec gives no address" in came.text


def test_page_that_nobody_reaches(tmp_path: Path) -> None:
    came = site(tmp_path, "https://coffea.invalid").came(PAGE)
    assert came[:2] == (Outcome.UNVERIFIED, Reason.UNREACHABLE)


def test_page_of_another_issuer(tmp_path: Path) -> None:
    with CoffeaCasa(issuer="https://login.example.org") as casa:
        came = site(tmp_path, casa.url).came(PAGE)
        assert came.outcome is Outcome.FAIL
        assert came.text == "not so: the login is the declared one, atlas-auth.cern.ch: login.example.org"


def test_hub_that_is_down(tmp_path: Path) -> None:
    with CoffeaCasa(hub_down=True) as casa:
        came = site(tmp_path, casa.url).came(PAGE)
        assert came == (Outcome.FAIL, None, "not so: the page answers: 503 503 : Service Unavailable")


def test_page_that_goes_round_in_circles(tmp_path: Path) -> None:
    with CoffeaCasa(issuer="") as casa:
        casa.issuer = f"{casa.url}/hub/login?"
        came = site(tmp_path, casa.url).came(PAGE)
        assert came == (Outcome.FAIL, None, "not so: the page leads somewhere: 10 redirects")


def test_page_without_a_way_to_sign_in(tmp_path: Path) -> None:
    with CoffeaCasa() as casa:
        casa.instead["/hub/login"] = as_text("<h1>It works!</h1>", 200, "text/html")
        came = site(tmp_path, casa.url).came(PAGE)
        assert came == (Outcome.FAIL, None, "not so: the page has a way to sign in: 200 It works!")


@pytest.mark.parametrize("query", ["", "?response_type=token&client_id=a", "?response_type=code"])
def test_login_that_is_not_asked_for_a_code(tmp_path: Path, query: str) -> None:
    with CoffeaCasa() as casa:
        target = f"https://atlas-auth.cern.ch/authorize{query}"
        casa.instead["/hub/oauth_login"] = Answer(302, headers={"Location": target})
        came = site(tmp_path, casa.url).came(PAGE)
        assert came.outcome is Outcome.FAIL
        assert "the login is asked for a code, by a client that it knows: atlas-auth.cern.ch" in came.text


@pytest.mark.parametrize("place", ["BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR"])
def test_token_is_found_in_the_documented_order(tmp_path: Path, place: str) -> None:
    with Session(token_from=place, no_worker=True) as session:  # type: ignore[arg-type]
        probed = site(tmp_path, session=session.environment)
        assert probed.came(SESSION, check="token") == (Outcome.PASS, None, "")
        assert place in probed.published
        assert session.token not in probed.published


def test_healthy_session_is_verified(tmp_path: Path) -> None:
    with Session() as session:
        probed = site(tmp_path, session=session.environment)
        for check in ("token", "worker"):
            assert probed.came(SESSION, check=check) == (Outcome.PASS, None, "")
        assert "TLSv1.3" in probed.published
        # Hosts have names of their own, which are nobody's affair outside.
        assert OTHER_HOST not in probed.published
        assert session.token not in probed.published


def test_session_that_nobody_reaches(tmp_path: Path) -> None:
    probed = site(tmp_path)
    for check in ("token", "worker"):
        assert probed.came(SESSION, check=check)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
    (cause,) = probed.causes
    assert (cause.id, cause.reason) == ("vantage session", Reason.NO_CREDENTIALS)


def test_session_without_a_token(tmp_path: Path) -> None:
    with Session(no_token_in_session=True, no_worker=True) as session:
        came = site(tmp_path, session=session.environment).came(SESSION, check="token")
        assert came.outcome is Outcome.FAIL
        assert came.text.endswith("no documented place: none")


def test_token_that_is_empty(tmp_path: Path) -> None:
    with Session(no_worker=True) as session:
        session._token_file.write_text("")
        came = site(tmp_path, session=session.environment).came(SESSION, check="token")
        assert came.outcome is Outcome.FAIL
        assert came.text.endswith("BEARER_TOKEN_FILE: empty")


def test_scheduler_without_tls(tmp_path: Path) -> None:
    with Session(plain_tcp=True) as session:
        came = site(tmp_path, session=session.environment).came(SESSION, check="worker")
        assert came.outcome is Outcome.FAIL
        assert "the session's scheduler answers over TLS with the session's certificates" in came.text
        assert "SSL" in came.text


def test_scheduler_that_died(tmp_path: Path) -> None:
    with Session() as session:
        session.stop()
        came = site(tmp_path, session=session.environment).came(SESSION, check="worker")
        assert came.outcome is Outcome.FAIL
        assert "Connection refused" in came.text


def test_worker_of_the_same_host(tmp_path: Path) -> None:
    with Session(one_host=True) as session:
        came = site(tmp_path, session=session.environment).came(SESSION, check="worker")
        assert came == (Outcome.FAIL, None, "not so: the worker is on another host than the session")


def test_worker_of_other_versions(tmp_path: Path) -> None:
    with Session(other_version=True) as session:
        came = site(tmp_path, session=session.environment).came(SESSION, check="worker")
        assert came.outcome is Outcome.FAIL
        assert "workers have the session's versions" in came.text
        assert "2023.1.0" in came.text


def test_worker_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(no_worker=True) as session:
        for name, value in session.environment.items():
            monkeypatch.setenv(name, value)
        seen = coffea_session.main("n-abc123", "8786", "0.2")
        assert (seen["stage"], str(seen["error"]).partition(":")[0]) == ("worker", "TimeoutError")


@pytest.mark.parametrize(
    ("said", "came"),
    [
        (
            {"stage": "worker", "error": "TimeoutError: "},
            (Outcome.UNVERIFIED, Reason.QUEUE_WAIT_EXCEEDED, "no worker has come within 420 s"),
        ),
        (
            {"stage": "worker", "error": "KilledWorker: lost"},
            (Outcome.FAIL, None, "not so: a worker runs what it is sent: KilledWorker: lost"),
        ),
        (
            {"stage": "done", "answer": "of another run", "elsewhere": True},
            (Outcome.FAIL, None, "not so: it sends back what it was asked for: of another run"),
        ),
        (["no object"], (Outcome.FAIL, None, "not so: the session's Python runs a program")),
    ],
)
def test_what_the_program_in_the_session_saw(
    tmp_path: Path, said: object, came: tuple[Outcome, Reason | None, str]
) -> None:
    program = tmp_path / "bin/python3"
    program.parent.mkdir()
    (tmp_path / "said").write_text(json.dumps(said))
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    found = site(tmp_path, session=environment).came(SESSION, check="worker")
    assert found[:2] == came[:2]
    assert found.text.startswith(came[2])


def test_session_whose_python_has_no_dask(tmp_path: Path) -> None:
    bare = tmp_path / "bin/python3"
    bare.parent.mkdir()
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    with Session(no_worker=True) as session:
        environment = {**session.environment, "PATH": f"{bare.parent}:{os.environ['PATH']}"}
        came = site(tmp_path, session=environment).came(SESSION, check="worker")
        assert came.outcome is Outcome.FAIL
        assert "No module named 'distributed'" in came.text


def test_session_without_python(tmp_path: Path) -> None:
    broken = tmp_path / "bin/python3"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'python3: not installed here' >&2\nexit 127\n")
    broken.chmod(0o755)
    environment = {"PATH": f"{broken.parent}:{os.environ['PATH']}"}
    came = site(tmp_path, session=environment).came(SESSION, check="worker")
    assert came == (Outcome.FAIL, None, "not so: the session's Python runs a program: python3: not installed here")
