"""What the servers share: they serve while their block lasts, and their own faults are seen."""

from __future__ import annotations

import ssl
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from support import until

from servers.authority import Authority
from servers.commands import Command
from servers.serving import Answer, Asked, Served, as_text

if TYPE_CHECKING:
    from pathlib import Path


class Echo(Served):
    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._context = context

    def tls(self) -> ssl.SSLContext | None:
        return self._context

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/fault":
            raise KeyError("the server's own")
        return as_text(f"{asked.method} {asked.path} {asked.query} {asked.bearer} {asked.body.decode()}")


def test_request_arrives_in_parts() -> None:
    with Echo() as echo:
        headers = {"Authorization": "Bearer abc"}
        answer = httpx.post(f"{echo.url}/a%20b?x=1&y=", headers=headers, content="body")
        assert answer.text == "POST /a b {'x': '1', 'y': ''} abc body"
        assert [asked.path for asked in echo.seen] == ["/a b"]


def test_something_else_may_be_answered_at_a_path() -> None:
    with Echo() as echo:
        echo.instead["/there"] = as_text("else", 502)
        assert (httpx.get(f"{echo.url}/there?a=b").status_code, httpx.get(f"{echo.url}/here").status_code) == (502, 200)


def test_nobody_answers_after_the_end() -> None:
    with Echo() as echo:
        assert echo.url.startswith("http://127.0.0.1:")
    with pytest.raises(httpx.ConnectError):
        httpx.get(echo.url)


def test_own_fault_is_not_lost_in_a_thread() -> None:
    with pytest.raises(AssertionError, match="Echo itself failed"), Echo() as echo, pytest.raises(httpx.ReadError):
        httpx.get(f"{echo.url}/fault")


def test_certificate_is_trusted_through_its_authority_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "one")
    with Echo(authority.server("echo")) as echo:
        assert httpx.get(echo.url, verify=authority.client()).status_code == 200
        for stranger in (ssl.create_default_context(), Authority(tmp_path / "two").client()):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(echo.url, verify=stranger)


@pytest.mark.parametrize(
    ("line", "code", "output"), [("echo hello; echo more >&2", 0, "hello\nmore\n"), ("exit 3", 3, "")]
)
def test_command_runs(tmp_path: Path, line: str, code: int, output: str) -> None:
    command = Command(["sh", "-c", line], tmp_path, {})
    assert until(lambda: command.exit_code is not None)
    assert (command.exit_code, command.output) == (code, output)
    command.end()


def test_command_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "canary")
    command = Command([sys.executable, "-c", "import os; print(sorted(os.environ))"], tmp_path, {"GIVEN": "1"})
    assert until(lambda: command.exit_code is not None)
    assert {"GIVEN", "HOME", "PATH"} <= set(eval(command.output))  # noqa: S307 - a list of names
    assert "SECRET" not in command.output
    command.end()


def test_command_that_is_not_there_fails_as_in_a_container(tmp_path: Path) -> None:
    command = Command(["/nothing/there"], tmp_path, {})
    assert command.exit_code == 128
    assert "No such file" in command.output
    command.end()


def test_command_is_killed_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command(["sleep", "600"], tmp_path, {})
    running = command.exit_code is None
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert (running, command.exit_code) == (True, 137)
    command.end()
