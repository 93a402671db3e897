"""The cluster as Open OnDemand knows it (documentation, Cluster Config Schema v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import SlurmPool
    from afspec.facility.jupyter import OnDemand


def cluster(facility: Facility, pool: SlurmPool, app: OnDemand) -> dict[str, Any]:
    """clusters.d/NAME.yml: its title, the host of its shells, and where the scheduler's commands are."""
    host = _login(facility)
    job: dict[str, Any] = {"adapter": "slurm"}
    job |= {key: value for key, value in (("bin", app.bin), ("conf", app.conf)) if value}
    return {
        "v2": {
            "metadata": {
                "title": f"{facility.label or facility.name} {pool.name}",
                **({"url": facility.docs} if facility.docs else {}),
            },
            **({"login": {"host": host}} if host else {}),
            "job": job,
        }
    }


def _login(facility: Facility) -> str | None:
    """The first host that users log in to, as seen from inside: the dashboard is no user's own machine."""
    ssh = facility.access.ssh
    hosts = ssh.hosts if ssh and ssh.offered else ()
    return next((item.hosts[0] for item in hosts if item.role == "login"), None)
