"""SSH as a user's own machine asks for it: the server's banner, the compiled configuration, what ssh complains of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.conformance.trouble import FailedError, Trouble, UnreachableError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

# ssh's exit code for troubles of its own (ssh(1)), and the shell's for a command that is not there.
SSH_FAILED = 255
NOT_FOUND = 127
# What a server may send before it names itself, and the longest name (RFC 4253, 4.2).
_MOST = 8192
_LOGIN_BY_HAND = "Log in by hand once: its second factor, and the hosts' keys, are then known to this machine."


def banner(connection: socket.socket, seconds: float) -> str:
    """The identification of the SSH server behind a connection: SSH-2.0-OpenSSH_9.2 (RFC 4253, 4.2).

    Raises:
        FailedError: it says nothing within `seconds`, hangs up, or speaks another protocol.
    """
    connection.settimeout(seconds)
    said = b""
    while len(said) < _MOST:
        for line in said.splitlines(keepends=True):
            if line.startswith((b"SSH-2.0-", b"SSH-1.99-")) and line.endswith(b"\n"):
                return line.decode("ascii", "replace").strip()
        try:
            more = connection.recv(1024)
        except TimeoutError:
            raise FailedError(f"it takes the connection and says nothing within {seconds:g} s") from None
        except OSError as error:
            raise FailedError(f"it broke the connection: {error}") from error
        if not more:
            break
        said += more
    begin = said[:60].decode("utf-8", "replace")
    raise FailedError(f"no SSH server: it says {begin!r}" if said else "it hangs up without a word")


def configuration(compiled: str, site: str, user: str, own: str) -> str:
    """What to give to `ssh -F`: the compiled configuration below the user's own, in which keys and second factors are.

    The first value that ssh finds is the one that counts (ssh_config(5)). No connection is left open behind us.
    """
    return "\n".join(
        [
            f"Host {site}-*",
            f"    User {user}",
            "    BatchMode yes",
            "    ConnectTimeout 10",
            "    ControlMaster no",
            "    ControlPersist no",
            "Match all",
            f'    Include "{own}"',
            compiled,
        ]
    )


def aliases(compiled: str) -> dict[str, str]:
    """The alias of every host in a compiled configuration, by the host's name."""
    found: dict[str, str] = {}
    alias = ""
    for line in compiled.splitlines():
        words = line.split()
        if words[:1] == ["Host"]:
            alias = words[1] if len(words) == 2 else ""  # noqa: PLR2004 - a block for one alias
        elif words[:1] == ["HostName"] and alias:
            found.setdefault(words[1], alias)
    return found


# What ssh says when it ends with 255, and what that means here. The first that is found counts.
_UNREACHABLE = {
    "Could not resolve hostname": "",
    "Network is unreachable": "",
    "No route to host": "",
    "Connection timed out": "",
    "Operation timed out": "",
}
_NOT_LET_IN = {
    "Too many authentication failures": "Load the one key that the site knows, or name it in your SSH configuration.",
    "Permission denied": f"{_LOGIN_BY_HAND} Keep the connection open with a ControlPath.",
    "Host key verification failed": _LOGIN_BY_HAND,
}


def trouble(said: str) -> Trouble:
    """Why ssh got nowhere, from its own words.

    What the gateway says of hosts behind it is the facility's own fault; what keeps this machine from the gateway, or
    the user from being let in, tells nothing of the facility.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "ssh failed without a word"
    behind = next((line for line in lines if "open failed" in line), "")
    if behind:
        return FailedError(f"the gateway does not lead there: {behind}")
    if "IDENTIFICATION HAS CHANGED" in said:
        return FailedError("it shows another host key than it used to")
    for words, hint in _NOT_LET_IN.items():
        if found := _line(lines, words):
            return UnverifiedError(Reason.NO_CREDENTIALS, found, hint)
    if found := next(filter(None, (_line(lines, words) for words in _UNREACHABLE)), ""):
        return UnreachableError(found, "Is the host reached from this machine? Try ssh by hand.")
    refused = _line(lines, "Connection refused")
    return FailedError(refused or last)


def _line(lines: list[str], words: str) -> str:
    return next((line for line in lines if words in line), "")


def methods(said: str) -> tuple[str, ...]:
    """The ways of authentication that a server offered when it denied us; empty where it did not say."""
    found = re.search(r"Permission denied \(([^)]*)\)", said)
    return tuple(filter(None, found[1].split(","))) if found else ()


def shell(out: str, nonce: str) -> Mapping[str, str]:
    """What a command on the host told after a nonce, as name=value; empty where the nonce did not come back."""
    for line in out.splitlines():
        words = line.split()
        if words[:1] == [nonce]:
            return dict(word.split("=", 1) for word in words[1:] if "=" in word)
    return {}
