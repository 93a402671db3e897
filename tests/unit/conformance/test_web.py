"""HTTP as a check asks it: what a broken service can send is told apart, and nothing makes it wait for ever."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from servers.authority import Authority
from servers.serving import Answer, Asked, Served, as_json, as_text

from afspec.conformance.evidence import Evidence
from afspec.conformance.reach import Direct, Way
from afspec.conformance.trouble import CommandTimeoutError, RefusedError, Trouble, UnreachableError
from afspec.conformance.web import Web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Page(Served):
    """A server that answers as it is told to."""

    def __init__(self, give: Callable[[Asked], Answer], context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._give = give
        self._context = context

    def answer(self, asked: Asked) -> Answer:
        return self._give(asked)

    def tls(self) -> ssl.SSLContext | None:
        return self._context


@contextmanager
def client(base: str, authority: Path | None = None, **headers: str) -> Iterator[tuple[Web, Evidence]]:
    dialer = Direct()
    dialer.authority = str(authority) if authority else None
    evidence = Evidence(str)
    web = Web(Way("here", None, dialer), "outside", evidence, base, headers)
    try:
        yield web, evidence
    finally:
        web.close()


@contextmanager
def raw(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A port that says whatever a test wants, byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        lines: list[socket.socket] = []

        def body() -> None:
            try:
                while True:
                    line, _ = server.accept()
                    lines.append(line)
                    serve(line)
            except OSError:
                return

        thread = threading.Thread(target=body)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            for what in (server, *lines):
                try:
                    what.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            thread.join()
            for line in lines:
                line.close()


def test_an_answer_and_what_is_taken_down_of_it() -> None:
    with Page(lambda asked: as_json({"token": asked.headers["authorization"]})) as page:
        with client(page.url, Authorization="token geheim") as (web, evidence):
            assert web.get("/hub/api").json() == {"token": "token geheim"}
            web.get("/hub/api", shown=False)
        first, second = evidence.steps
    assert first["request"] == f"GET {page.url}/hub/api"
    assert (first["status"], json.loads(first["body"]["text"])) == (200, {"token": "token geheim"})
    assert second["body"] == {"text": ""}
    # What is sent in headers is nowhere.
    assert "geheim" not in json.dumps(second)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 503])
def test_any_status_is_the_callers_to_judge(status: int) -> None:
    with Page(lambda _: as_text("<html>", status, "text/html")) as page, client(page.url) as (web, _):
        answer = web.get("/")
        assert (answer.status_code, answer.text) == (status, "<html>")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed_unless_asked_for(status: int) -> None:
    def give(asked: Asked) -> Answer:
        return as_text("there") if asked.path == "/there" else Answer(status, headers={"Location": "/there"})

    with Page(give) as page, client(page.url) as (web, _):
        assert (web.get("/").status_code, [asked.path for asked in page.seen]) == (status, ["/"])
        assert web.get("/", follow=True).text == "there"


def test_a_closed_port_refuses_and_a_lost_name_is_unreachable() -> None:
    with Page(lambda _: as_text("")) as page:
        url = page.url
    with client(url) as (web, evidence):
        with pytest.raises(RefusedError, match="refuses connections"):
            web.get("/")
        assert evidence.steps[0]["status"] == f"{page.address} refuses connections"
    with client("http://no-such-host.invalid") as (web, _), pytest.raises(UnreachableError):
        web.get("/")


def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path) -> None:
    own, other = Authority(tmp_path / "own"), Authority(tmp_path / "other")
    with Page(lambda _: as_text("hello"), own.server("site")) as page:
        with client(page.url, own.ca) as (web, _):
            assert web.get("/").text == "hello"
        for trusted in (None, other.ca):
            with client(page.url, trusted) as (web, _), pytest.raises(RefusedError, match=r"(?i)certificate"):
                web.get("/")


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    own = Authority(tmp_path)
    # The certificate is for 127.0.0.1, 127.0.0.2 and localhost; all of 127/8 is this machine.
    other = "127.0.0.3"
    context = own.server("other")

    def serve(server: socket.socket) -> None:
        line, _ = server.accept()
        with line, pytest.raises(ssl.SSLError), context.wrap_socket(line, server_side=True):
            pass

    with socket.create_server((other, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        url = f"https://{other}:{server.getsockname()[1]}"
        with client(url, own.ca) as (web, _), pytest.raises(RefusedError, match=r"(?i)certificate"):
            web.get("/")
        thread.join()


@pytest.mark.parametrize(
    "words", [b"", b"SSH-2.0-OpenSSH_9.7\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_what_is_no_whole_answer_of_http_is_refused(words: bytes) -> None:
    def serve(line: socket.socket) -> None:
        line.sendall(words)
        line.shutdown(socket.SHUT_WR)

    with raw(serve) as url, client(url) as (web, _), pytest.raises(RefusedError, match=r"127\.0\.0\.1:"):
        web.get("/", timeout=5)


def test_a_service_that_says_nothing_is_not_waited_for() -> None:
    words = r"did not answer within 0\.2 s"
    with raw(lambda _: None) as url, client(url) as (web, _), pytest.raises(CommandTimeoutError, match=words):
        web.get("/", timeout=0.2)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_an_answer_that_trickles_in_for_ever_is_cut(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afspec.conformance.web._GRACE", 0)

    def serve(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(head or b"HTTP/1.1 200 OK\r\n")
        while True:
            line.sendall(b"1\r\nx\r\n" if head else b"X-More: x\r\n")
            threading.Event().wait(0.05)

    begun = time.monotonic()
    with raw(serve) as url, client(url) as (web, _), pytest.raises(Trouble, match=r"did not answer within|127\.0"):
        web.get("/", timeout=0.3)
    assert time.monotonic() - begun < 20


def test_html_where_json_is_expected_is_the_callers_to_tell() -> None:
    html = as_text("<html>Sign in</html>", kind="text/html")
    with Page(lambda _: html) as page, client(page.url) as (web, _), pytest.raises(ValueError, match="Expecting value"):
        web.get("/hub/api").json()


def test_an_answer_is_cut_in_the_evidence_with_the_digest_of_the_whole() -> None:
    with Page(lambda _: as_text("x" * 100_000)) as page, client(page.url) as (web, evidence):
        assert len(web.get("/").text) == 100_000
    body: dict[str, Any] = evidence.steps[0]["body"]
    assert (len(body["text"]) < 5000, body["bytes"], len(body["sha256"])) == (True, 100_000, 64)
