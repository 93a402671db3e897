"""HTTP clients of a check: httpx over whatever dialer leads to the facility; every request is taken down."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore
import httpx

from afspec.conformance.reach.dial import trust
from afspec.conformance.trouble import CommandTimeoutError, RefusedError, Trouble, UnreachableError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from afspec.conformance.evidence import Evidence
    from afspec.conformance.reach.vantage import Way

SECONDS = 20


class _Backend(httpcore.NetworkBackend):
    """httpcore's connections, opened by a dialer."""

    def __init__(self, way: Way) -> None:
        self._dialer = way.dialer

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
        # httpcore keeps the class that wraps a socket to itself; its own back end offers no other way to it.
        from httpcore._backends.sync import SyncStream  # noqa: PLC0415

        return SyncStream(connection)


class _Transport(httpx.HTTPTransport):
    def __init__(self, way: Way, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Backend(way))


class Web:
    """A client of one service: `base` is put before every path, `headers` go with every request.

    Redirects are not followed unless asked for. What does not answer raises UnreachableError, what answers with a
    closed port, bad TLS or no HTTP raises RefusedError; any status is the caller's to judge.
    """

    def __init__(
        self, way: Way, vantage: str, evidence: Evidence, base: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self._way = way
        self._vantage = vantage
        self._evidence = evidence
        self.base = base.rstrip("/")
        self._client = httpx.Client(
            transport=_Transport(way, trust(way.dialer)), headers=headers or {}, timeout=SECONDS, trust_env=False
        )

    def ask(
        self, method: str, path: str, *, timeout: float = SECONDS, follow: bool = False, **more: Any
    ) -> httpx.Response:
        """The answer to a request; `path` may be a whole address."""
        url = path if "://" in path else self.base + path
        started = time.monotonic()
        try:
            answer = self._client.request(method, url, timeout=timeout, follow_redirects=follow, **more)
        except Trouble as trouble:
            self._note(method, url, trouble.text, "", started)
            raise
        except (httpx.HTTPError, httpcore.NetworkError, OSError) as error:
            self._note(method, url, str(error), "", started)
            raise _trouble(error, url, timeout) from error
        self._note(method, url, answer.status_code, answer.text, started)
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """POST."""
        return self.ask("POST", path, **more)

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

    def _note(self, method: str, url: str, status: int | str, body: str, started: float) -> None:
        self._evidence.request(f"{method} {url}", status, body, time.monotonic() - started, self._vantage)


def _trouble(error: Exception, url: str, timeout: float) -> Trouble:
    place = urlsplit(url).netloc
    if isinstance(error, httpx.TimeoutException | httpcore.TimeoutException | TimeoutError):
        return CommandTimeoutError(f"{place} did not answer within {timeout:g} s")
    if isinstance(error, httpx.HTTPError | OSError):
        return RefusedError(f"{place}: {str(error) or type(error).__name__}")
    return UnreachableError(f"{place}: {error}")
