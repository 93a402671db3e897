"""How a miniature of a pool runs on one machine: what a replica must differ in from the real pool.

A site's spec says nothing of it and takes the defaults; a spec that extends the site's sets it.
"""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Model
from afspec.facility.quantities import Bytes
from afspec.facility.words import Count, Host, Path, Port


class Replica(Model):
    """Settings that the replicas of both schedulers share."""

    host: Host = Field("localhost", description="Name of the machine that runs it.")
    directory: Path = Field("/var/lib/afspec", description="Folder for state, spool, logs and sockets.")
    nodes: Count = Field(2, description="Nodes, all on the one machine.")
    cores: Count = Field(2, description="Cores a node.")
    memory: Bytes = Field(2 * 1024**3, description="Memory a node.")

    @property
    def node_names(self) -> tuple[str, ...]:
        """What the nodes of a facility's only pool are called."""
        return tuple(f"n{number + 1}" for number in range(self.nodes))


class SlurmReplica(Replica):
    """A Slurm cluster on one machine."""

    controller_port: Port = Field(6817, description="Port of slurmctld.")
    database_port: Port = Field(6819, description="Port of slurmdbd.")
    node_port: Port = Field(6820, description="Port of the first slurmd; the others follow.")
    storage_port: Port = Field(3306, description="Port of MariaDB.")
    storage_password: Path = Field(
        "/etc/slurm/storage-password",
        description="File that slurmdbd.conf includes for the database's password: one line, StoragePass=....",
    )
    munge_socket: Path = Field("/run/munge/munge.socket.2", description="Socket of munged.")


class HTCondorReplica(Replica):
    """An HTCondor pool on one machine."""

    collector_port: Port = Field(9618, description="Port of the collector.")
    condor_user: str = Field("condor", description="User that owns the daemons' folders.", pattern="^[a-z][a-z0-9_-]*$")


class SshReplica(Model):
    """A bastion and the hosts behind it on one machine, each on an address of its own."""

    directory: Path = Field("/etc/ssh/afspec", description="Folder of host keys and configurations.")


class XCacheReplica(Model):
    """A source of files and a cache before it on one machine."""

    directory: Path = Field("/var/lib/afspec/xrootd", description="Folder for files, state and logs.")
    user: str = Field("xrootd", description="User that runs the servers.", pattern="^[a-z][a-z0-9_-]*$")
    source: Host = Field("xrootd-local.unl.edu", description="Host that the source of files is known by.")
    source_port: Port = Field(1095, description="Port of the source; a cache on the same machine has 1094.")


class RegistryReplica(Model):
    """A registry of images on one machine."""

    directory: Path = Field("/var/lib/afspec/registry", description="Folder of images.")
    port: Port = Field(443, description="Port that it listens on.")
    certificate: Path = Field("/etc/afspec/tls/registry.pem", description="Its certificate.")
    key: Path = Field("/etc/afspec/tls/registry.key", description="The certificate's key.")
