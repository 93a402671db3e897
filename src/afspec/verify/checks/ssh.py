"""OpenSSH's client and server: what users include, and what a twin's logins run with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.check import Check, Finding, NotCheckedError
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_HOST = re.compile(r"^\s*Host\s+(.+)$", re.MULTILINE | re.IGNORECASE)
_EXECUTED = re.compile(r"^\s*Match\b.*\bexec\b", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(r"^HostKey\s.*$", re.MULTILINE | re.IGNORECASE)
_ADDRESS = re.compile(r"^(ListenAddress\s+)[^\s:]+", re.MULTILINE | re.IGNORECASE)
# Both `F: line 3: Bad ...` and `F line 3: ...`, the summing up at the end apart.
_ERROR = re.compile(r"^(?:command-line: )?(?P<path>\S+?):? line (?P<line>\d+): (?P<said>.*?)\r?$", re.MULTILINE)


def _errors(path: str, said: str) -> Iterator[Finding]:
    found = {(int(error["line"]), error["said"].strip()) for error in _ERROR.finditer(said)}
    for line, words in sorted(found):
        yield Finding(path, line, words)
    if not found:
        yield Finding(path, 0, " ".join(said.split()))


class SshClient(Check):
    """ssh reads the configuration, and resolves every host that it names (ssh -G)."""

    name = "ssh"
    code = "AF5105"
    tool = Program(("ssh",), "install OpenSSH's client", ("trixie", "bookworm"))

    def files(self, site: Compiled) -> list[str]:
        return site.like("ssh/config")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        for path in files:
            # ssh -G asks that program whether the lines below it count. No compiled file has one.
            if _EXECUTED.search(site.text(path)):
                raise NotCheckedError("`Match exec` starts a program, which is not done here")
            names = {name for line in _HOST.findall(site.text(path)) for name in line.split()}
            found: set[Finding] = set()
            for host in sorted(name for name in names if not set(name) & set("*?!")) or ["host.example"]:
                done = bench.run(["ssh", "-G", "-F", path, "--", host])
                if done.returncode:
                    found |= set(_errors(path, done.err))
            yield from sorted(found)


class SshServer(Check):
    """sshd accepts the configurations of the login hosts (sshd -t)."""

    name = "sshd"
    code = "AF5106"
    tool = Program(("sshd", "ssh-keygen"), "install OpenSSH's server", ("trixie", "bookworm"))

    def files(self, site: Compiled) -> list[str]:
        return site.like("ssh/replica/*.conf")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        # Keys and addresses are the hosts' own: a key that was made just now, and the loopback, stand for them.
        key = bench.write("own/note", "").removesuffix("note") + "key"
        bench.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        for path in files:
            text = _KEY.sub("", site.text(path))
            copy = bench.write(f"own/{path}", _ADDRESS.sub(r"\g<1>127.0.0.1", text))
            done = bench.run(["sshd", "-t", "-f", copy, "-h", key])
            if done.returncode:
                yield from _errors(path, done.err.replace(copy, path))
