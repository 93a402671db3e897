"""An alias for every host of a site: slac-iana, bnl-attsub01. The SSH configuration and the users' page share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afspec.facility.access import Ssh, SshHost


class Alias(NamedTuple):
    """What a user types, and the host that it means."""

    alias: str
    host: str
    item: SshHost
    through_bastion: bool


def bastion_alias(facility: str, ssh: Ssh) -> str | None:
    """The gateway's alias, where there is one."""
    return f"{facility}-bastion" if ssh.bastion else None


def aliases(facility: str, ssh: Ssh) -> list[Alias]:
    """Every host in the order of the spec.

    A single host is called by its name in the spec, one of a range by its own first label; where two hosts
    would share an alias, the later one is called by both.
    """
    taken = {bastion_alias(facility, ssh)}
    found = []
    for item in ssh.hosts:
        through = ssh.bastion is not None and item.via_bastion is not False
        for host in item.hosts:
            label = host.split(".")[0]
            alias = f"{facility}-{label if len(item.hosts) > 1 else item.name}"
            if alias in taken:
                alias = f"{facility}-{item.name}-{label}"
            taken.add(alias)
            found.append(Alias(alias, host, item, through))
    return found
