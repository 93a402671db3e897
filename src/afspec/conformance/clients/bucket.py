"""A folder of an S3 store, as a check uses it: put, list, delete, over the kit's own HTTP client."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from afspec.conformance.clients.sigv4 import signed
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import httpx

    from afspec.conformance.clients.sigv4 import Key
    from afspec.conformance.web import Web
    from afspec.facility.services import S3Folder

# The codes by which a store says that it does not know who asks (Amazon S3 API Reference, Error responses).
_UNKNOWN = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidClientTokenId"}


class Bucket:
    """A tenant's folder in a store, in path style (endpoint/bucket/key)."""

    def __init__(self, web: Web, folder: S3Folder, key: Key) -> None:
        self._web = web
        self._key = key
        self.folder = folder
        self._start = f"{folder.folder.strip('/')}/" if folder.folder else ""

    def put(self, name: str, data: bytes) -> None:
        """Write an object.

        Raises:
            UnverifiedError: the store does not know the key; FailedError: it does not let its owner write here.
        """
        self._ask("PUT", f"/{self.folder.bucket}/{quote(self._start + name)}", data)

    def names(self, start: str) -> list[str]:
        """The names in the folder that begin so: a thousand at most, the first in their order.

        Raises:
            UnverifiedError, FailedError: as for `put`.
        """
        query = urlencode({"list-type": "2", "prefix": self._start + start}, quote_via=quote)
        answer = self._ask("GET", f"/{self.folder.bucket}?{query}")
        # ListObjectsV2 answers with a flat list: <Contents><Key>...</Key>...
        found = re.findall(r"<Key>(.*?)</Key>", answer.text, flags=re.DOTALL)
        return [html.unescape(name).removeprefix(self._start) for name in found]

    def delete(self, name: str) -> None:
        """Take an object away; one that is not there is no matter.

        Raises:
            UnverifiedError, FailedError: as for `put`.
        """
        self._ask("DELETE", f"/{self.folder.bucket}/{quote(self._start + name)}")

    def remove(self, start: str) -> None:
        """Take away all whose names begin so.

        Raises:
            UnverifiedError, FailedError: as for `put`.
        """
        for name in self.names(start):
            self.delete(name)

    def _ask(self, method: str, path: str, data: bytes = b"") -> httpx.Response:
        url = self.folder.endpoint.rstrip("/") + path
        headers = signed(self._key, method, url, body=data, at=dt.datetime.now(tz=dt.UTC))
        answer = self._web.ask(method, url, content=data, headers=headers)
        if answer.is_success:
            return answer
        found = re.search(r"<Code>(.*?)</Code>", answer.text)
        code = found[1] if found else f"status {answer.status_code}"
        if code in _UNKNOWN:
            hint = "Give the key that the site gave you, ID:SECRET."
            raise UnverifiedError(Reason.NO_CREDENTIALS, f"the store does not know this run's key: {code}", hint)
        place = f"{self.folder.bucket}/{self.folder.folder}".rstrip("/")
        raise FailedError(f"the store refuses {method} in {place}: {code}")
