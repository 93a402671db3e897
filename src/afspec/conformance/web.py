"""HTTP clients of a check: httpx over whatever dialer leads to the facility; every request is taken down."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore
import httpx

from afspec.conformance.reach.dial import trust
from afspec.conformance.trouble import CommandTimeoutError, RefusedError, Trouble, UnreachableError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator
    from http.cookiejar import CookieJar

    from afspec.conformance.evidence import Evidence
    from afspec.conformance.reach.vantage import Way

SECONDS = 20
# Seconds after which an answer that still trickles in is cut.
_GRACE = 1


class _Backend(httpcore.NetworkBackend):
    """httpcore's connections, opened by a dialer."""

    def __init__(self, way: Way) -> None:
        self._dialer = way.dialer
        # Each connection once more: TLS takes the first handle for itself.
        self._handles: list[socket.socket] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del local_address, socket_options
        connection = self._dialer.dial(host, port, timeout or SECONDS)
        self._handles.append(connection.dup())
        # httpcore keeps the class that wraps a socket to itself; its own back end offers no other way to it.
        from httpcore._backends.sync import SyncStream  # noqa: PLC0415

        return SyncStream(connection)

    def cut(self) -> None:
        """End all connections, whoever is reading from them."""
        for handle in self._handles:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the handles go."""
        for handle in self._handles:
            handle.close()
        self._handles.clear()


class _Transport(httpx.HTTPTransport):
    def __init__(self, way: Way, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self.lines = _Backend(way)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=self.lines)


class Web:
    """A client of one service: `base` is put before every path, `headers` go with every request.

    `authority` is certificates (PEM) to trust besides, such as those that a kubeconfig names.

    Redirects are not followed unless asked for. What does not answer raises UnreachableError, what answers with a
    closed port, bad TLS or no HTTP raises RefusedError; any status is the caller's to judge.
    """

    def __init__(
        self,
        way: Way,
        vantage: str,
        evidence: Evidence,
        base: str = "",
        headers: dict[str, str] | None = None,
        *,
        authority: str = "",
    ) -> None:
        self._way = way
        self._vantage = vantage
        self._evidence = evidence
        self.base = base.rstrip("/")
        context = trust(way.dialer)
        if authority:
            context.load_verify_locations(cadata=authority)
        self._transport = _Transport(way, context)
        self._client = httpx.Client(transport=self._transport, headers=headers or {}, timeout=SECONDS, trust_env=False)

    def ask(
        self,
        method: str,
        path: str,
        *,
        timeout: float = SECONDS,
        follow: bool = False,
        shown: bool = True,
        **more: Any,
    ) -> httpx.Response:
        """The answer to a request; `path` may be a whole address.

        Its body is evidence, unless `shown` says no: it is no text, or gives a secret that the run does not know yet.
        """
        url = path if "://" in path else self.base + path
        started = time.monotonic()
        try:
            with self._within(timeout):
                answer = self._client.request(method, url, timeout=timeout, follow_redirects=follow, **more)
        except Trouble as trouble:
            self._note(method, url, trouble.text, "", started)
            raise
        except (httpx.HTTPError, httpcore.NetworkError, OSError) as error:
            self._note(method, url, str(error), "", started)
            raise _trouble(error, url, timeout) from error
        self._note(method, url, answer.status_code, answer.text if shown else "", started)
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """POST."""
        return self.ask("POST", path, **more)

    @property
    def cookies(self) -> CookieJar:
        """The cookies that it was given so far; it sends them as a browser does."""
        return self._client.cookies.jar

    @contextmanager
    def stream(self, path: str, *, timeout: float = SECONDS) -> Iterator[httpx.Response]:
        """An answer that is read while it comes, such as a stream of events."""
        url = path if "://" in path else self.base + path
        started = time.monotonic()
        try:
            with self._client.stream("GET", url, timeout=timeout) as answer:
                yield answer
        except (httpx.HTTPError, OSError) as error:
            raise _trouble(error, url, timeout) from error
        finally:
            self._note("GET", url, "stream", "", started)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()
        self._transport.lines.close()

    @contextmanager
    def _within(self, timeout: float) -> Iterator[None]:
        """The whole of an answer in its time: httpx's own time-outs begin anew with every byte that trickles in."""
        over = threading.Event()

        def cut() -> None:
            over.set()
            self._transport.lines.cut()

        timer = threading.Timer(timeout + _GRACE, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (httpx.HTTPError, OSError) as error:
            if over.is_set():
                raise httpx.ReadTimeout("it was not whole in its time") from error
            raise
        finally:
            timer.cancel()

    def _note(self, method: str, url: str, status: int | str, body: str, started: float) -> None:
        self._evidence.request(f"{method} {url}", status, body, time.monotonic() - started, self._vantage)


def _trouble(error: Exception, url: str, timeout: float) -> Trouble:
    place = urlsplit(url).netloc
    if isinstance(error, httpx.TimeoutException | httpcore.TimeoutException | TimeoutError):
        return CommandTimeoutError(f"{place} did not answer within {timeout:g} s")
    if isinstance(error, httpx.HTTPError | OSError):
        return RefusedError(f"{place}: {str(error) or type(error).__name__}")
    return UnreachableError(f"{place}: {error}")
