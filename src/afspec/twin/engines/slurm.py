"""Slurm with accounting: MariaDB, munged, slurmdbd, slurmctld and a slurmd for every node of the compiled replica.

All on the room's own loopback and real ports; nodes are one machine. The pool is the first that is offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.twin.engine import Ailment, Daemon, Endpoint, Engine
from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.batch import SlurmPool

# Where Slurm's programs look for their configuration, and slurmdbd for its own beside it.
_ETC = "/etc/slurm"
_CONFIGURATION = ("slurm.conf", "slurmdbd.conf", "gres.conf", "my.cnf", "nodes.txt", "prepare.sh", "accounts.sh")
# Where the site's jobs have a scratch folder that a variable names.
_OPTIONAL = ("task-prolog.sh", "epilog.sh")
_DATABASE = f"--defaults-file={_ETC}/my.cnf"
_MUNGE_KEY = "/etc/munge/munge.key"
# Seconds that a client may take to say how its daemon is.
_PATIENCE = 5
# What a node that takes jobs may be called (sinfo(1), node state codes); one that an operator set aside is well too.
_WELL = frozenset({"idle", "mixed", "allocated", "completing", "reserved", "planned", "draining", "drained"})
_SET_ASIDE = frozenset({"draining", "drained"})
# Why slurmctld itself sets a node aside: it was killed before it wrote a job down, which the node still knew.
_LOST = "Duplicate jobid"


class Answer(NamedTuple):
    """What a client printed, or why it did not."""

    output: str
    reason: str


class Node(NamedTuple):
    """A node's state, an operator's remark on it, and why it cannot be used, if so."""

    state: str
    remark: str
    reason: str


class Slurm(Engine):
    """A Slurm cluster that enforces accounts, QOS, limits and memory."""

    name: ClassVar[str] = "slurm"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where users may use a Slurm pool, unless there is an HTCondor pool: a room's Debian has one of the two."""
        return bool(facility.slurm_pools) and not facility.htcondor_pools

    @property
    def pool(self) -> SlurmPool:
        """The pool that it plays."""
        return self.facility.slurm_pools[0]

    @property
    def folder(self) -> str:
        """Its compiled files: in a folder of their own where there are several pools."""
        return "slurm" if len(self.facility.slurm_pools) == 1 else f"slurm/{self.pool.name}"

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes."""
        return self.files.text(f"{self.folder}/replica/nodes.txt").split()

    def prepare(self) -> None:
        """Configuration, secrets, folders, and an empty database."""
        own = [name for name in _OPTIONAL if self.files.has(f"{self.folder}/replica/{name}")]
        for name in (*_CONFIGURATION, *own):
            mode = 0o755 if name.endswith(".sh") else 0o600 if name == "slurmdbd.conf" else 0o644
            self.room.write(f"{_ETC}/{name}", self.files.text(f"{self.folder}/replica/{name}"), mode=mode)
        password = self.twin.secrets.get("slurmdbd")
        self.room.write(self.pool.replica.storage_password, f"StoragePass={password}\n", mode=0o600)
        self.room.write(_MUNGE_KEY, self.twin.secrets.get("munge"), mode=0o400, owner="munge")
        self.room.make_folder(self.pool.replica.munge_socket.rpartition("/")[0], owner="munge")
        self.room.run([f"{_ETC}/prepare.sh"])
        if scratch := self.pool.scratch:
            # <user> stands for whose it is: what is above it is everybody's.
            self.room.make_folder(scratch.partition("/<")[0], mode=0o1777)
        if not self.room.exists(f"{self.pool.replica.directory}/database/mysql"):
            options = ["--user=mysql", "--auth-root-authentication-method=socket", "--skip-test-db"]
            self.room.run(["mariadb-install-db", _DATABASE, *options], timeout=60)

    def daemons(self) -> Sequence[Daemon]:
        """All of them in the foreground."""
        socket = self.pool.replica.munge_socket
        return [
            Daemon("mariadbd", ("mariadbd", _DATABASE), user="mysql"),
            Daemon(
                "munged", ("munged", "--foreground", f"--key-file={_MUNGE_KEY}", f"--socket={socket}"), user="munge"
            ),
            Daemon("slurmdbd", ("slurmdbd", "-D")),
            Daemon("slurmctld", ("slurmctld", "-D", "-i")),
            *(Daemon(f"slurmd-{node}", ("slurmd", "-D", "-N", node)) for node in self.nodes),
        ]

    def before(self, daemon: Daemon) -> None:
        """The database's user before slurmdbd; cluster, accounts and users, which slurmctld reads at its start."""
        if daemon.name == "slurmdbd":
            password = self.twin.secrets.get("slurmdbd")
            user = "'slurm'@'127.0.0.1'"
            statements = (
                "create database if not exists slurm_acct_db",
                f"create user if not exists {user}",
                f"alter user {user} identified by '{password}'",
                f"grant all on slurm_acct_db.* to {user}",
            )
            self.room.run(["mariadb", _DATABASE, "--connect-timeout=5"], stdin=";\n".join(statements) + ";\n")
        elif daemon.name == "slurmctld":
            self.room.run([f"{_ETC}/accounts.sh", *(user.name for user in self.twin.users)], timeout=60)

    def ready(self, daemon: Daemon) -> str:
        """Ask each by its own client; not where the client would only wait for another one that is gone."""
        match daemon.name:
            case "mariadbd":
                return self._ask("mariadb-admin", _DATABASE, f"--connect-timeout={_PATIENCE}", "ping").reason
            case "munged":
                return self._ask("munge", "--no-input", f"--socket={self.pool.replica.munge_socket}").reason
            case "slurmdbd":
                return self._gone("munged", "mariadbd") or self._ask("sacctmgr", "-n", "list", "cluster").reason
            case "slurmctld":
                return self._gone("munged") or self._ask("scontrol", "ping").reason
            case _:
                node = daemon.name.removeprefix("slurmd-")
                return self._gone("munged", "slurmctld") or self._node(node).reason

    def settle(self) -> None:
        """Give back nodes that slurmctld set aside by itself; what an operator did stays."""
        for name in self.nodes:
            if self._node(name).remark == _LOST:
                self.room.run(["scontrol", "update", f"nodename={name}", "state=resume"], timeout=_PATIENCE)

    def ailments(self) -> list[Ailment]:
        """Also nodes that an operator has set aside, and why."""
        found = super().ailments()
        if self._gone("munged", "slurmctld"):
            return found
        ailing = {ailment.daemon for ailment in found}
        for name in self.nodes:
            node = self._node(name)
            if not node.reason and node.state in _SET_ASIDE and f"slurmd-{name}" not in ailing:
                found.append(Ailment(name, f"{node.state}: {node.remark}"))
        return found

    def endpoints(self) -> Sequence[Endpoint]:
        """The controller and the accounting."""
        replica = self.pool.replica
        return [
            Endpoint("slurmctld", f"tcp://{replica.host}:{replica.controller_port}"),
            Endpoint("slurmdbd", f"tcp://localhost:{replica.database_port}"),
        ]

    def _gone(self, *names: str) -> str:
        """Which of the daemons that would have to answer does not run; "" where all do."""
        return next((f"{name} does not run" for name in names if not self.room.alive(name)), "")

    def _ask(self, *argv: str) -> Answer:
        """Run a client; a reason where it fails or takes too long."""
        try:
            done = self.room.run(argv, timeout=_PATIENCE, check=False)
        except RoomError:
            return Answer("", f"{argv[0]} gets no answer in {_PATIENCE} s")
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            return Answer("", f"{argv[0]}: {said[-1] if said else f'exit code {done.returncode}'}")
        return Answer(done.stdout, "")

    def _node(self, name: str) -> Node:
        """What slurmctld knows of a node."""
        answer = self._ask("sinfo", "--Node", "--noheader", f"--nodes={name}", "--format=%T|%E")
        state, _, remark = answer.output.partition("\n")[0].partition("|")
        if answer.reason or state in _WELL:
            return Node(state, remark, answer.reason)
        # A star: it does not answer slurmctld.
        return Node(state, remark, f"slurmctld calls the node {state or 'unknown'}" + (f": {remark}" if remark else ""))
