"""The servers behind the client's configuration, for a miniature on one machine: what sshd_config(5) takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.generators.aliases import Alias, aliases

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.access import Ssh, SshHost

# sshd takes no more addresses (sshd.c: MAX_LISTEN_SOCKS).
MOST_ADDRESSES = 16


class Server(NamedTuple):
    """One sshd: the names that it listens under, and what it lets users do."""

    name: str
    about: str
    hosts: tuple[str, ...]
    port: int
    # Where connections through it may end, as host:port; None for hosts that users work on.
    onwards: tuple[str, ...] | None = None
    # The alias of a host behind it, for whoever asks it for a shell.
    next_alias: str | None = None


def servers(facility: Facility, ssh: Ssh) -> list[Server]:
    """The bastion, if there is one, then a server for every entry of the hosts; a long range stands for its first."""
    found = aliases(facility.name, ssh)
    hosts = [Server(f"host-{item.name}", _about(item), item.hosts[:MOST_ADDRESSES], item.port) for item in ssh.hosts]
    if ssh.bastion is None:
        return hosts
    behind = [alias for alias in found if alias.through_bastion]
    gate = Server(
        "bastion",
        "the bastion",
        (ssh.bastion.host,),
        ssh.bastion.port,
        tuple(dict.fromkeys(map(_destination, behind))),
        behind[0].alias if behind else None,
    )
    return [gate, *hosts]


def _destination(alias: Alias) -> str:
    return f"{alias.host}:{alias.item.port}"


def _about(item: SshHost) -> str:
    kind = {"login": "interactive work", "submit": "sending jobs", "transfer": "moving files", "cron": "cron jobs"}
    return f"the host for {kind[item.role]}, {item.host}"
