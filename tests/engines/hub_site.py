"""A twin with a hub, and who can sign in to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec.twin.engines.jupyterhub import JupyterHub, Service
from afspec.twin.engines.oidc import Account, Oidc

if TYPE_CHECKING:
    from engines.conftest import Miniature

CLIENT = Path(__file__).with_name("hub_client.py")
# HTCondor gives a job that was removed half a minute to end by itself (KILLING_TIMEOUT), and machines are busy.
GONE = 120
QUEUES = {
    "slurm": ("squeue", "--noheader", "--format=%u %j %C %T"),
    "htcondor": (
        "condor_q",
        "-allusers",
        "-format",
        "%s jupyterhub ",
        "Owner",
        "-format",
        "%d ",
        "RequestCpus",
        "-format",
        "%s\n",
        'ifThenElse(JobStatus == 2, "RUNNING", strcat("STATE ", string(JobStatus)))',
    ),
}


@dataclass(frozen=True)
class Site:
    """A twin with a hub, and who can sign in to it."""

    twin: Miniature

    @property
    def hub(self) -> Service:
        engine = self.twin.engine("jupyterhub")
        assert isinstance(engine, JupyterHub)
        return engine.services[0]

    @property
    def oidc(self) -> Oidc:
        engine = self.twin.engine("oidc")
        assert isinstance(engine, Oidc)
        return engine

    @property
    def issuer_daemon(self) -> str:
        return self.oidc.daemons()[0].name

    def account(self, user: str, idp: str | None = None) -> Account:
        """The account of a user; at the identity provider of the facility's own users, unless another is named."""
        known = self.oidc.accounts(self.oidc.issuers[0])
        return next(account for account in known if account.user == user and idp in {None, account.idp})

    def visit(self, account: Account, *command: str, password: str = "", any_idp: bool = False) -> dict[str, Any]:
        """What a browser on the user's own machine sees."""
        options = ["--idp", account.idp, *(["--any-idp"] if any_idp else [])]
        return self._client([account.user, *options, *command], AF_PASSWORD=password or self.oidc.password(account))

    def ask(self, token: str, *command: str) -> dict[str, Any]:
        """What the hub's REST API says to a token."""
        return self._client(["nobody", "api", *command], AF_TOKEN=token)

    def _client(self, arguments: list[str], **secrets: str) -> dict[str, Any]:
        done = self.twin.room.run(
            [self.hub.settings.python or "python3", "-", self.hub.url, *arguments],
            user="alice",
            env=secrets,
            stdin=CLIENT.read_text(),
            timeout=150,
            outside=True,
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def queue(self) -> list[str]:
        """The hub's jobs: owner, name, cores, state."""
        command = QUEUES[str(self.hub.jupyter.spawner)]
        lines = self.twin.room.run(command, user="bob").stdout.splitlines()
        return [line for line in lines if "jupyterhub" in line]

    @property
    def batch(self) -> bool:
        """Whether sessions are jobs."""
        return self.hub.jupyter.spawner in QUEUES

    def token(self, name: str) -> str:
        """The token of one of the hub's services."""
        service = next(service for service in self.hub.settings.services if service.name == name)
        found: str = self.twin.twin.secrets.of(service.token)
        return found
