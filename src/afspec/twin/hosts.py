"""The names of a private room: every host that an engine plays has a loopback address of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afspec.facility import Facility
    from afspec.twin.engine import Engine


def addresses(facility: Facility, engines: Iterable[type[Engine]]) -> dict[str, str]:
    """Host names and their addresses, 127.0.1.1 and on; all of 127.0.0.0/8 is the loopback device's (RFC 6890)."""
    names = list(dict.fromkeys(name for engine in engines for name in engine.hosts(facility)))
    return {name: f"127.0.{1 + index // 250}.{1 + index % 250}" for index, name in enumerate(names)}


def public(facility: Facility, names: Iterable[str]) -> list[str]:
    """Those of the names that are known outside: all but hosts behind the bastion, and the nodes of batch pools."""
    ssh = facility.access.ssh
    behind = {
        host
        for item in (ssh.hosts if ssh else ())
        if ssh and ssh.bastion and item.via_bastion is not False
        for host in item.hosts
    }
    nodes = {name for pool in facility.batch for name in pool.replica.node_names}
    return [name for name in names if name not in behind | nodes]
