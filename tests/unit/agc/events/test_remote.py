"""Files on a server: read in few requests, and errors of the network are told from errors of the file."""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import uproot
from unit.agc.events.made import LAYOUT, events, same, together, wanted, write

from afspec.agc.errors import InputError
from afspec.agc.events import cuts, open_events, storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCHES = [events(300, 1), events(300, 2), events(300, 3)]


class Server(ThreadingHTTPServer):
    """Serves one file at any name, by ranges; `answer` may be told to misbehave from some request on."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.ranges: list[tuple[int, int]] = []
        self.good = 1 << 30
        self.status = 503
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a.root"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that give up are no error here."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        if self.path != "/a.root":
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2]) + 1) if asked else (0, len(self.server.data))
        if body:
            self.server.ranges.append((first, last))
        if len(self.server.ranges) > self.server.good:
            self.misbehave()
            return
        data = self.server.data[first:last]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Accept-Ranges", "bytes")
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{len(self.server.data)}")
        self.end_headers()
        if body:
            self.wfile.write(data)

    def misbehave(self) -> None:
        if self.server.status == 0:
            # Close half-way.
            self.send_response(206)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
            self.close_connection = True
        elif self.server.status == 1:
            # Never answer.
            self.server.release.wait(20)
            self.close_connection = True
        else:
            self.send_error(self.server.status)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Quiet."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    path = write(tmp_path / "a.root", BATCHES, uproot.ZSTD(1))
    with Server(path.read_bytes()) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.release.set()
        running.shutdown()
        thread.join()


def read(url: str) -> None:
    """Read a file and compare it with what was written."""
    with open_events(url, LAYOUT) as file:
        found = together(file.chunks(0, None), LAYOUT)
        assert file.stats.baskets == 21
    for name, values in wanted(BATCHES).items():
        assert same(found[name], values), name


def test_a_file_on_a_web_server_is_read_in_few_requests(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts.cuts, "__defaults__", (300, 300))
    read(server.url)
    baskets = [each for each in server.ranges if each[1] - each[0] > 1000]
    # One a chunk, and what uproot asks for.
    assert len(server.ranges) < 12
    assert len(baskets) <= 6
    fetched = sum(min(last, len(server.data)) - first for first, last in server.ranges)
    assert fetched < 1.5 * len(server.data)


def test_the_next_chunk_is_fetched_while_one_is_worked_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts.cuts, "__defaults__", (300, 300))
    with uproot.open(server.url) as file:
        branch = file["Events"]["Muon_tightId"]
        places = [int(each) for each in branch.member("fBasketSeek")[:3]]
    server.ranges.clear()
    with open_events(server.url, LAYOUT) as opened:
        chunks = opened.chunks(0, None)
        next(chunks)
        for _ in range(500):
            if any(first <= places[1] < last for first, last in server.ranges[-1:]):
                break
            server.release.wait(0.01)
        assert any(first <= places[1] < last for first, last in server.ranges)
        assert not any(first <= places[2] < last for first, last in server.ranges)


def trouble(url: str) -> InputError:
    with pytest.raises(InputError) as caught, open_events(url, LAYOUT) as file:
        list(file.chunks(0, None))
    assert caught.value.file == url
    return caught.value


def test_a_file_that_a_server_does_not_have_will_not_come(server: Server) -> None:
    found = trouble(server.url.replace("a.root", "b.root"))
    assert "there is no such file" in str(found)
    assert not found.transient


@pytest.mark.parametrize(("status", "transient"), [(503, True), (500, True), (403, False), (0, True)])
def test_a_server_that_fails_half_way(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, status: int, transient: bool
) -> None:
    monkeypatch.setattr(cuts.cuts, "__defaults__", (300, 300))
    with open_events(server.url, LAYOUT) as file:
        opening = len(server.ranges)
        assert file.entries == 900
    server.ranges.clear()
    server.good, server.status = opening + 1, status
    found = trouble(server.url)
    assert found.transient is transient
    assert found.branch
    assert found.entry == 300
    server.ranges.clear()
    server.good = 0
    assert trouble(server.url).transient is transient


def test_a_server_that_hangs_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PATIENCE", 0.3)
    server.good, server.status = 0, 1
    assert trouble(server.url).transient


def test_nobody_there_may_pass() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = trouble(f"http://127.0.0.1:{taken.getsockname()[1]}/a.root")
    assert found.transient
    assert "trouble" in str(found)


def test_a_file_that_shrank_on_the_server_is_truncated(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts.cuts, "__defaults__", (300, 300))
    with uproot.open(server.url) as file:
        seek = int(file["Events"]["Muon_pt"].member("fBasketSeek")[2])
    with open_events(server.url, LAYOUT) as opened:
        server.data = server.data[: seek + 3]
        chunks = opened.chunks(0, None)
        assert [next(chunks).start, next(chunks).start] == [0, 300]
        with pytest.raises(InputError, match="truncated") as caught:
            next(chunks)
    assert (caught.value.branch, caught.value.entry) == ("Muon_pt", 600)
