"""The SSH client's configuration for a site: the gateway, the hosts behind it, and one second factor a day.

The template of the client's configuration writes one Host block for every alias and one for what they share;
`replica` works out the servers of a miniature, to which that configuration leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.access import Door
from afspec.generators import Artifact, Format, Generator
from afspec.generators.aliases import aliases, bastion_alias

from .replica import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["Ssh"]

# Patterns of PubkeyAcceptedAlgorithms (ssh_config(5)); keys on hardware tokens and certificates match too.
# RSA only with SHA-2: OpenSSH 8.8 and newer refuse SHA-1 signatures.
ALGORITHMS = {"ed25519": "*ssh-ed25519*", "ecdsa": "*ecdsa-sha2-*", "rsa": "rsa-sha2-*"}


class Ssh(Generator):
    """An SSH client configuration with an alias for every host, and servers for a miniature of the site."""

    name = "ssh"

    def applies(self, facility: Facility) -> bool:
        """Where SSH is offered and its hosts are known."""
        ssh = facility.access.ssh
        return ssh is not None and ssh.offered and bool(ssh.hosts)

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """`ssh/config`, to be included from the user's own; then the servers of a miniature."""
        ssh = facility.access.ssh
        if ssh is None:
            return
        doors = [
            login for login in facility.logins if Door.SSH in login.opens and (login.stance is None or login.offered)
        ]
        second_factor = any(login.mfa not in {None, "none"} for login in doors)
        algorithms = ",".join(ALGORITHMS[kind] for kind in ssh.key_types)
        yield self.template(
            "config.j2",
            "ssh/config",
            Format.TEXT,
            facility=facility,
            ssh=ssh,
            bastion_alias=bastion_alias(facility.name, ssh),
            hosts=aliases(facility.name, ssh),
            second_factor=second_factor,
            algorithms=algorithms,
        )
        for server in servers(facility, ssh):
            yield self.template(
                "sshd.conf.j2",
                f"ssh/replica/{server.name}.conf",
                Format.INI,
                facility=facility,
                ssh=ssh,
                server=server,
                algorithms=algorithms,
            )
