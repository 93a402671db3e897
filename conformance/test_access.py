"""Access: SSH servers answer, every host gives a user her shell, pages are published, keys are all that opens."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from afspec.conformance.checks import check
from afspec.conformance.clients import ssh
from afspec.conformance.clients.files import TEMPORARY
from afspec.conformance.trouble import FailedError
from afspec.facility.access import Door
from afspec.facility.words import expand_hosts
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer
    from afspec.facility.access import SshHost

# Seconds in which a server names itself.
SOON = 10
# Run by sh whatever the user's own shell is: no single quotes and no ! in it, which csh reads. It compares on the far
# side: what a host calls itself, and where it is, may be internal.
_WHO = (
    "here=${SSH_CONNECTION% *}; here=${here##* }; named=no; found=no; "
    '[ "$(uname -n | cut -d. -f1)" = "$3" ] && named=yes; '
    'for each in $(getent ahosts "$2" | cut -d" " -f1); do [ "$each" = "$here" ] && found=yes; done; '
    'echo "$1 uid=$(id -u) named=$named found=$found"'
)


def _servers(probe: Probe) -> Iterator[tuple[str, int]]:
    """The servers of an entry: the bastion, or the hosts of a range."""
    section = probe.value
    if section.bastion and probe.item == "bastion":
        yield section.bastion.host, section.bastion.port
        return
    (entry,) = [host for host in section.hosts if host.name == probe.item]
    for name in expand_hosts(entry.host):
        yield name, entry.port


@check("AF-ACCESS-001", "banner")
def test_server_names_itself(probe: Probe) -> None:
    """The first line of RFC 4253, and nothing more."""
    for host, port in _servers(probe):
        with probe.way().dialer.dial(host, port, SOON) as connection:
            try:
                said = ssh.banner(connection, min(SOON, probe.remaining()))
            except FailedError as trouble:
                raise FailedError(f"{host}:{port}: {trouble.text}") from trouble
        probe.expect(said, f"{host}:{port} answers as an SSH server", said)
        probe.note(f"server {host}", said)


@check("AF-ACCESS-002", "shell")
def test_user_gets_a_shell(probe: Probe) -> None:
    """On every host of a range, with the compiled configuration below the user's own."""
    compiled = probe.run.files["ssh/config"]
    text = ssh.configuration(compiled, probe.facility.name, probe.user, probe.run.credentials.ssh_config)
    folder = f"{TEMPORARY}/{probe.name}"
    probe.later(lambda: probe.sh('rm -rf -- "$1"', folder, check=True), f"rm -r {folder}")
    # As text, not in base64: the user's name is taken out of the evidence only where it can be seen.
    probe.sh('umask 077; mkdir "$1" && printf "%s\\n" "$2" >"$1/config"', folder, text, check=True)
    names = ssh.aliases(compiled)
    for host in probe.value.hosts:
        words = ["exec", "sh", "-c", _WHO, "sh", probe.nonce, host, host.split(".")[0]]
        answer = _ssh(probe, "-n", "-F", f"{folder}/config", names[host], shlex.join(words))
        _judge(probe, host, answer, ssh.shell(answer.out, probe.nonce))


def _ssh(probe: Probe, *words: str) -> Answer:
    answer = probe.sh('exec ssh "$@"', *words)
    if answer.exit == ssh.NOT_FOUND and not answer.out:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "there is no ssh on this machine", "Install OpenSSH's client.")
    return answer


def _judge(probe: Probe, host: str, answer: Answer, told: Mapping[str, str]) -> None:
    """What a host said of itself and its user."""
    if not told and answer.exit == ssh.SSH_FAILED:
        raise ssh.trouble(answer.err)
    probe.expect(told, f"a command on {host} brings its nonce back", answer.words)
    probe.expect(told.get("uid") not in {"0", "", None}, f"it is an ordinary user's shell on {host}", told.get("uid"))
    entry: SshHost = probe.value
    itself = "yes" in {told.get("named"), told.get("found")}
    if len(entry.hosts) > 1:
        probe.expect(itself, f"the host behind {host} is {host} itself", "neither its name nor its address")
    elif not itself and (entry.machines or 1) == 1:
        probe.degraded(f"what answers as {host} has another name and address")


@check("AF-ACCESS-003", "page")
def test_page_answers(probe: Probe) -> None:
    """Without an account: a page that asks for a login is there."""
    url = probe.value.url
    parts = urlsplit(url)
    alone = parts.hostname in {"localhost", "127.0.0.1"}
    probe.expect(parts.scheme == "https" or alone, "the page is published under https", parts.scheme)
    # A certificate that does not fit is refused by the client, as by a browser.
    status = probe.web().get(url).status_code
    probe.expect(200 <= status < 400 or status in {401, 403}, "the page answers", f"status {status}")  # noqa: PLR2004


@check("AF-ACCESS-004", "no_password")
def test_no_password_is_asked(probe: Probe) -> None:
    """The ways of authentication that a server lists when somebody comes with none (RFC 4252, 5.2)."""
    second = any(login.mfa not in {None, "none"} for login in probe.facility.logins if Door.SSH in login.opens)
    allowed = {"publickey", *(["keyboard-interactive"] if second else [])}
    who = probe.run.credentials.user or "afspec"
    options = ["PreferredAuthentications=none", "BatchMode=yes", f"ConnectTimeout={SOON}"]
    # Nothing is entrusted to the server: its key does not matter, and is not kept.
    options += ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    for host, port in _servers(probe):
        words = [word for option in options for word in ("-o", option)]
        answer = _ssh(probe, "-n", "-F", "none", *words, "-p", str(port), "-l", who, host, "true")
        probe.expect(answer.exit == ssh.SSH_FAILED, f"{host} lets nobody in without a key", answer.words)
        offered = ssh.methods(answer.err)
        if not offered:
            raise ssh.trouble(answer.err)
        passwords = {"password", "keyboard-interactive"} - allowed
        probe.expect(not passwords.intersection(offered), f"{host} takes no password", ", ".join(offered))
        if others := set(offered) - allowed:
            probe.degraded(f"{host} also offers {', '.join(sorted(others))}")
