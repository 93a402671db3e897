"""REANA, asked as its own Python client asks it.

Facts: reanahub/reana-server, docs/openapi.json; reanahub/reana-workflow-controller, rest/. The token travels in the
query of every request, from where it is taken out of evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afspec.conformance.clients.documents import document, part, words
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import httpx

    from afspec.conformance.web import Web

ENDS = {"finished", "failed", "stopped", "deleted"}
# In these it has not been started.
WAITING = {"created", "queued", "pending"}
_NOT_SIGNED_IN = {401, 403}


class Reana:
    """A cluster and a user of it."""

    def __init__(self, web: Web, token: str) -> None:
        self._web = web
        self._token = token

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as the user; `path` comes after /api/."""
        query = {**more.pop("params", {}), "access_token": self._token}
        return self._web.ask(method, f"/api/{path}", params=query, **more)

    def sign_in(self) -> None:
        """See that the cluster takes the token.

        Raises:
            UnverifiedError: it does not; FailedError: it does not answer as it should.
        """
        answer = self.ask("GET", "you")
        if answer.status_code in _NOT_SIGNED_IN:
            text = f"the cluster does not take this run's token: {words(answer)}"
            raise UnverifiedError(Reason.NO_CREDENTIALS, text, "Take the token that the user's profile page shows.")
        document(answer, "GET /api/you")

    def image(self) -> str:
        """An image that the cluster runs, where it runs vetted ones only; "" where it runs any.

        Raises:
            FailedError: it does not say.
        """
        about = document(self.ask("GET", "info"), "GET /api/info")
        vetted, allowed = (_value(about, f"vetted_container_images_{name}") for name in ("enabled", "allowlist"))
        return str(allowed[0]) if vetted and isinstance(allowed, list) and allowed else ""

    def create(self, name: str, specification: dict[str, Any]) -> str:
        """Make a workflow; its id.

        Raises:
            FailedError: it is refused.
        """
        answer = self.ask("POST", "workflows", params={"workflow_name": name}, json=specification)
        return str(part(document(answer, "the making of a workflow"), "workflow_id", str, "POST /api/workflows"))

    def start(self, workflow: str) -> None:
        """Start it.

        Raises:
            FailedError: it is refused.
        """
        document(self.ask("POST", f"workflows/{quote(workflow)}/start", json={}), "the start of a workflow")

    def status(self, workflow: str) -> str:
        """How far it is.

        Raises:
            FailedError: the cluster does not say.
        """
        what = "the workflow's status"
        return str(part(document(self.ask("GET", f"workflows/{quote(workflow)}/status"), what), "status", str, what))

    def file(self, workflow: str, path: str) -> str:
        """A file of its workspace.

        Raises:
            FailedError: there is none.
        """
        answer = self.ask("GET", f"workflows/{quote(workflow)}/workspace/{quote(path)}")
        if not answer.is_success:
            raise FailedError(f"the workflow's file {path}: {words(answer)}")
        return answer.text

    def logs(self, workflow: str) -> str:
        """What its jobs said; "" where the cluster does not tell."""
        answer = self.ask("GET", f"workflows/{quote(workflow)}/logs")
        return answer.text if answer.is_success else ""

    def remove(self, workflow: str) -> None:
        """Stop it where it runs, and delete it with its workspace.

        Raises:
            FailedError: it is still there.
        """
        path = f"workflows/{quote(workflow)}/status"
        # One that runs cannot be deleted; one that does not cannot be stopped.
        self.ask("PUT", path, params={"status": "stop"}, json={})
        answer = self.ask("PUT", path, params={"status": "deleted"}, json={"workspace": True})
        if not answer.is_success:
            raise FailedError(f"workflow {workflow} was not deleted: {words(answer)}")

    def named(self, start: str) -> list[tuple[str, str]]:
        """Name, without its run's number, and id of the user's workflows whose names begin so: a hundred at most."""
        query = {"type": "batch", "size": "100"}
        found = document(self.ask("GET", "workflows", params=query), "the list of workflows").get("items")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        named = [(str(row.get("name")).rpartition(".")[0], str(row.get("id"))) for row in rows]
        return [(name, workflow) for name, workflow in named if name.startswith(start)]


def _value(about: dict[str, Any], name: str) -> Any:
    """A value of what a cluster says of itself: each has a title and a value."""
    found = about.get(name)
    return found.get("value") if isinstance(found, dict) else None
