"""Hosts that run commands: every command ends, here and there, and nothing of it stays behind."""

from __future__ import annotations

import base64
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import until

from afspec.conformance.reach import TestinfraHost
from afspec.conformance.reach import hosts as module
from afspec.conformance.reach.hosts import CommandHost, run_local
from afspec.conformance.trouble import CommandTimeoutError, FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.conformance.reach import Host

SHORT = 0.2


def same(argv: Sequence[str]) -> Sequence[str]:
    return argv


LOCAL = TestinfraHost("local://")
HOSTS = pytest.mark.parametrize("host", [LOCAL, CommandHost(same)], ids=["testinfra", "command"])


def running(mark: str) -> list[int]:
    """Processes with a mark in their command line."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                line = (path / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line:
                found.append(int(path.name))
    return found


@HOSTS
def test_a_command_gives_its_code_and_its_words(host: Host) -> None:
    answer = host.run(["sh", "-c", 'printf "%s" "$1"; echo "no such thing" >&2; exit 3', "sh", "a b'c\"$d"], 10)
    assert (answer.exit, answer.ok, answer.out, answer.words) == (3, False, "a b'c\"$d", "no such thing")


@pytest.mark.parametrize(("script", "words"), [("exit 7", "exit code 7"), ("echo a; echo b", "b")])
def test_the_words_of_an_answer_are_its_last_line_or_its_code(script: str, words: str) -> None:
    assert LOCAL.run(["sh", "-c", script], 10).words == words


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), max_size=4))
@settings(max_examples=25)
def test_arguments_arrive_as_they_are(words: list[str]) -> None:
    script = 'for word; do printf %s "$word" | base64 -w0; echo; done'
    out = LOCAL.run(["sh", "-c", script, "sh", *words], 10).out
    assert [base64.b64decode(line).decode() for line in out.splitlines()] == words


@HOSTS
def test_a_command_that_does_not_end_is_killed_with_all_that_it_started(host: Host) -> None:
    mark = f"1{secrets.randbelow(10**9):09}"
    with pytest.raises(CommandTimeoutError, match=r"did not end within 0\.2 s"):
        host.run(["sh", "-c", f"sleep {mark} & sleep {mark}; wait"], SHORT)
    assert until(lambda: not running(mark))


def test_a_far_side_that_does_not_answer_at_all_is_left_by_the_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", SHORT)
    mark = f"1{secrets.randbelow(10**9):09}"
    # What leads to the host hangs by itself: its own timeout(1) never starts.
    host = CommandHost(lambda _: ["sh", "-c", f"sleep {mark}; true"])
    with pytest.raises(CommandTimeoutError, match="no answer within"):
        host.run(["true"], SHORT)
    assert until(lambda: not running(mark))


def test_what_cut_itself_off_and_holds_the_pipes_is_not_waited_for() -> None:
    mark = f"1{secrets.randbelow(10**9):09}"
    begun = time.monotonic()
    with pytest.raises(CommandTimeoutError):
        run_local(["sh", "-c", f"setsid sleep {mark} & sleep {mark}"], SHORT)
    try:
        assert time.monotonic() - begun < 30
    finally:
        for pid in running(mark):
            run_local(["kill", "-9", str(pid)], 10)


@HOSTS
@pytest.mark.parametrize("code", [124, 137, 1, 255])
def test_a_commands_own_code_is_not_taken_for_a_time_out(host: Host, code: int) -> None:
    assert host.run(["sh", "-c", f"exit {code}"], 10).exit == code


def test_a_time_out_is_a_failure_of_what_was_asked() -> None:
    assert issubclass(CommandTimeoutError, FailedError)


@pytest.mark.parametrize("spec", ["ssh://alice:geheim@iana", "ssh://:geheim@iana", "podman://a:b@c"])
def test_a_password_in_an_address_is_refused_and_not_repeated(spec: str) -> None:
    with pytest.raises(UnverifiedError) as caught:
        TestinfraHost(spec)
    assert caught.value.reason is Reason.NO_CREDENTIALS
    assert "geheim" not in caught.value.text + caught.value.next_step


@pytest.mark.parametrize("spec", ["ssh://alice@iana", "ssh://iana:2222", "local://", "kubectl://pod"])
def test_an_address_without_one_is_taken(spec: str) -> None:
    assert TestinfraHost(spec).spec == spec


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("alice@iana: Permission denied (publickey,keyboard-interactive).", Reason.NO_CREDENTIALS),
        ("Received disconnect: Too many authentication failures", Reason.NO_CREDENTIALS),
        ("ssh: connect to host iana port 22: Connection timed out", Reason.UNREACHABLE),
        ("ssh: Could not resolve hostname iana: Name or service not known", Reason.UNREACHABLE),
        ("kex_exchange_identification: Connection closed by remote host", Reason.UNREACHABLE),
        ("", Reason.UNREACHABLE),
    ],
)
def test_why_ssh_gets_nowhere_is_told_from_its_words(said: str, reason: Reason) -> None:
    trouble = module._no_ssh(f"** a banner **\n{said}\n")
    assert trouble.reason is reason
    assert trouble.text == (said or "** a banner **")


def test_what_is_no_utf_8_is_replaced() -> None:
    assert LOCAL.run(["printf", r"a\377b"], 10).out == "a\N{REPLACEMENT CHARACTER}b"
