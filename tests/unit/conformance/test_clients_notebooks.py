"""Clients of logins, notebooks and Dask, without any: pages, kernels over a websocket, programs for the far side."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect
from websockets.sync.server import serve

from afspec.conformance.clients.kernel import Kernel
from afspec.conformance.clients.once import once
from afspec.conformance.clients.pages import forms, object_of, said
from afspec.conformance.clients.session import told
from afspec.conformance.clients.signin import Account, is_in
from afspec.conformance.credentials import Credentials, Wallet
from afspec.conformance.far import program
from afspec.conformance.trouble import CommandTimeoutError, FailedError, UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from websockets.sync.server import ServerConnection

HUB = "https://hub.example.org"
PROGRAMS = sorted(path.name.removesuffix(".py.txt") for path in files("afspec.conformance.far").iterdir())
PAGE = """<html><title>x</title><script>var a = "form";</script><p>Sign
 in</p><form action="/enter?x=1&amp;y=2" method="post"><input name="state" value="s"><input name="user">
<input type="password" name="password"><select name="idp"><option value="a"><option value="b"></select></form>"""


def page(text: str, url: str = f"{HUB}/login", status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=text, request=httpx.Request("GET", url))


def test_a_form_has_its_whole_address_and_the_values_of_its_fields() -> None:
    (form,) = forms(page(PAGE))
    assert form.action == f"{HUB}/enter?x=1&y=2"
    assert form.fields == {"state": "s", "user": "", "password": "", "idp": "a"}
    assert form.passwords == ["password"]
    assert (form.named("sub", "user"), form.named("sub")) == ("user", "")


def test_what_a_page_says_is_free_of_markup() -> None:
    assert said(page(PAGE)) == "Sign in"


@pytest.mark.parametrize("text", ["", "<html>", "[]", "null", '"x"', "{"])
def test_an_answer_that_is_no_object_fails(text: str) -> None:
    with pytest.raises(FailedError, match="the hub answers no JSON"):
        object_of(page(text), "the hub")


def test_another_status_fails_and_is_named() -> None:
    with pytest.raises(FailedError, match="the hub answers 503: Sorry"):
        object_of(page("<h1>Sorry</h1>", status=503), "the hub")
    assert object_of(page('{"a": 1}', status=201), "the hub", 201) == {"a": 1}


@pytest.mark.parametrize(
    ("url", "status", "inside"),
    [
        (f"{HUB}/hub/token", 200, True),
        (f"{HUB}/user/alice/lab", 200, True),
        (f"{HUB}/hub/oauth_callback?code=x", 403, False),
        (f"{HUB}/hub/login?next=%2Fhub%2Ftoken", 200, False),
        ("https://cilogon.org/hub/token", 200, False),
        ("https://hub.example.org.evil.net/hub/token", 200, False),
    ],
)
def test_only_pages_of_the_hub_are_inside(url: str, status: int, *, inside: bool) -> None:
    assert is_in(page("", url, status), HUB) is inside


class Purse:
    """As much of a run as an account needs."""

    def __init__(self, text: str) -> None:
        self.credentials = Credentials(site="x")
        self.wallet = Wallet({}, {"foreign_account": text})


@pytest.mark.parametrize("text", ["x", "[]", "{}", "1", '"user"'])
def test_a_secret_that_is_no_account_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(UnverifiedError) as caught:
        Account.of(Purse(text), "foreign_account")  # type: ignore[arg-type]
    assert caught.value.text == "the secret foreign_account is no account"


def test_the_password_of_an_account_is_a_secret_of_its_own() -> None:
    purse = Purse('{"user": "u", "password": "hunter-22"}')
    assert Account.of(purse, "foreign_account").user == "u"  # type: ignore[arg-type]
    assert "hunter-22" in purse.wallet.values


def message(kind: str, parent: str, **content: Any) -> str:
    return json.dumps({"msg_type": kind, "parent_header": {"msg_id": parent}, "content": content})


@contextmanager
def kernel(answer: Callable[[ServerConnection, str], None]) -> Iterator[Kernel]:
    """A kernel whose websocket answers a request as a function does."""

    def handle(socket: ServerConnection) -> None:
        answer(socket, json.loads(socket.recv())["header"]["msg_id"])
        # It stays open until the client goes.
        for _ in socket:
            pass

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.socket.getsockname()[1]
            with connect(f"ws://127.0.0.1:{port}", proxy=None) as socket:
                yield Kernel(socket)
        finally:
            server.shutdown()
            thread.join()


def test_what_a_kernel_prints_for_another_request_or_as_an_error_is_no_answer() -> None:
    def answer(socket: ServerConnection, request: str) -> None:
        socket.send(message("stream", "other", name="stdout", text="no"))
        socket.send(message("status", "other", execution_state="idle"))
        socket.send(message("stream", request, name="stderr", text="a warning"))
        socket.send(message("stream", request, name="stdout", text='{"a": '))
        socket.send(message("stream", request, name="stdout", text="1}\n"))
        socket.send(message("status", request, execution_state="idle"))

    with kernel(answer) as asked:
        assert told(asked, "x", 5) == {"a": 1}


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("error", {"ename": "ValueError", "evalue": "bad"}, "ends with an error: ValueError: bad"),
        ("stream", {"name": "stdout", "text": "<html>"}, "prints no answer"),
        ("stream", {"name": "stdout", "text": "[1]"}, "prints no answer"),
    ],
)
def test_a_kernel_that_gives_no_answer_fails(kind: str, content: dict[str, str], says: str) -> None:
    def answer(socket: ServerConnection, request: str) -> None:
        socket.send(message(kind, request, **content))
        socket.send(message("status", request, execution_state="idle"))

    with kernel(answer) as asked, pytest.raises(FailedError, match=says):
        told(asked, "x", 5)


def test_a_kernel_that_died_is_told_by_its_server() -> None:
    def answer(socket: ServerConnection, request: str) -> None:
        del request
        socket.send(message("status", "", execution_state="restarting"))

    with kernel(answer) as asked, pytest.raises(FailedError, match="the kernel died"):
        asked.run("x", 5)


def test_a_kernel_that_says_nothing_is_given_up() -> None:
    with kernel(lambda _socket, _request: None) as asked, pytest.raises(CommandTimeoutError):
        asked.run("x", 0.2)


def test_a_connection_that_breaks_fails() -> None:
    with kernel(lambda socket, _: socket.close()) as asked, pytest.raises(FailedError, match="connection broke"):
        asked.run("x", 5)


def test_programs_for_the_far_side_are_python_of_long_ago() -> None:
    """RHEL 8's Python is 3.6."""
    found = [name.removesuffix(".txt").removesuffix(".py") for name in PROGRAMS if not name.startswith("__")]
    assert {"facts", "kernels", "workers", "gateway", "versions"} <= set(found)
    for name in found:
        ast.parse(program(name, a=1), feature_version=(3, 7))


