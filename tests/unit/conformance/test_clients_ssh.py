"""What the kit reads of SSH: banners, the compiled configuration, complaints of ssh, and what a host says of itself."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients import ssh
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

COMPILED = """# For a site.
Host toy-bastion
    HostName gate.example.org

Host toy-sub01
    HostName sub01
    ProxyJump toy-bastion
Host toy-*
    ForwardAgent no
"""


def banner(said: bytes, *, closed: bool = True) -> str:
    """What a server's first bytes are taken for."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall(said)
        if closed:
            far.shutdown(socket.SHUT_WR)
        return ssh.banner(near, 0.2)


def test_a_server_names_itself_also_after_other_lines() -> None:
    assert banner(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", closed=False) == "SSH-2.0-OpenSSH_9.2p1 Debian-2"
    assert banner(b"Authorised use only.\r\nSSH-2.0-x\r\nmore") == "SSH-2.0-x"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "hangs up without a word"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no SSH server: it says 'HTTP/1.1 400"),
        (b"SSH-2.0-cut", "no SSH server"),
        (b"SSH-1.5-old\r\n", "no SSH server"),
    ],
)
def test_what_is_no_ssh_server(said: bytes, words: str) -> None:
    with pytest.raises(FailedError, match=words.replace("/", ".")):
        banner(said)


def test_silence_is_a_failure() -> None:
    with pytest.raises(FailedError, match="says nothing within"):
        banner(b"", closed=False)


@given(said=st.binary(max_size=300))
def test_whatever_is_said_it_is_a_banner_or_a_failure(said: bytes) -> None:
    with contextlib.suppress(FailedError):
        assert banner(said).startswith("SSH-")


def test_aliases_are_by_host() -> None:
    assert ssh.aliases(COMPILED) == {"gate.example.org": "toy-bastion", "sub01": "toy-sub01"}


def test_nothing_comes_before_what_keeps_connections_closed() -> None:
    lines = [line.strip() for line in ssh.configuration(COMPILED, "toy", "anna", "~/.ssh/config").splitlines()]
    assert lines.index("ControlMaster no") < lines.index('Include "~/.ssh/config"') < lines.index("Host toy-bastion")
    assert lines[lines.index('Include "~/.ssh/config"') - 1] == "Match all"


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("ssh: Could not resolve hostname gate: Name or service not known", Reason.UNREACHABLE, "Could not resolve"),
        ("ssh: connect to host gate port 22: Connection timed out", Reason.UNREACHABLE, "timed out"),
        ("anna@gate: Permission denied (publickey,keyboard-interactive).", Reason.NO_CREDENTIALS, "Permission denied"),
        ("No ED25519 host key is known\nHost key verification failed.", Reason.NO_CREDENTIALS, "verification failed"),
        ("ssh: connect to host gate port 22: Connection refused", None, "Connection refused"),
        (
            "channel 0: open failed: connect failed: Connection timed out\nstdio forwarding failed",
            None,
            "the gateway does not lead there: channel 0",
        ),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            None,
            "another host key",
        ),
        ("Connection reset by 192.0.2.1 port 22", None, "Connection reset"),
        ("", None, "without a word"),
    ],
)
def test_complaints_of_ssh(said: str, kind: Reason | None, words: str) -> None:
    found = ssh.trouble(said)
    assert (found.reason if isinstance(found, UnverifiedError) else None) is kind
    assert words in found.text


def test_methods_that_are_offered() -> None:
    assert ssh.methods("a@b: Permission denied (publickey,password).") == ("publickey", "password")
    assert ssh.methods("a@b: Permission denied ().") == ()
    assert ssh.methods("Connection refused") == ()


def test_what_a_host_tells_is_behind_the_nonce() -> None:
    out = "Welcome uid=0\ncafe uid=1000 named=yes found=no\n"
    assert ssh.shell(out, "cafe") == {"uid": "1000", "named": "yes", "found": "no"}
    assert ssh.shell(out, "beef") == {}


@given(out=st.text(), nonce=st.text(alphabet="0123456789abcdef", min_size=16, max_size=16))
def test_without_the_nonce_nothing_is_told(out: str, nonce: str) -> None:
    if nonce not in out:
        assert ssh.shell(out, nonce) == {}
