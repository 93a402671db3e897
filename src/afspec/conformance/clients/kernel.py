"""A Jupyter server as a notebook asks it: kernels over REST, code over the kernel's websocket (messaging 5.3)."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from afspec.conformance.clients.pages import object_of
from afspec.conformance.reach.dial import trust
from afspec.conformance.trouble import CommandTimeoutError, FailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from afspec.conformance.probe import Probe

_OPENS = 20
_LARGE = 16 * 1024 * 1024


@dataclass
class Output:
    """What a piece of code printed; `error` is how it ended where it did not end well."""

    text: str = ""
    error: str = ""

    def taken(self, kind: str, content: dict[str, Any]) -> None:
        """Add what a message of the kernel's says."""
        if kind == "stream" and content.get("name") == "stdout":
            self.text += str(content.get("text", ""))
        elif kind == "error":
            self.error = f"{content.get('ename', '')}: {content.get('evalue', '')}"


@dataclass
class JupyterServer:
    """A user's server; `url` has no slash at its end."""

    probe: Probe
    url: str
    token: str
    vantage: str = ""
    _headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.web = self.probe.web(self.url, token=self.token, vantage=self.vantage)
        self._headers = {"Authorization": f"token {self.token}"}

    def kernels(self) -> dict[str, Any]:
        """The kernels that it knows, by name.

        Raises:
            FailedError: it does not say.
        """
        found = object_of(self.web.get("/api/kernelspecs"), "the server's list of kernels").get("kernelspecs")
        return found if isinstance(found, dict) else {}

    @contextmanager
    def kernel(self, name: str = "") -> Iterator[Kernel]:
        """A kernel of a name, or the server's default one, ended afterwards.

        Raises:
            FailedError: none starts.
        """
        wanted = {"name": name} if name else {}
        made = object_of(self.web.post("/api/kernels", json=wanted, timeout=60), "the server's API of kernels", 201)
        place = f"/api/kernels/{quote(str(made.get('id', '')), safe='')}"
        try:
            with self._channels(place) as socket:
                yield Kernel(socket)
        finally:
            self.web.ask("DELETE", place)

    @contextmanager
    def _channels(self, place: str) -> Iterator[ClientConnection]:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        dialer = self.probe.way(self.vantage).dialer
        raw = dialer.dial(parts.hostname or "", port, _OPENS)
        address = f"{'wss' if secure else 'ws'}://{parts.netloc}{parts.path}{place}/channels"
        options: dict[str, Any] = {"ssl": trust(dialer), "server_hostname": parts.hostname} if secure else {}
        try:
            socket = connect(
                address,
                sock=raw,
                additional_headers=self._headers,
                open_timeout=_OPENS,
                close_timeout=2,
                max_size=_LARGE,
                proxy=None,
                **options,
            )
        except TimeoutError as error:
            raise CommandTimeoutError(f"the kernel's websocket did not open within {_OPENS} s") from error
        except (WebSocketException, OSError) as error:
            raise FailedError(f"the kernel's websocket does not open: {error}") from error
        with socket:
            yield socket


class Kernel:
    """A kernel that runs."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def run(self, code: str, timeout: float) -> Output:
        """Run code to its end.

        Raises:
            FailedError: the kernel dies, or its connection does; CommandTimeoutError: it does not end in time.
        """
        request = uuid.uuid4().hex
        try:
            self._socket.send(json.dumps(_execute(request, code)))
            return self._answers(request, time.monotonic() + timeout, timeout)
        except TimeoutError:
            raise CommandTimeoutError(f"the kernel gave no answer within {timeout:g} s") from None
        except (WebSocketException, OSError) as error:
            raise FailedError(f"the kernel's connection broke: {error}") from error

    def _answers(self, request: str, deadline: float, timeout: float) -> Output:
        found = Output()
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise CommandTimeoutError(f"the kernel gave no answer within {timeout:g} s")
            message = _read(self._socket.recv(timeout=left))
            kind, content = message.get("msg_type"), message.get("content") or {}
            state = content.get("execution_state") if kind == "status" else None
            # The server itself says so, in answer to nobody (Jupyter Server, kernel's restarter).
            if state in {"restarting", "dead"}:
                raise FailedError(f"the kernel died: the server says that it is {state}")
            if (message.get("parent_header") or {}).get("msg_id") != request:
                continue
            if state == "idle":
                return found
            found.taken(str(kind), content)


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError as error:
        raise FailedError("the kernel's websocket carries something that is no JSON") from error
    return message if isinstance(message, dict) else {}


def _execute(request: str, code: str) -> dict[str, Any]:
    """A request to execute (Jupyter messaging, 5.3)."""
    header = {"msg_id": request, "msg_type": "execute_request", "session": uuid.uuid4().hex}
    header |= {"username": "afspec", "version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
