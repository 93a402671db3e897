"""The facility: the whole spec as one immutable value."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from afspec.facility.access import Access, Door, Login
from afspec.facility.agc import Agc
from afspec.facility.batch import BatchPool, HTCondorPool, Queue, SlurmPool
from afspec.facility.common import Model, NamedCapability, Stance, by_name
from afspec.facility.dask import Dask
from afspec.facility.ignored import Ignored
from afspec.facility.images import Image, Images
from afspec.facility.jupyter import Jupyter
from afspec.facility.monitoring import Monitoring
from afspec.facility.orchestration import Gpus, Orchestration
from afspec.facility.quantities import Duration, wrong
from afspec.facility.services import Services
from afspec.facility.software import Software
from afspec.facility.sources import Source
from afspec.facility.storage import Storage
from afspec.facility.words import Address, Name, Text, Url

ONE_YEAR = 365 * 86400


class Facility(Model):
    """An analysis facility: what it promises, to whom, and where each fact was published."""

    afspec: Literal[1] = Field(description="Version of the language.")
    name: Name = Field(description="Short name; the output folder is called so.", examples=["slac"])
    label: Text | None = Field(None, description="What tables call it; its name, if left out.", examples=["SLAC"])
    title: Text = Field(description="Full name.", examples=["SLAC Shared Science Data Facility (S3DF)"])
    declared_by: Literal["site", "public_documents"] = Field(
        description="Who says so: the site itself, or somebody who read its public documents."
    )
    extends: tuple[str, ...] | str = Field((), description="Bases that this file builds on, relative to it.")
    organisation: Text | None = Field(None, description="Who runs it.")
    contact: Address | None = Field(None, description="Where users ask for help.")
    docs: Url | None = Field(None, description="The users' documentation.")
    forum: Url | None = Field(None, description="The users' forum.")
    stale_after: Duration = Field(ONE_YEAR, description="Age at which a fact is called stale.")

    access: Access = Field(Access(), description="The hosts, URLs and clusters that a user reaches.")
    logins: tuple[Login, ...] = Field((), description="Accounts, and which doors each opens.")
    batch: tuple[BatchPool, ...] = Field((), description="Batch pools; the first is the default.")
    orchestration: Orchestration | None = Field(None, description="The cluster that runs services.")
    gpus: Gpus | None = Field(None, description="The accelerators.")
    images: Images | None = Field(None, description="Containers.")
    software: Software | None = Field(None, description="What users find installed.")
    jupyter: tuple[Jupyter, ...] = Field((), description="The ways to a notebook.")
    dask: Dask | None = Field(None, description="The ways to a Dask cluster.")
    storage: Storage | None = Field(None, description="Where files belong.")
    services: Services = Field(Services(), description="Services that analysts use.")
    agc: Agc | None = Field(None, description="The Analysis Grand Challenge.")
    monitoring: Monitoring = Field(Monitoring(), description="How the site watches what it promises.")
    sources: dict[str, Source] = Field(
        {}, description="Where facts were published, by pointer: /batch/slurm/partitions/roma."
    )
    ignored: tuple[Ignored, ...] = Field((), description="Warnings that the facility lives with, each with its reason.")

    @field_validator("afspec", mode="before")
    @classmethod
    def _not_a_flag(cls, value: Any) -> Any:
        # To Python, true is equal to 1.
        if isinstance(value, bool):
            raise wrong("a version of the language", str(value).lower(), "Write `afspec: 1`.")
        return value

    @property
    def slurm_pools(self) -> tuple[SlurmPool, ...]:
        """Slurm pools that users may use."""
        return tuple(pool for pool in self.batch if isinstance(pool, SlurmPool) and pool.offered)

    @property
    def htcondor_pools(self) -> tuple[HTCondorPool, ...]:
        """HTCondor pools that users may use."""
        return tuple(pool for pool in self.batch if isinstance(pool, HTCondorPool) and pool.offered)

    @property
    def gpu_names(self) -> tuple[str, ...]:
        """Names of the GPU models."""
        return tuple(gpu.name for gpu in self.gpus.models) if self.gpus else ()

    @property
    def default_image(self) -> Image | None:
        """The first named image."""
        return self.images.named[0] if self.images and self.images.named else None

    @property
    def jobqueue_pool(self) -> SlurmPool | HTCondorPool | None:
        """The pool that dask-jobqueue's workers run on, where that is offered."""
        jobqueue = self.dask.jobqueue if self.dask else None
        if jobqueue is None or not jobqueue.offered:
            return None
        offered = [pool for pool in self.batch if pool.offered]
        return by_name(offered, jobqueue.pool) if jobqueue.pool else next(iter(offered), None)

    def queue_has_gpus(self, pool: HTCondorPool, queue: Queue | None) -> bool:
        """Whether an HTCondor queue has GPUs: where no queue of the pool names any, the facility's are anybody's."""
        if any(other.gpus for other in pool.queues):
            return bool(queue and queue.gpus)
        return bool(pool.gpu_attributes) or bool(self.gpus and self.gpus.offered)

    def behind(self, door: Door) -> list[Stance | None]:
        """The stances of what a door leads to; empty where the spec describes nothing behind it."""
        services = self.services
        single: dict[Door, object] = {
            Door.SSH: self.access.ssh,
            Door.KUBERNETES: self.access.kubernetes or self.orchestration,
            Door.STORAGE: self.storage,
            Door.COFFEA_CASA: services.coffea_casa,
            Door.TRITON: services.triton,
            Door.REANA: services.reana,
        }
        if door in single:
            found = single[door]
            return [getattr(found, "stance", None)] if found is not None else []
        if door is Door.PORTAL:
            return [Stance.PROMISED] if self.access.urls else []
        many: dict[Door, tuple[NamedCapability, ...]] = {
            Door.BATCH: self.batch,
            Door.JUPYTER: self.jupyter,
            Door.SERVICEX: services.servicex,
        }
        return [item.stance for item in many[door]]
