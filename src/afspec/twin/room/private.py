"""A room with users, hosts, network and file system of its own: Linux namespaces over an overlay; needs root.

Nothing in it can be seen on the machine's network, and nothing outlives its first process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from afspec.twin.processes import Process, end, identify, inside
from afspec.twin.room.accounts import account, add_users
from afspec.twin.room.interface import Room, RoomError
from afspec.twin.room.shell import LAUNCH, execute
from afspec.twin.room.tree import resolve

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

    from afspec.twin.context import User
    from afspec.twin.engine import Daemon

BUILD = "/twin/build"
_LOGS = "/var/log/afspec"
_TRUST = "/etc/ssl/certs/ca-certificates.crt"
_AUTHORITY = "/etc/afspec/authority"
_HOSTS_OUTSIDE = "/etc/hosts.outside"
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "LANG": "C.UTF-8",
    "SHELL": "/bin/bash",
    # Debian's own programs read the system's store; those that bring their own are told of it.
    "SSL_CERT_FILE": _TRUST,
    "REQUESTS_CA_BUNDLE": _TRUST,
    "CURL_CA_BUNDLE": _TRUST,
    "NODE_EXTRA_CA_CERTS": _TRUST,
}
_BOOT_SECONDS = 20
_UNSHARE = (
    *("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup"),
    *("--fork", "--kill-child", "--"),
)


class PrivateRoom(Room):
    """A room of namespaces; `folder` is the twin's own, where everything that it writes lies."""

    private = True

    def __init__(self, folder: Path, first: Process) -> None:
        self.folder = folder
        self.first = first
        self.root = Path(f"/proc/{first.pid}/root")
        self._enter = (
            "nsenter",
            f"--target={first.pid}",
            *("--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--"),
        )

    @classmethod
    def open(cls, folder: Path, layers: Sequence[Path], name: str) -> PrivateRoom:
        """A new room over `layers`: folders of which the last is a whole root file system, the others lie on it.

        Raises:
            RoomError: it could not be made; nothing is left running then.
        """
        for part in ("root", "upper", "work", "logs", "build"):
            (folder / part).mkdir(exist_ok=True)
        log = folder / "logs" / "room.log"
        variables = {"ROOM_LOWER": ":".join(map(str, layers)), "ROOM_STATE": str(folder), "ROOM_NAME": name}
        with log.open("w") as output:
            outer = subprocess.Popen(  # noqa: S603 - our own script
                [*_UNSHARE, "sh", str(Path(__file__).with_name("boot.sh"))],
                env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            first = cls._booted(outer, log)
        except BaseException:
            outer.kill()
            outer.wait()
            raise
        # The room outlives this command: Python must not warn that nobody waits for its end.
        outer.returncode = 0
        return cls(folder, first)

    @staticmethod
    def _booted(outer: subprocess.Popen[bytes], log: Path) -> Process:
        """The room's first process, once the room is made."""
        deadline = time.monotonic() + _BOOT_SECONDS
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        while outer.poll() is None and time.monotonic() < deadline:
            for pid in children.read_text().split():
                if Path(f"/proc/{pid}/root/run/afspec/booted").exists() and (first := identify(int(pid))):
                    return first
            time.sleep(0.01)
        raise RoomError(f"the private room was not made: {log.read_text().strip() or 'no word from it'}")

    @property
    def is_open(self) -> bool:
        """Whether its first process lives, and with it everything else."""
        return self.first.alive

    def furnish(self, hosts: Mapping[str, str], public: Sequence[str], users: Sequence[User], gid: int) -> None:
        """Names of hosts with their addresses, those of them that are known outside, users, and an authority."""
        own = f"127.0.0.1 localhost {self.run(['hostname'], check=True).stdout.strip()}\n"
        lines = {name: f"{address} {name}\n" for name, address in hosts.items()}
        self.write("/etc/hosts", own + "".join(lines.values()))
        self.write(_HOSTS_OUTSIDE, own + "".join(line for name, line in lines.items() if name in public))
        self.write("/etc/resolv.conf", "")
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        add_users(self.root, users, gid)
        if not self.exists(f"{_AUTHORITY}/ca.pem"):
            self._make_authority()

    def close(self) -> None:
        """End everything in the room; its namespaces and mounts end with it.

        Raises:
            RoomError: processes that even a kill does not end.
        """
        left = end(lambda: {self.first.pid} if self.first.alive else set(), patience=0)
        if left:
            raise RoomError(f"process {self.first.pid} does not end")

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        directory: str | None = None,
        stdin: str = "",
        timeout: float = 30,
        check: bool = True,
        outside: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        command = self.command(argv, user=user, directory=directory, outside=outside)
        variables = self.environment(user, env)
        title = f"{' '.join(argv[:3])} (as {user})"
        return execute(command, env=variables, title=title, stdin=stdin, timeout=timeout, check=check)

    def command(
        self, argv: Sequence[str], *, user: str, directory: str | None = None, outside: bool = False
    ) -> list[str]:
        directory = directory or account(self.root, user).home
        inner = [*_as_user(user), *argv]
        if outside:
            # A private view of one file: the rest of the room, and the room's other processes, do not see it.
            script = f'mount --bind {_HOSTS_OUTSIDE} /etc/hosts && cd "$0" && exec "$@"'
            return [*self._enter, "unshare", "--mount", "sh", "-c", script, directory, *inner]
        return [*self._enter, "sh", "-c", 'cd "$0" && exec "$@"', directory, *inner]

    def environment(self, user: str = "root", more: Mapping[str, str] | None = None) -> dict[str, str]:
        home = account(self.root, user).home
        return {**_ENVIRONMENT, "HOME": home, "USER": user, "LOGNAME": user, **(more or {})}

    def start(self, daemon: Daemon) -> None:
        arguments = [self._record(daemon.name), f"{_LOGS}/{daemon.name}.log", daemon.directory]
        command = [*_as_user(daemon.user), *daemon.argv]
        execute(
            [*self._enter, "sh", "-c", LAUNCH, "start", *arguments, *command],
            env=self.environment(daemon.user, daemon.environment),
            title=f"start of {daemon.name}",
        )

    def alive(self, name: str) -> bool:
        return self._process(name) is not None

    def pid(self, name: str) -> int | None:
        process = self._process(name)
        return inside(process.pid, self.first.pid) if process else None

    def kill(self, name: str, number: signal.Signals) -> None:
        if pid := self.pid(name):
            Process.send(identify(pid) or Process(pid, -1), number)

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root") -> None:
        target = self._host(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        # Made with its final rights: a secret is at no time readable for others.
        with open(new, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content.encode() if isinstance(content, str) else content)
        self._hand_over(new, mode, owner)
        new.replace(target)

    def make_folder(self, path: str, *, mode: int = 0o755, owner: str = "root") -> None:
        target = self._host(path)
        target.mkdir(parents=True, exist_ok=True)
        self._hand_over(target, mode, owner)

    def mount_limited(self, path: str, size: int, owner: str) -> None:
        """Give a user's folder a file system of its own of `size` bytes, which can be filled without harm to others."""
        self.make_folder(path)
        if path in {line.split()[1] for line in (self.root / "proc/1/mounts").read_text().splitlines()}:
            return
        who = account(self.root, owner)
        options = f"size={size},mode=700,uid={who.uid},gid={who.gid}"
        self.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path])

    def read(self, path: str) -> str:
        return self._host(path).read_text()

    def exists(self, path: str) -> bool:
        return self._host(path).exists()

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def answers(self, host: str, port: int) -> bool:
        script = f"exec 3<>/dev/tcp/{host}/{port}"
        try:
            return self.run(["bash", "-c", script], timeout=3, check=False, directory="/").returncode == 0
        except RoomError:
            return False

    def certificate(self, hosts: Sequence[str], certificate: str, key: str, *, owner: str = "root") -> None:
        if self.exists(certificate) and self.exists(key):
            return
        names = ",".join(f"DNS:{host}" for host in hosts)
        request = ["-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", f"/CN={hosts[0]}"]
        signer = ["-CA", f"{_AUTHORITY}/ca.pem", "-CAkey", f"{_AUTHORITY}/ca.key", "-days", "30"]
        extensions = [f"subjectAltName={names}", "extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE"]
        # Engines that are started at the same time ask for theirs at the same time.
        own = f"{_AUTHORITY}/{certificate.replace('/', '-')}"
        made = [f"{own}.pem", f"{own}.key"]
        add = [word for extension in extensions for word in ("-addext", extension)]
        self.run(["openssl", "req", "-x509", *request, *signer, *add, "-out", made[0], "-keyout", made[1]])
        self.write(certificate, self.read(made[0]) + self.read(f"{_AUTHORITY}/ca.pem"), owner=owner)
        self.write(key, self.read(made[1]), mode=0o600, owner=owner)

    def _make_authority(self) -> None:
        self.make_folder(_AUTHORITY, mode=0o700)
        files = ["-keyout", f"{_AUTHORITY}/ca.key", "-out", f"{_AUTHORITY}/ca.new"]
        request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        self.run(["openssl", "req", "-x509", *request, "-subj", "/CN=authority of this twin", *usage, *files])
        new = self.read(f"{_AUTHORITY}/ca.new")
        self.write(_TRUST, self.read(_TRUST) + new)
        self.write(f"{_AUTHORITY}/ca.pem", new)

    def _host(self, path: str) -> Path:
        return resolve(self.root, path)

    def _hand_over(self, path: Path, mode: int, owner: str) -> None:
        who = account(self.root, owner)
        os.chown(path, who.uid, who.gid)
        path.chmod(mode)

    @staticmethod
    def _record(name: str) -> str:
        return f"/run/afspec/{name}.pid"

    def _process(self, name: str) -> Process | None:
        """The daemon as the room numbers it; None where it does not run."""
        try:
            pid, start = self.read(self._record(name)).split()
        except FileNotFoundError:
            return None
        found = identify(int(pid), self.root / "proc")
        return found if found and found.start == int(start) else None


def free_address(taken: Sequence[str]) -> str:
    """The next loopback address that no host of the room has yet."""
    return f"127.0.1.{len(taken) + 1}"


def remove_tree(folder: Path) -> None:
    """Remove a closed room's folder; what an overlay leaves behind is readable for nobody."""
    for path in (folder / "work",):
        if path.exists():
            for inner in path.iterdir():
                inner.chmod(0o700)
    shutil.rmtree(folder)


def _as_user(user: str) -> list[str]:
    if user == "root":
        return []
    return ["setpriv", f"--reuid={user}", "--regid=users", "--init-groups", "--inh-caps=-all", "--"]
