"""OpenSSH: a bastion and the hosts behind it, and for each user a laptop that knows the way."""

from __future__ import annotations

import shlex
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.facility import Facility
    from afspec.facility.access import Ssh as SshSection
    from afspec.twin.context import User

# Their own machines are no part of the facility: a folder outside of its homes.
LAPTOP = "/laptop"
_SSHD = "/usr/sbin/sshd"


class Server(NamedTuple):
    """An sshd by the name of its configuration, and the addresses that it listens on."""

    name: str
    config: str
    listens: tuple[tuple[str, int], ...]


class Ssh(Engine):
    """sshd as the compiled configurations say, with host keys and users' keys made at the start."""

    name: ClassVar[str] = "ssh"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where SSH is offered and its hosts are known."""
        ssh = facility.access.ssh
        return ssh is not None and ssh.offered and bool(ssh.hosts)

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The bastion, and every host behind it or beside it."""
        ssh = _section(facility)
        found = [ssh.bastion.host] if ssh.bastion else []
        return [*found, *(host for item in ssh.hosts for host in item.hosts)]

    def prepare(self) -> None:
        """Configurations, host keys, and keys for the users."""
        self.room.make_folder("/run/sshd")
        folder = _section(self.facility).replica.directory
        self.room.make_folder(folder)
        for server in self.servers():
            self.room.write(server.config, self.files.text(f"ssh/replica/{server.name}.conf"))
            self._make_key(self._host_key(server.name), comment=server.name)
        for user in self.twin.users:
            self._make_laptop(user)

    def servers(self) -> Iterator[Server]:
        """The servers that the compiler wrote configurations for."""
        folder = _section(self.facility).replica.directory
        for name in self.files.glob("ssh/replica/*.conf"):
            lines = [line.split() for line in self.files.text(name).splitlines()]
            listens = [words[1].rpartition(":") for words in lines if words[:1] == ["ListenAddress"]]
            stem = name.rpartition("/")[2].removesuffix(".conf")
            yield Server(stem, f"{folder}/{stem}.conf", tuple((host, int(port)) for host, _, port in listens))

    def daemons(self) -> Sequence[Daemon]:
        """The bastion first."""
        return [
            Daemon(f"sshd-{server.name}", (_SSHD, "-D", "-e", "-f", server.config, *self._forgiving))
            for server in sorted(self.servers(), key=lambda server: server.name != "bastion")
        ]

    @cached_property
    def _forgiving(self) -> tuple[str, ...]:
        """OpenSSH 9.8 and newer shut out an address that fails too often; here everybody has the same one."""
        option = ("-o", "PerSourcePenalties=no")
        config = next(self.servers()).config
        done = self.room.run([_SSHD, "-t", "-f", config, *option], directory="/", check=False)
        return option if done.returncode == 0 else ()

    def ready(self, daemon: Daemon) -> str:
        """Whether it shows the key that was made for it."""
        server = next(server for server in self.servers() if f"sshd-{server.name}" == daemon.name)
        host, port = server.listens[0]
        done = self.room.run(["ssh-keyscan", "-T", "3", "-t", "ed25519", "-p", str(port), host], check=False, timeout=5)
        if not done.stdout:
            return f"{host}:{port} does not answer"
        key = self.room.read(f"{self._host_key(server.name)}.pub").split()[1]
        return "" if key in done.stdout.split() else f"{host}:{port} shows another key"

    def endpoints(self) -> Sequence[Endpoint]:
        """The first address of every server."""
        return [
            Endpoint(server.name, f"ssh://{server.listens[0][0]}:{server.listens[0][1]}") for server in self.servers()
        ]

    def config(self, user: str) -> str:
        """The configuration of a user's own machine, for `ssh -F`; made to be used with `run(..., outside=True)`."""
        return f"{LAPTOP}/{user}/.ssh/config"

    def _host_key(self, name: str) -> str:
        return f"{_section(self.facility).replica.directory}/{name}_ed25519_key"

    def _make_key(self, path: str, *, comment: str, kind: str = "ed25519", user: str = "root") -> None:
        if not self.room.exists(path):
            self.room.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", path], user=user)

    def _make_laptop(self, user: User) -> None:
        """The compiled configuration, a key, the hosts' keys; and the key's other half in the user's home."""
        ssh = _section(self.facility)
        home = f"{LAPTOP}/{user.name}/.ssh"
        self.room.make_folder(f"{LAPTOP}/{user.name}", mode=0o700, owner=user.name)
        self.room.make_folder(home, mode=0o700, owner=user.name)
        kind = ssh.key_types[0] if ssh.key_types else "ed25519"
        key = f"{home}/id_{kind}"
        self._make_key(key, comment=f"{user.name}@laptop", kind=kind, user=user.name)
        pattern = f"{self.facility.name}-*"
        own = [
            f"Host {pattern}",
            # Nothing stays behind in a miniature once a command is done.
            "    ControlPersist no",
            "Match all",
            f"    Include {home}/afspec/{self.facility.name}",
            f"Host {pattern}",
            f"    User {user.name}",
            f"    IdentityFile {key}",
            "    IdentitiesOnly yes",
            f"    UserKnownHostsFile {home}/known_hosts",
            "    StrictHostKeyChecking yes",
            "    BatchMode yes",
            "    ConnectTimeout 10",
        ]
        self.room.write(f"{home}/config", "\n".join(own) + "\n", mode=0o600, owner=user.name)
        self.room.make_folder(f"{home}/afspec", mode=0o700, owner=user.name)
        self.room.write(f"{home}/afspec/{self.facility.name}", self.files.text("ssh/config"), owner=user.name)
        self.room.write(f"{home}/known_hosts", "".join(self._known_hosts()), mode=0o600, owner=user.name)
        self._authorize(user, self.room.read(f"{key}.pub"))

    def _known_hosts(self) -> Iterator[str]:
        """A line for every address (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
        for server in self.servers():
            key = " ".join(self.room.read(f"{self._host_key(server.name)}.pub").split()[:2])
            for host, port in server.listens:
                yield f"{host if port == 22 else f'[{host}]:{port}'} {key}\n"  # noqa: PLR2004 - SSH's own port

    def _authorize(self, user: User, key: str) -> None:
        """Let the key in, as its owner would: in a home that is hers, beside keys of her own."""
        script = (
            "umask 077; mkdir -p ~/.ssh && touch ~/.ssh/authorized_keys && "
            f"{{ grep -qxF {shlex.quote(key.strip())} ~/.ssh/authorized_keys || "
            f"echo {shlex.quote(key.strip())} >> ~/.ssh/authorized_keys; }}"
        )
        self.room.run(["sh", "-c", script], user=user.name)


def _section(facility: Facility) -> SshSection:
    """The spec's section, which is there wherever the engine applies."""
    if facility.access.ssh is None:
        raise LookupError("the facility does not offer SSH")
    return facility.access.ssh
