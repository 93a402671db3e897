"""coffea-casa of the tests: the way to its login, what a session finds, and each fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from servers.coffea_casa import CoffeaCasa, Session

# What a user's notebook does: certificates from the session, a function that says where it ran.
_CODE = """
import json, os, platform, sys
from distributed import Client, Security
folder = os.environ["CERT_DIR"]
own = folder + "/hostcert.pem"
security = Security(tls_ca_file=folder + "/ca.pem", tls_client_cert=own, tls_client_key=own, require_encryption=True)
if not sys.argv[1:]:
    security = None
with Client(os.environ["DASK_SCHEDULER_ADDRESS"], security=security, timeout=10) as client:
    node, nonce = client.submit(lambda nonce: (platform.node(), nonce), "n-abc123", pure=False).result(timeout=10)
    found = client.get_versions()
    dask = [part["packages"]["dask"] for part in found["workers"].values()]
print(json.dumps({"here": platform.node(), "node": node, "nonce": nonce, "mine": found["client"]["packages"]["dask"],
                  "dask": dask}))
"""


def notebook(session: Session, *, tls: bool = True) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", _CODE, *(["tls"] if tls else [])]
    environment = {**os.environ, **session.environment}
    return subprocess.run(arguments, env=environment, check=False, capture_output=True, text=True, timeout=60)


def answered(session: Session, *, tls: bool = True) -> dict[str, Any]:
    done = notebook(session, tls=tls)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_page_leads_to_the_issuer() -> None:
    with CoffeaCasa() as casa, httpx.Client(follow_redirects=True) as browser:
        page = browser.get(casa.url)
        assert (page.status_code, page.url.path) == (200, "/hub/login")
        assert "Sign in with ATLAS IAM" in page.text
        assert page.headers["x-jupyterhub-version"]
        sent = browser.get(f"{casa.url}/hub/oauth_login", follow_redirects=False).headers["location"]
        assert sent.startswith("https://atlas-auth.cern.ch/authorize?")
        assert parse_qs(urlsplit(sent).query)["redirect_uri"] == [f"{casa.url}/hub/oauth_callback"]


def test_nobody_uses_the_hub_without_a_token() -> None:
    with CoffeaCasa() as casa:
        assert "version" in httpx.get(f"{casa.url}/hub/api/").json()
        assert httpx.get(f"{casa.url}/hub/api/user").status_code == 403


def test_fault_issuer() -> None:
    with CoffeaCasa(issuer="https://other.example.org") as casa:
        sent = httpx.get(f"{casa.url}/hub/oauth_login").headers["location"]
        assert urlsplit(sent).hostname == "other.example.org"


def test_fault_hub_down() -> None:
    with CoffeaCasa(hub_down=True) as casa:
        assert httpx.get(casa.url).status_code == 503


def test_worker_of_another_host_answers_over_tls() -> None:
    with Session() as session:
        assert session.scheduler.startswith("tls://127.0.0.1:")
        assert session.environment["BEARER_TOKEN_FILE"]
        found = answered(session)
        assert found["nonce"] == "n-abc123"
        assert found["node"] != found["here"]
        assert found["dask"] == [found["mine"]]


def test_scheduler_takes_nobody_without_the_certificates() -> None:
    with Session() as session, Session() as other:
        stranger = {**other.environment, "DASK_SCHEDULER_ADDRESS": session.environment["DASK_SCHEDULER_ADDRESS"]}
        done = subprocess.run(
            [sys.executable, "-c", _CODE, "tls"],
            env={**os.environ, **stranger},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode
        assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


def test_token_where_the_runtime_folder_is() -> None:
    session = Session(token_from="XDG_RUNTIME_DIR")  # noqa: S106 - the name of a variable
    assert "BEARER_TOKEN_FILE" not in session.environment
    with session:
        path = session.home / f"bt_u{os.geteuid()}"
        assert path.read_text().strip() == session.token


def test_fault_plain_tcp() -> None:
    with Session(plain_tcp=True) as session:
        assert session.scheduler.startswith("tcp://")
        assert (session.certificates / "hostcert.pem").is_file()
        assert notebook(session).returncode
        assert answered(session, tls=False)["nonce"] == "n-abc123"


def test_fault_no_token_in_session() -> None:
    with Session(no_token_in_session=True) as session:
        assert not os.path.exists(session.environment["BEARER_TOKEN_FILE"])  # noqa: PTH110 - as a shell would ask


def test_fault_other_version() -> None:
    with Session(other_version=True) as session:
        found = answered(session)
        assert found["dask"] == ["2023.1.0"]
        assert found["mine"] != "2023.1.0"


def test_fault_one_host() -> None:
    with Session(one_host=True) as session:
        found = answered(session)
        assert found["node"] == found["here"]


def test_session_leaves_nothing() -> None:
    with Session(no_worker=True) as session:
        process, home = session._process, session.home
        assert process
    assert process.returncode == 0
    assert not home.exists()
