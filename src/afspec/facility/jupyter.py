"""Section `jupyter`: the ways to a notebook."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from afspec.facility.common import Model, Named, NamedCapability, SecretRef
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.words import Count, DnsLabel, Flag, Name, Path, Port, Reference, Text, Url, Whole, Word


class JupyterKind(StrEnum):
    """What starts the notebook."""

    HUB_VM = "hub_vm"
    HUB_KUBERNETES = "hub_kubernetes"
    PORTAL = "portal"
    OPEN_ONDEMAND = "open_ondemand"


class Limits(Model):
    """The most a session may ask for."""

    cpu: Count | None = Field(None, description="Cores.")
    memory: Bytes | None = Field(None, description="Memory.")
    gpus: Whole | None = Field(None, description="GPUs.")
    duration: Duration | None = Field(None, description="How long a session lasts.")
    idle: Duration | None = Field(None, description="How long an idle session lasts.")


class Profile(Named):
    """A choice that users are offered when they start a session."""

    title: Text | None = Field(None, description="What users see.")
    cpu: Count | None = Field(None, description="Cores.")
    memory: Bytes | None = Field(None, description="Memory.")
    gpus: Whole = Field(0, description="GPUs.")
    gpu: Name | None = Field(None, description="GPU model, as named under `gpus: models:`.")
    image: Reference | None = Field(None, description="The image.")
    slots: Name | None = Field(None, description="Partition or queue of the pool that runs it.")
    spawner: Literal["local"] | None = Field(
        None, description="`local` where it runs on the hub's own machine, and the other choices are batch jobs."
    )


class Group(Named):
    """A Unix group."""

    gid: Count = Field(description="Its number.", examples=[5741])


class HubService(Named):
    """A service that asks the hub, with a token of its own (JupyterHub documentation, Services)."""

    token: SecretRef = Field(description="Where its token is.")
    url: Url | None = Field(None, description="Where the hub's proxy finds it; left out, it has no page.")
    scopes: tuple[Word, ...] = Field((), description="What it may do.", examples=[["read:users", "list:users"]])


class Culling(Model):
    """How idle sessions are found and ended; `limits: idle` and `duration` say when (jupyterhub-idle-culler)."""

    every: Duration | None = Field(None, description="How often it looks; left out, twice within the idle limit.")
    kernels: Duration | None = Field(None, description="How long a session keeps a kernel that does nothing.")


class Hub(Model):
    """How the site runs its JupyterHub."""

    login: Name | None = Field(None, description="The one login that it asks; left out, the first that opens Jupyter.")
    python: Path | None = Field(None, description="Python that has JupyterHub: on the hub's machine and in sessions.")
    proxy: Path | None = Field(None, description="Command of configurable-http-proxy, where it is not on PATH.")
    certificate: Path | None = Field(None, description="The hub's certificate.")
    key: Path | None = Field(None, description="The certificate's key.")
    state: Path = Field("/var/lib/jupyterhub", description="Folder of its database and cookie secret.")
    database: SecretRef | None = Field(
        None, description="Where its database's URL is; left out, SQLite in the folder of its state."
    )
    cookie_secret: SecretRef | None = Field(
        None, description="Where the secret of its cookies is, in hexadecimal; left out, it makes one."
    )
    api_port: Port = Field(8081, description="Port of the hub, behind the proxy.")
    proxy_port: Port = Field(8001, description="Port by which the hub instructs the proxy.")
    runs_as: Literal["user", "hub"] = Field(
        "user", description="Whose processes a session's are; `hub` where the hub does not run as root."
    )
    admins: tuple[Word, ...] = Field((), description="Users who may administer it.")
    services: tuple[HubService, ...] = Field((), description="Services that ask it.")
    named_servers: Whole = Field(0, description="Sessions that a user may have beside the usual one.")
    starting: Count | None = Field(None, description="Sessions that may be starting at the same time.")
    running: Count | None = Field(None, description="Sessions that may run at the same time.")
    start_timeout: Duration | None = Field(None, description="How long a session may wait in the queue and start.")
    cpu_overcommit: Count | None = Field(
        None,
        description="How many sessions on a cluster may share a core; left out, a session's cores are kept for it.",
    )
    culling: Culling = Field(Culling(), description="How idle sessions are found and ended.")


class OnDemand(Model):
    """The app of Open OnDemand that starts notebooks."""

    app: Name = Field("jupyter", description="Name of the app's folder.", examples=["slac-ood-jupyter"])
    cluster: Name | None = Field(None, description="The cluster's name in Open OnDemand; left out, the pool's.")
    setup: Path | None = Field(None, description="Folder of the environment that has Jupyter, for the site's own.")
    bin: Path | None = Field(None, description="Folder of the scheduler's commands, where they are not on PATH.")
    conf: Path | None = Field(
        None, description="The scheduler's configuration, where it is elsewhere.", examples=["/etc/slurm/slurm.conf"]
    )


class Jupyter(NamedCapability):
    """A way to a notebook."""

    kind: JupyterKind = Field(description="What starts the notebook.")
    title: Text | None = Field(None, description="What users call it.")
    url: Url | None = Field(None, description="Where users open it.")
    spawner: Literal["local", "slurm", "htcondor", "kubernetes"] | None = Field(
        None, description="What the sessions run on."
    )
    pool: Name | None = Field(None, description="The batch pool that runs the sessions.")
    namespace: DnsLabel | None = Field(None, description="Namespace of sessions on the cluster; left out, its name.")
    servers: Count | None = Field(None, description="Machines that run it.")
    limits: Limits | None = Field(None, description="The most a session may ask for.")
    profiles: tuple[Profile, ...] = Field((), description="Choices that users are offered.")
    port: Port | None = Field(None, description="Port that a session's server listens on.")
    group: Group | None = Field(None, description="Group that the users of sessions belong to.")
    kernels: Path | None = Field(None, description="The site's folder of kernels.")
    custom_image: Flag | None = Field(None, description="Whether a session can run in the user's image.")
    hub: Hub | None = Field(None, description="How the site runs its JupyterHub.")
    ondemand: OnDemand | None = Field(None, description="The app of Open OnDemand.")
    paste_in: Flag | None = Field(None, description="Whether the image is chosen by pasting a jupyter() function.")
