"""Section `dask`: the ways to a Dask cluster."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, SecretRef
from afspec.facility.quantities import Bytes, Duration, Ports
from afspec.facility.words import (
    Count,
    DnsLabel,
    DnsName,
    Name,
    Path,
    Port,
    Reference,
    ServiceUrl,
    Url,
    UserPath,
    Whole,
    Word,
)


class DaskPorts(Capability):
    """Ports that the site lets Dask use between nodes."""

    scheduler: Ports | None = Field(None, description="The scheduler's.")
    worker: Ports | None = Field(None, description="The workers'.")
    dashboard: Ports | None = Field(None, description="The dashboard's.")


class Jobqueue(Capability):
    """Workers as batch jobs, through dask-jobqueue."""

    pool: Name | None = Field(None, description="The batch pool; left out, the first.")
    slots: Name | None = Field(None, description="Partition or queue of the workers.")
    account: Word | None = Field(
        None, description="Account (Slurm) or accounting group (HTCondor) of the workers; left out, the pool's first."
    )
    cores: Count = Field(1, description="Cores a worker job.")
    memory: Bytes = Field(2 * 1024**3, description="Memory a worker job.")
    processes: Count = Field(1, description="Worker processes a job.")
    disk: Bytes | None = Field(None, description="Disk a worker job (HTCondor).")
    walltime: Duration | None = Field(None, description="How long a worker job may run.")
    local_directory: UserPath | None = Field(None, description="Where workers spill.")
    interface: Word | None = Field(None, description="Network interface that workers listen on.")
    ports: DaskPorts | None = Field(None, description="Ports that the site lets Dask use.")
    max_workers: Count | None = Field(None, description="Most worker jobs a user may have.")


class GatewayServer(Model):
    """How the site runs dask-gateway."""

    python: Path | None = Field(None, description="Python that has dask-gateway-server, dask and distributed.")
    state: Path = Field("/var/lib/dask-gateway", description="Folder of its database and of the clusters' files.")
    api_port: Port = Field(8788, description="Port of the API, behind the proxy.")
    token: SecretRef | None = Field(
        None,
        description="Where its token for asking JupyterHub is; with basic authentication, the users' password; with "
        "kerberos on a cluster, the keytab in Base64.",
    )
    runs_as: Literal["user", "gateway"] = Field(
        "user", description="Whose processes a cluster's are; `gateway` where the gateway does not run as root."
    )


class GatewayPart(Model):
    """A process of a cluster that dask-gateway starts: its scheduler, or a worker."""

    cores: Count = Field(1, description="Cores.")
    memory: Bytes = Field(2 * 1024**3, description="Memory.")


class GatewayWorker(GatewayPart):
    """A worker: what it has unless its user asks for something else, and the most that may be asked for."""

    max_cores: Count = Field(4, description="Most cores that a user may ask for, for one worker.")
    max_memory: Bytes = Field(16 * 1024**3, description="Most memory that a user may ask for, for one worker.")
    max_gpus: Whole = Field(0, description="Most GPUs that a user may ask for, for one worker.")


class GatewayCluster(Model):
    """How the site runs dask-gateway on its cluster."""

    hub: Name | None = Field(
        None, description="The JupyterHub that knows its users; left out, the one that serves its URL, or the first."
    )
    image: Reference | None = Field(None, description="Image of schedulers and workers; left out, the one with dask.")
    server_image: Reference | None = Field(
        None, description="Image of the server, where the chart's lacks something: for kerberos, the module kerberos."
    )
    uid: Count | None = Field(None, description="Whose processes schedulers and workers are; left out, the image's.")
    group: Count | None = Field(None, description="Number of the group that may read the site's storage areas.")
    scheduler: GatewayPart = Field(GatewayPart(), description="A cluster's scheduler.")
    worker: GatewayWorker = Field(GatewayWorker(), description="A cluster's worker.")
    max_memory: Bytes | None = Field(None, description="Most memory a cluster may have.")
    max_workers: Count | None = Field(None, description="Most workers a cluster may have.")


class Gateway(Capability):
    """dask-gateway."""

    url: Url | None = Field(None, description="Its address from outside.")
    internal_url: Url | None = Field(None, description="Its address from inside the cluster.")
    proxy: ServiceUrl | None = Field(
        None, description="Address of the scheduler proxy.", examples=["gateway://host:80"]
    )
    auth: Literal["jupyterhub", "basic", "kerberos"] | None = Field(None, description="How it knows the user.")
    backend: Literal["kubernetes", "slurm", "pbs", "local"] | None = Field(None, description="What runs the workers.")
    max_cores: Count | None = Field(None, description="Most cores a cluster may have.")
    idle: Duration | None = Field(None, description="How long an idle cluster lasts.")
    namespace: DnsLabel | None = Field(None, description="Its namespace on the cluster; left out, dask-gateway.")
    server: GatewayServer | None = Field(None, description="How the site runs it.")
    cluster: GatewayCluster = Field(GatewayCluster(), description="How the site runs it on its cluster.")


class Operator(Capability):
    """dask-kubernetes' operator."""

    namespace: DnsLabel | None = Field(None, description="The namespace of the clusters.")
    service_account: DnsName | None = Field(None, description="The account that sessions use.")
    image: Reference | None = Field(
        None, description="The image of schedulers and workers; left out, the first named one that has dask."
    )
    cores: Count = Field(1, description="Cores a worker.")
    memory: Bytes = Field(4 * 1024**3, description="Memory a worker.")
    scheduler_memory: Bytes = Field(4 * 1024**3, description="Memory of a cluster's scheduler.")
    minimum: Whole = Field(0, description="Fewest workers of a cluster that scales by itself.")
    maximum: Count = Field(10, description="Most workers of a cluster that scales by itself.")
    idle: Duration | None = Field(None, description="How long a cluster lasts that computes nothing.")


class CoffeaCasaDask(Capability):
    """The cluster that a coffea-casa session comes with."""

    scheduler_port: int = Field(8786, ge=1, le=65535, strict=True, description="The scheduler's port.")


class Dask(Capability):
    """The ways to a Dask cluster; the stance is that of Dask as a whole."""

    jobqueue: Jobqueue | None = Field(None, description="Workers as batch jobs.")
    gateway: Gateway | None = Field(None, description="dask-gateway.")
    operator: Operator | None = Field(None, description="dask-kubernetes' operator.")
    coffea_casa: CoffeaCasaDask | None = Field(None, description="A coffea-casa session's cluster.")
