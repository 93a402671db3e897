"""HTCondor: a whole pool on the room's loopback under one condor_master, with a startd for every compiled node.

The pool is the first that is offered. Debian's package brings 00-minicondor, the compiled configuration comes over it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from afspec.twin.engine import Ailment, Daemon, Endpoint, Engine
from afspec.twin.room import RoomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool

_CONFIGURATION = "/etc/condor/config.d/99-afspec.conf"
_PREPARE = "/etc/condor/prepare.sh"
_MASTER = "condor_master"
_NODE = re.compile(r"^(\S+)\.STARTD_NAME = (\S+)$", re.MULTILINE)
# What condor_master starts, as the kernel names it (proc(5), comm: 15 characters).
_END_ORPHANS = """\
orphans='^condor_(shared_p.*|collecto.*|negotiat.*|schedd|startd|shadow|starter|procd)$'
while pkill --signal KILL "$orphans"; do sleep 0.05; done
"""
# Seconds that a client may take to say how its daemon is.
_PATIENCE = 5


class HTCondor(Engine):
    """An HTCondor pool with accounting groups, queues, and limits on time and memory."""

    name: ClassVar[str] = "htcondor"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where users may use an HTCondor pool."""
        return bool(facility.htcondor_pools)

    @property
    def pool(self) -> HTCondorPool:
        """The pool that it plays."""
        return self.facility.htcondor_pools[0]

    @property
    def folder(self) -> str:
        """Its compiled files: in a folder of their own where there are several pools."""
        return "htcondor" if len(self.facility.htcondor_pools) == 1 else f"htcondor/{self.pool.name}"

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes."""
        return [found[1] for found in _NODE.findall(self.files.text(f"{self.folder}/replica/99-afspec.conf"))]

    def prepare(self) -> None:
        """Configuration and folders; also those of users that a job's log needs to be there."""
        self.room.write(_CONFIGURATION, self.files.text(f"{self.folder}/replica/99-afspec.conf"))
        self.room.write(_PREPARE, self.files.text(f"{self.folder}/replica/prepare.sh"), mode=0o755)
        self.room.run([_PREPARE])
        for user in self.twin.users:
            if logs := self.pool.log_directory:
                self.room.make_folder(
                    logs.replace("<user>", user.name).replace("<u>", user.name[0]), mode=0o700, owner=user.name
                )

    def daemons(self) -> Sequence[Daemon]:
        """The one that starts the others."""
        return [Daemon(_MASTER, (_MASTER, "-f"))]

    def before(self, daemon: Daemon) -> None:
        """End what a condor_master that was killed has left behind: it holds the ports and the jobs' queue."""
        del daemon
        self.room.run(["sh", "-c", _END_ORPHANS])

    def ready(self, daemon: Daemon) -> str:
        """Whether all daemons of the pool answer; names the first that does not."""
        del daemon
        ailing = self._pool_ailments()
        return f"{ailing[0].daemon}: {ailing[0].reason}" if ailing else ""

    def ailments(self) -> list[Ailment]:
        """Each daemon of the pool by its own name."""
        if not self.room.alive(_MASTER):
            return [Ailment(_MASTER, "not running")]
        return [*self._pool_ailments(), *self._draining()]

    def endpoints(self) -> Sequence[Endpoint]:
        """The collector, which all others are found by."""
        replica = self.pool.replica
        return [Endpoint("collector", f"tcp://{replica.host}:{replica.collector_port}")]

    def _pool_ailments(self) -> list[Ailment]:
        """Daemons that are gone, or that say nothing where they are asked themselves."""
        running = self.room.run(["ps", "-e", "-o", "args="]).stdout.splitlines()
        found = []
        for name, mark in self._expected().items():
            words = [line.split() for line in running]
            if not any(mark[0] == line[0].rpartition("/")[2] and set(mark) <= {mark[0], *line[1:]} for line in words):
                found.append(Ailment(name, "not running; condor_master starts it again"))
        if found:
            return found
        for name, command in (
            ("condor_collector", ("condor_status", "-collector", "-af", "Name")),
            ("condor_negotiator", ("condor_status", "-negotiator", "-af", "Name")),
            ("condor_schedd", ("condor_q", "-allusers", "-totals")),
        ):
            output, reason = self._ask(*command)
            if reason or not output.strip():
                return [Ailment(name, reason or "not known to the collector yet")]
        startds, _ = self._ask("condor_status", "-af", "Name")
        return [
            Ailment(f"startd {node}", "not known to the collector yet")
            for node in self.nodes
            if f"@{node}@" not in startds
        ]

    def _expected(self) -> dict[str, tuple[str, ...]]:
        """What must run: a name for it, its command, and the arguments that it is told by."""
        single = ("condor_collector", "condor_negotiator", "condor_schedd")
        startds = {f"startd {node}": ("condor_startd", "-local-name", node) for node in self.nodes}
        return {**{name: (name,) for name in single}, **startds}

    def _draining(self) -> list[Ailment]:
        """Nodes that an operator has set aside, and why (condor_drain(1))."""
        output, _ = self._ask(
            "condor_status", "-constraint", "DrainReason isnt undefined", "-af:t", "Name", "DrainReason"
        )
        lines = (line.split("\t") for line in output.splitlines())
        # A slot's name is slot1@NODE@HOST, and a node may have several.
        return [
            Ailment(node, f"drained: {why}") for node, why in {name.split("@")[1]: why for name, why in lines}.items()
        ]

    def _ask(self, *argv: str) -> tuple[str, str]:
        """What a client prints, and why it does not."""
        try:
            done = self.room.run(argv, timeout=_PATIENCE, check=False)
        except RoomError:
            return "", f"{argv[0]} gets no answer in {_PATIENCE} s"
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            return "", f"{argv[0]}: {said[0] if said else f'exit code {done.returncode}'}"
        return done.stdout, ""
