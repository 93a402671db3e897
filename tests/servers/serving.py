"""What the servers share: a thread that serves on a free port of loopback, requests in parts, answers put together."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """A request; `target` is its path and query as they were sent, names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(part for part in self.path.split("/") if part)

    @property
    def query(self) -> dict[str, str]:
        """The query; of a key that is there twice, the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        """The bearer token (RFC 6750); None where there is none."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else None

    def json(self) -> Any:
        """The body's value; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is not done, and the status that says so."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode() + b"\n")


def as_text(text: str, status: int = 200, kind: str = "text/plain; charset=utf-8") -> Answer:
    return Answer(status, text.encode(), kind)


class Served:
    """A server on a free port of loopback, for as long as its `with` block lasts.

    Requests are answered one after another, by `answer`; `seen` keeps them. What `instead` has for a path is answered
    in its place: whatever else a broken service may say. A fault of the server's own code is not lost in its thread:
    the end of the block raises it.
    """

    def __init__(self) -> None:
        self.seen: list[Asked] = []
        self.instead: dict[str, Answer] = {}
        self._own_faults: list[BaseException] = []
        self._lock = threading.Lock()
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def tls(self) -> ssl.SSLContext | None:
        """What it speaks TLS with; None for plain HTTP."""
        return None

    def started(self) -> None:
        """It serves from now on."""

    def stopped(self) -> None:
        """It does not serve any more; what it made is to be removed."""

    @property
    def address(self) -> str:
        """Host and port."""
        assert self._http, "it serves only inside its with block"
        return f"{LOOPBACK}:{self._http.server_port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls() else 'http'}://{self.address}"

    def __enter__(self) -> Self:
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.started()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._own_faults:
            raise AssertionError(f"{type(self).__name__} itself failed") from self._own_faults[0]

    def stop(self) -> None:
        """End serving, as a service that dies; the address stays known."""
        if self._http and self._thread:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()
            self._thread = None
            self.stopped()

    def handle(self, asked: Asked) -> Answer:
        with self._lock:
            self.seen.append(asked)
            return self.instead.get(asked.path) or self.answer(asked)

    def failed(self, error: BaseException) -> None:
        # A client that hangs up, or does not trust the certificate, is its own affair.
        if not isinstance(error, OSError):
            self._own_faults.append(error)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, served: Served) -> None:
        self.served = served
        super().__init__((LOOPBACK, 0), _Handler)
        if context := served.tls():
            # The handshake is the handler's thread's, so that nobody waits for a client that says nothing.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        if error := sys.exception():
            self.served.failed(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    timeout = 10

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.served.handle(Asked(self.command, self.path, headers, body))
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - names of the standard library

    def log_message(self, *_: object) -> None:
        """Say nothing: `seen` has it all."""
