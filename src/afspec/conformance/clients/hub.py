"""A JupyterHub as its users have it: its REST API with the user's own token (JupyterHub documentation, REST API)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from afspec.conformance.clients.kernel import JupyterServer
from afspec.conformance.clients.pages import object_of, said
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.access import Login
    from afspec.facility.jupyter import Jupyter

TOKEN = "hub_token"  # noqa: S105 - the name of the secret
# Seconds for one answer of a hub: it waits ten for a server before it says 202.
_ANSWER = 40
# What a hub says to a server with a name where it allows none, or no more of them.
_NO_NAMES = {400, 403, 404}


def token_name(login: Login) -> str:
    """The name of the secret that is a token of a user who came by a login: where several open the hub."""
    return f"{TOKEN}_{login.name.replace('-', '_')}"


def base_of(jupyter: Jupyter) -> str:
    """Where a hub is found, without a slash at the end."""
    return (jupyter.url or "").rstrip("/")


@dataclass
class Hub:
    """A hub, asked as a user."""

    probe: Probe
    jupyter: Jupyter
    token: str
    vantage: str = "outside"
    server: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.base = base_of(self.jupyter)
        self.web = self.probe.web(f"{self.base}/hub/api", token=self.token, vantage=self.vantage)
        self._user = ""

    def me(self) -> dict[str, Any]:
        """What the hub knows of the user.

        Raises:
            UnverifiedError: it does not take the token.
            FailedError: it does not answer as a hub does.
        """
        answer = self.web.get("/user", timeout=_ANSWER)
        if answer.status_code in {401, 403}:
            hint = f"Make one on the hub's page {self.base}/hub/token, and give it as `{TOKEN}`."
            raise UnverifiedError(Reason.NO_CREDENTIALS, "the hub does not take the user's token", hint)
        return object_of(answer, "the hub's API")

    @property
    def user(self) -> str:
        """The user's name at the hub."""
        self._user = self._user or str(self.me().get("name", ""))
        return self._user

    def servers(self) -> dict[str, dict[str, Any]]:
        """The user's servers that run, start or stop, by name; the default one's is ""."""
        found = self.me().get("servers")
        return found if isinstance(found, dict) else {}

    def start(self, name: str, options: dict[str, Any]) -> bool:
        """Ask for a server: one of that name where the hub allows it, else the default one.

        The answer is whether it was ours to start: a default server that runs already is the user's, and stays hers.

        Raises:
            FailedError: the hub refuses.
        """
        answer = self.web.post(self._place(name), json=options, timeout=_ANSWER)
        if answer.status_code in _NO_NAMES and "" in self.servers():
            return False
        if answer.status_code in _NO_NAMES:
            name = ""
            answer = self.web.post(self._place(name), json=options, timeout=_ANSWER)
        if answer.status_code not in {201, 202}:
            raise FailedError(f"the hub starts no server: {answer.status_code} {said(answer)}")
        self.server = name
        return True

    def await_ready(self, seconds: float) -> JupyterServer:
        """The server, once it is ready.

        Raises:
            FailedError: it fails; UnverifiedError: it still waits for its place in a queue.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            model = self.servers().get(self.server)
            if model is None:
                raise FailedError(f"the server did not start: {self._why()}")
            if model.get("ready"):
                parts = urlsplit(self.base)
                url = f"{parts.scheme}://{parts.netloc}{model.get('url', '')}".rstrip("/")
                return JupyterServer(self.probe, url, self.token, self.vantage)
            time.sleep(0.4)
        if self.jupyter.spawner in {"slurm", "htcondor", "kubernetes"}:
            text = f"the server was not ready within {seconds:.0f} s"
            raise UnverifiedError(Reason.QUEUE_WAIT_EXCEEDED, text, "Ask again when the queue is shorter.")
        raise FailedError(f"the server was not ready within {seconds:.0f} s")

    def _why(self) -> str:
        """What the hub says of a server that failed: the last of its events."""
        answer = self.web.get(f"{self._place(self.server)}/progress", timeout=_ANSWER)
        for line in reversed(answer.text.splitlines()):
            if line.startswith("data:"):
                try:
                    event = json.loads(line[5:])
                except ValueError:
                    break
                return str(event.get("message", "")) if isinstance(event, dict) else ""
        return "the hub does not say why"

    def stop(self) -> None:
        """Ask for the server's end; of one that is gone already there is none.

        Raises:
            FailedError: the hub refuses.
        """
        body = {"remove": True} if self.server else None
        answer = self.web.ask("DELETE", self._place(self.server), json=body, timeout=_ANSWER)
        if answer.status_code not in {202, 204, 400, 404}:
            raise FailedError(f"the hub does not stop the server: {answer.status_code} {said(answer)}")

    def is_gone(self) -> bool:
        """Whether the hub has no such server any more."""
        return self.server not in self.servers()

    def _place(self, name: str) -> str:
        user = f"/users/{quote(self.user, safe='')}"
        return f"{user}/servers/{quote(name, safe='')}" if name else f"{user}/server"
