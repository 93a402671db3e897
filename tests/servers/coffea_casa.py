"""A coffea-casa instance: its page, a JupyterHub behind a login, and what a user's session finds.

Source: CoffeaTeam/coffea-casa, coffea_casa/coffea_casa.py, docker/dask/dask_tls.yaml, docker/prepare-env/
prepare-env-cc.sh, charts/coffea-casa/values.yaml; jupyterhub 5, handlers/{base,login}.py; oauthenticator, oauth2.py.
The session's scheduler is dask's own, in a process of its own: it speaks TLS and asks its clients for certificates.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlencode
from uuid import uuid4

from servers.authority import Authority
from servers.serving import Answer, Asked, Served, as_json, as_text

JUPYTERHUB = "5.2.1"
_SCRIPT = Path(__file__).with_name("dask_session.py")
_PAGE = """<!DOCTYPE HTML>
<html lang="en">
<head><title>coffea-casa</title></head>
<body>
<div class="service-login">
<a role="button" class='btn btn-jupyter btn-lg' href='/hub/oauth_login?next=%2Fhub%2F'>Sign in with {service}</a>
</div>
</body>
</html>
"""


class CoffeaCasa(Served):
    """The page of an instance whose users sign in at an issuer.

    Faults: another `issuer` than the declared one, `hub_down` (the proxy answers, the hub behind it does not).
    """

    def __init__(
        self,
        *,
        issuer: str = "https://atlas-auth.cern.ch",
        service: str = "ATLAS IAM",
        hub_down: bool = False,
    ) -> None:
        super().__init__()
        self.issuer, self.service, self.hub_down = issuer, service, hub_down

    def answer(self, asked: Asked) -> Answer:
        if self.hub_down:
            return as_text("<html><body><h1>503 : Service Unavailable</h1></body></html>", 503, "text/html")
        moved = {
            "/": "/hub/",
            "/hub/": "/hub/login?next=%2Fhub%2F",
            "/hub/oauth_login": f"{self.issuer}/authorize?{urlencode(self._request())}",
        }
        if asked.path in moved:
            return Answer(302, b"", "text/html", {"Location": moved[asked.path], **self._headers})
        if asked.path == "/hub/login":
            return Answer(200, _PAGE.format(service=self.service).encode(), "text/html", self._headers)
        if asked.path.rstrip("/") == "/hub/api":
            return as_json({"version": JUPYTERHUB})
        if asked.path.startswith("/hub/api/"):
            return as_json({"status": 403, "message": "Missing or invalid credentials."}, 403)
        return as_text("<h1>404 : Not Found</h1>", 404, "text/html")

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-JupyterHub-Version": JUPYTERHUB, "Server": "TornadoServer/6.4"}

    def _request(self) -> dict[str, str]:
        """The query of the request to sign in (OpenID Connect Core 1.0, 3.1.2.1)."""
        return {
            "response_type": "code",
            "redirect_uri": f"{self.url}/hub/oauth_callback",
            "client_id": "coffea-casa",
            "state": uuid4().hex,
            "scope": "openid profile email wlcg.groups",
        }


class Session:
    """What a user's session is given: certificates, a token, and a scheduler with one worker.

    `environment` has what the session's own environment would; `token_from` says where the token is. Faults:
    `plain_tcp` (the scheduler does not speak TLS though there are certificates), `no_token_in_session`,
    `other_version` (the worker's image is not the session's), `one_host` (the worker is where the scheduler is),
    `no_worker` (none has come).
    """

    def __init__(
        self,
        *,
        token_from: Literal["BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR"] = "BEARER_TOKEN_FILE",  # noqa: S107
        plain_tcp: bool = False,
        no_token_in_session: bool = False,
        other_version: bool = False,
        one_host: bool = False,
        no_worker: bool = False,
    ) -> None:
        self.token = uuid4().hex
        self.token_from, self.no_token_in_session = token_from, no_token_in_session
        self._faults = {"plain_tcp": plain_tcp, "other_version": other_version}
        self._faults |= {"one_host": one_host, "no_worker": no_worker}
        self._folder = tempfile.TemporaryDirectory(prefix="session-")
        self._process: subprocess.Popen[str] | None = None
        self.scheduler = ""

    @property
    def home(self) -> Path:
        return Path(self._folder.name)

    @property
    def certificates(self) -> Path:
        """What is /etc/cmsaf-secrets in a real session: ca.pem, and hostcert.pem with its key."""
        return self.home / "cmsaf-secrets"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that differ from those of a process outside the session."""
        found = {
            "CERT_DIR": str(self.certificates),
            "DASK_SCHEDULER_ADDRESS": self.scheduler,
            "XDG_RUNTIME_DIR": str(self.home),
            "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
            "HOME": str(self.home),
        }
        if self.token_from == "BEARER_TOKEN_FILE":  # noqa: S105 - the name of a variable
            found["BEARER_TOKEN_FILE"] = str(self._token_file)
        return found

    @property
    def _token_file(self) -> Path:
        name = "access_token" if self.token_from == "BEARER_TOKEN_FILE" else f"bt_u{os.geteuid()}"  # noqa: S105
        return self.home / name

    def __enter__(self) -> Self:
        authority = Authority(self.certificates)
        authority.issue("hostcert")
        if not self.no_token_in_session:
            self._token_file.write_text(f"{self.token}\n")
            self._token_file.chmod(0o600)
        settings = {"certificates": str(self.certificates), **self._faults}
        with (self.home / "dask.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(_SCRIPT), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.home,
            )
        assert self._process.stdout
        first = self._process.stdout.readline()
        if not first:
            why = (self.home / "dask.log").read_text()
            self.__exit__()
            raise AssertionError(f"the session's scheduler did not start:\n{why}")
        addresses: dict[str, Any] = json.loads(first)
        self.scheduler = addresses["scheduler"]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def stop(self) -> None:
        """End the scheduler and its worker; files stay."""
        if self._process:
            try:
                self._process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
            self._process = None