@given(st.dictionaries(st.text(max_size=5), st.text() | st.none() | st.booleans() | st.integers(), max_size=4))
def test_a_program_is_told_exactly_what_it_was_given(told_: dict[str, Any]) -> None:
    space: dict[str, Any] = {}
    head = "".join(line + "\n" for line in program(a=1, b=told_).splitlines()[:2])
    exec(head, space)  # noqa: S102 - our own text
    assert space["AFSPEC"] == {"a": 1, "b": told_}


def test_facts_are_computed_from_the_nonce(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program("facts", nonce="n\"'\n")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2", "SLURM_MEM_PER_NODE": "512", "HOME": "/nowhere"},
    )
    found = json.loads(done.stdout)
    assert found["answer"] == hashlib.sha256(b"n\"'\n").hexdigest()
    assert found["slurm"] == {"job": "7", "memory": 512 * 2**20, "cpu": 2}
    assert found["condor"] == {}


class Work:
    """As much of a run as `once` needs."""

    def __init__(self, work: Path) -> None:
        self.work = work


def test_one_look_is_enough_unless_it_failed(tmp_path: Path) -> None:
    looks: list[int] = []

    def look() -> dict[str, Any]:
        looks.append(1)
        if len(looks) == 1:
            raise FailedError("not now")
        return {"seen": len(looks)}

    run: Any = Work(tmp_path)
    with pytest.raises(FailedError):
        once(run, "session", look)
    assert [once(run, "session", look) for _ in range(3)] == [{"seen": 2}] * 3
    assert once(run, "another", look) == {"seen": 3}
