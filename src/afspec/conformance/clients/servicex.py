"""ServiceX, asked as its own Python client asks it: a token for a token, a transformation, its object.

Facts: ssl-hep/ServiceX, servicex_app/routes.py and resources/; ssl-hep/ServiceX_frontend, servicex_adapter.py,
minio_adapter.py, configuration.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import yaml

from afspec.conformance.clients.bucket import Bucket
from afspec.conformance.clients.documents import document, part, words
from afspec.conformance.clients.sigv4 import Key, signed
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.facility.services import S3Folder
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.conformance.credentials import Wallet
    from afspec.conformance.web import Web

_REFUSED = {400, 401, 403, 422}
_GONE = {404, 405}
_PATH = "/servicex/transformation"
# States that a transformation does not leave (servicex/models.py, Status).
ENDS = {"Complete", "Fatal", "Canceled", "Bad Dataset"}
# In these it has not been started.
WAITING = {"Submitted", "Lookup", "Pending Lookup"}


@dataclass(frozen=True)
class Progress:
    """How far a transformation is."""

    status: str
    files: int
    completed: int
    failure: str
    store: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDS

    @property
    def words(self) -> str:
        """It in a line."""
        why = f": {self.failure}" if self.failure else ""
        return f"{self.status}, {self.completed} of {self.files} files{why}"


def refresh_token(text: str, url: str) -> str:
    """The refresh token for an instance: `text` itself, or that of the instance's entry where it is a servicex.yaml.

    Raises:
        UnverifiedError: the file has no entry for the instance, or the entry no token.
    """
    if "api_endpoints" not in text:
        return text
    try:
        entries = yaml.safe_load(text)["api_endpoints"]
        here = [entry for entry in entries if _place(entry["endpoint"]) == _place(url)]
        found = next((str(entry["token"]) for entry in here if entry.get("token")), "")
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        found = ""
    if not found:
        hint = f"Take a new servicex.yaml from {url.rstrip('/')}/ after signing in."
        raise UnverifiedError(Reason.NO_CREDENTIALS, f"this run's servicex.yaml has no token for {url}", hint)
    return found


def _place(url: str) -> str:
    return urlsplit(url).netloc.lower()


class ServiceX:
    """An instance and a user of it; secrets that it gives out are put into the wallet, and so out of the evidence."""

    def __init__(self, web: Web, wallet: Wallet) -> None:
        self._web = web
        self._wallet = wallet
        self._token = ""

    def sign_in(self, token: str) -> None:
        """Exchange a refresh token for one that opens the interface.

        Raises:
            UnverifiedError: the instance does not take it; FailedError: it does not answer as it should.
        """
        self._keep("servicex refresh", token)
        answer = self._web.post("/token/refresh", headers={"Authorization": f"Bearer {token}"}, shown=False)
        if answer.status_code in _REFUSED:
            text = f"the instance does not take this run's refresh token: {words(answer)}"
            raise UnverifiedError(Reason.NO_CREDENTIALS, text, "Sign in on its page, and take the token that it gives.")
        self._token = part(document(answer, "POST /token/refresh"), "access_token", str, "POST /token/refresh")
        self._keep("servicex access", self._token)

    def _keep(self, name: str, value: str) -> None:
        # What is shorter is no secret to anybody.
        if len(value) > 3:  # noqa: PLR2004
            self._wallet.add(f"{name} {self._web.base}", value)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def submit(self, request: dict[str, Any]) -> str:
        """Ask for a transformation; its id.

        Raises:
            FailedError: it is refused.
        """
        answer = self._web.post(_PATH, json=request, headers=self._headers)
        return str(part(document(answer, "the request of a transformation"), "request_id", str, f"POST {_PATH}"))

    def progress(self, request: str) -> Progress:
        """How far it is.

        Raises:
            FailedError: the instance does not know it, or does not say.
        """
        # The answer has the key to the object store.
        answer = self._web.get(f"{_PATH}/{quote(request)}", headers=self._headers, shown=False)
        found = document(answer, "the transformation's status")
        self._keep("servicex store", str(found.get("minio-secret-key") or ""))
        files, completed = (found.get(name) for name in ("files", "files-completed"))
        return Progress(
            part(found, "status", str, "the transformation's status"),
            files if isinstance(files, int) else 0,
            completed if isinstance(completed, int) else 0,
            str(found.get("failure-info") or ""),
            {name.removeprefix("minio-"): value for name, value in found.items() if name.startswith("minio-")},
        )

    def objects(self, request: str, progress: Progress) -> dict[str, bytes]:
        """The objects that it left in its bucket, by their names.

        Raises:
            FailedError: the instance does not say where they are, or the store does not give them.
        """
        store = progress.store
        endpoint = part(dict(store), "endpoint", str, "the transformation's object store")
        key = Key(str(store.get("access-key") or ""), str(store.get("secret-key") or ""))
        base = f"{'https' if store.get('secured') else 'http'}://{endpoint}"
        try:
            names = Bucket(self._web, S3Folder(base, request, ""), key).names("")
        except UnverifiedError as trouble:
            if trouble.reason is Reason.NO_CREDENTIALS:
                # The key is the instance's own.
                raise FailedError(f"the key that the instance gives does not open its store: {trouble.text}") from None
            raise
        return {name: self._object(f"{base}/{request}/{quote(name)}", key) for name in names}

    def _object(self, url: str, key: Key) -> bytes:
        headers = signed(key, "GET", url, at=dt.datetime.now(tz=dt.UTC))
        answer = self._web.get(url, headers=headers, shown=False)
        if not answer.is_success:
            raise FailedError(f"the object store does not give the object: status {answer.status_code}")
        return answer.content

    def remove(self, request: str) -> None:
        """Cancel it where it has not ended, and delete it where the instance knows how to.

        Raises:
            FailedError: it is still there.
        """
        self._web.get(f"{_PATH}/{quote(request)}/cancel", headers=self._headers)
        answer = self._web.ask("DELETE", f"{_PATH}/{quote(request)}", headers=self._headers)
        # Instances before 1.6 have no way to delete: they remove what is old by themselves.
        if not answer.is_success and answer.status_code not in _GONE:
            raise FailedError(f"transformation {request} was not deleted: {words(answer)}")
