"""REANA: reproducible workflows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, SecretRef
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.words import Address, DnsLabel, DnsName, Flag, Host, Name, Path, Url

ComputeBackend = Literal["kubernetes", "htcondorcern", "slurmcern"]


class ReanaStorage(Model):
    """Where workspaces are: a volume that all pods can write to at once."""

    path: Path | None = Field(
        None, description="A folder that is the same on every node of the cluster; left out, a volume is asked for."
    )
    storage_class: DnsName | None = Field(
        None, description="Class of the volume (ReadWriteMany); left out, the cluster's `storage_class`."
    )
    size: Bytes | None = Field(None, description="What the volume holds.")


class Reana(Capability):
    """A REANA instance."""

    url: Url | None = Field(None, description="Its address.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, reana.")
    token: SecretRef | None = Field(None, description="Where a user's token is.")
    admin: Address | None = Field(
        None, description="E-mail address that its messages go to; left out, the facility's contact."
    )
    compute_backends: tuple[ComputeBackend, ...] = Field(
        ("kubernetes",), description="Where jobs run; htcondorcern and slurmcern are CERN's own pools, and no others."
    )
    storage: ReanaStorage | None = Field(None, description="Where workspaces are.")
    workspaces: tuple[Name, ...] = Field(
        (),
        description="Storage areas, by name, that may hold workspaces as well; those that the cluster's nodes mount.",
        examples=[["data"]],
    )
    cpu_quota: Duration | None = Field(None, description="Time on processors that a user may use in all.")
    disk_quota: Bytes | None = Field(None, description="What a user's workspaces may hold in all.")
    runtime_namespace: DnsLabel | None = Field(
        None, description="A namespace of workflows' own, which the chart makes; needs `storage: path:`."
    )
    database: Host | None = Field(None, description="Host of the site's PostgreSQL; left out, the chart runs its own.")
    smtp: Host | None = Field(None, description="Mail server; left out, REANA sends no mail.")
    dask: Flag | None = Field(
        None,
        description="Whether workflows may start Dask clusters, for which the chart brings an operator of its own; "
        "left out, where the site offers the Dask operator.",
    )
