"""What the sections of the page show, each part worked out once from the spec."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from afspec.facility.batch import HTCondorPool, SlurmPool
from afspec.generators.ways import ways, worker_image

from . import doors, evidence, tables
from .glance import POLICIES, glance
from .layout import link
from .problems import problems
from .words import overall, standing

if TYPE_CHECKING:
    from afspec.facility import Capability, Facility
    from afspec.facility.images import Image
    from afspec.facility.jupyter import Jupyter
    from afspec.facility.storage import Area
    from afspec.generators.quoting import Raw

    from .problems import Problem

Pool = SlurmPool | HTCondorPool


@dataclass(frozen=True)
class Page:
    """A facility as the page's readers see it."""

    facility: Facility

    @cached_property
    def glance(self) -> Raw:
        """Capability, stance, value."""
        return glance(self.facility)

    @cached_property
    def logins(self) -> Raw:
        """Accounts and the doors that they open."""
        return doors.logins(self.facility)

    @cached_property
    def hosts(self) -> Raw:
        """Hosts with the aliases of ssh/config."""
        return doors.hosts(self.facility)

    @cached_property
    def ssh_alias(self) -> str | None:
        """The alias that users try first; None where ssh/config is not made."""
        return doors.first_alias(self.facility)

    @cached_property
    def web(self) -> Raw:
        """Pages that users open."""
        return doors.web(self.facility)

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """Every pool that the spec speaks of."""
        return self.facility.batch

    def folder(self, pool: Pool) -> str:
        """Where the pool's job files are: one pool of a scheduler has its folder for itself."""
        same = self.facility.slurm_pools if isinstance(pool, SlurmPool) else self.facility.htcondor_pools
        return pool.scheduler if len(same) == 1 else f"{pool.scheduler}/{pool.name}"

    def slots(self, pool: Pool) -> Raw:
        """Partitions or queues."""
        return tables.slots(self.facility, pool)

    def requests(self, pool: Pool) -> Raw:
        """What a job of the pool may name."""
        return tables.requests(pool)

    def elastic(self, pool: Pool) -> Raw:
        """Capacity beyond the pool's own."""
        return tables.elastic(pool)

    def first_slots(self, pool: Pool) -> str:
        """The partition or queue of the example: the default one, else the first that is offered."""
        wanted = pool.default_partition if isinstance(pool, SlurmPool) else pool.default_queue
        offered = [slots.name for slots in pool.slots if slots.offered]
        return wanted if wanted in offered else next(iter(offered), "default")

    def gpu_slots(self, pool: Pool) -> str | None:
        """The partition or queue of the GPU example; None where no file asks for a GPU."""
        if isinstance(pool, SlurmPool):
            return next((slots.name for slots in pool.slots if slots.offered and slots.gpus), None)
        queues = [queue for queue in pool.queues if queue.offered]
        if not pool.queues:
            return "default" if self.facility.queue_has_gpus(pool, None) else None
        return next((queue.name for queue in queues if self.facility.queue_has_gpus(pool, queue)), None)

    @cached_property
    def gpus(self) -> Raw:
        """GPU models."""
        return tables.gpus(self.facility)

    @cached_property
    def images(self) -> Raw:
        """Images with names."""
        return tables.images(self.facility)

    @cached_property
    def image(self) -> Image | None:
        """The default image."""
        return self.facility.default_image

    @cached_property
    def policy(self) -> str:
        """Which images may be run, in words; empty where nothing was said."""
        images = self.facility.images
        return POLICIES.get(images.policy or "", "") if images else ""

    @cached_property
    def apptainer(self) -> bool:
        """Whether the functions of setup.sh run images here."""
        images = self.facility.images
        return images is not None and images.offered and images.runtime in {None, "apptainer"}

    @cached_property
    def jupyter(self) -> Raw:
        """Ways to a notebook, with their limits."""
        return tables.jupyter(self.facility)

    @cached_property
    def profiles(self) -> Raw:
        """Choices at the start of a session."""
        return tables.profiles(self.facility)

    @cached_property
    def paste_in(self) -> Jupyter | None:
        """The way to a notebook that takes a pasted function."""
        return next((way for way in self.facility.jupyter if way.offered and way.paste_in), None)

    @cached_property
    def dask(self) -> Raw:
        """Ways to a Dask cluster."""
        return tables.dask(self.facility)

    @cached_property
    def dask_offered(self) -> bool:
        """Whether the files of dask/ are made."""
        return tables.dask_offered(self.facility)

    @cached_property
    def areas(self) -> Raw:
        """File systems."""
        return tables.areas(self.facility)

    @cached_property
    def placeholders(self) -> bool:
        """Whether a path of the page holds <user> or <u>."""
        return any("<" in area.path for area in self._areas)

    @property
    def _areas(self) -> tuple[Area, ...]:
        return self.facility.storage.areas if self.facility.storage else ()

    @cached_property
    def rses(self) -> Raw:
        """Rucio storage elements."""
        return tables.rses(self.facility)

    @cached_property
    def xcache(self) -> Raw:
        """Caches."""
        return tables.xcache(self.facility)

    @cached_property
    def software(self) -> Raw:
        """What is installed."""
        return tables.software(self.facility)

    @cached_property
    def services(self) -> Raw:
        """Services and where they answer."""
        return tables.services(self.facility)

    @cached_property
    def datasets(self) -> Raw:
        """Copies of the Analysis Grand Challenge's input."""
        return tables.datasets(self.facility)

    @cached_property
    def switches(self) -> Raw:
        """Switches of the Analysis Grand Challenge."""
        return tables.switches(self.facility)

    @cached_property
    def rewrites(self) -> Raw:
        """How addresses of its input are rewritten."""
        return tables.rewrites(self.facility)

    @cached_property
    def problems(self) -> list[Problem]:
        """What goes wrong, and what prevents it here."""
        return problems(self.facility)

    @cached_property
    def sources(self) -> Raw:
        """Where facts were published."""
        return evidence.sources(self.facility)

    @cached_property
    def conflicts(self) -> Raw:
        """Facts that documents disagree on."""
        return evidence.conflicts(self.facility)

    @cached_property
    def resolved(self) -> Raw:
        """Facts that documents disagreed on until somebody settled it."""
        return evidence.resolved(self.facility)

    @property
    def contact(self) -> str | Raw | None:
        """Whom to ask."""
        contact = self.facility.contact
        return contact if contact is None else link(contact)

    @staticmethod
    def link(url: str) -> Raw | None:
        """A URL that can be clicked."""
        return link(url)

    @cached_property
    def cluster_placeholder(self) -> bool:
        """Whether the Kubernetes API's address or client is told to each user."""
        cluster = self.facility.access.kubernetes
        return cluster is not None and any("<" in text for text in (cluster.server, cluster.client_id) if text)

    @cached_property
    def commands(self) -> Raw:
        """Commands of setup.sh."""
        pasted = self.paste_in is not None
        return tables.commands(self.facility, apptainer=self.apptainer, kernels=self.has_kernels, paste_in=pasted)

    @cached_property
    def has_kernels(self) -> bool:
        """Whether setup.sh makes the image's kernels known."""
        return bool(self.apptainer and self.image and self.image.prefix)

    @cached_property
    def has_xcache(self) -> bool:
        """Whether setup.sh writes addresses of the cache."""
        return any(door.offered for door in (self.facility.storage.xcache if self.facility.storage else ()))

    @cached_property
    def gpu_commands(self) -> list[str]:
        """How jobs get a GPU, one command a pool."""
        made = []
        for pool in self.facility.batch:
            found = self.gpu_slots(pool) if pool.offered else None
            if found and isinstance(pool, SlurmPool):
                made.append(f"sbatch {self.folder(pool)}/{found}/gpu.sh ./train.sh")
            elif found:
                made.append(f'condor_submit {self.folder(pool)}/{found}/gpu.sub "command=./train.sh"')
        return made

    @cached_property
    def dask_files(self) -> list[str]:
        """Files for ~/.config/dask."""
        offered = ways(self.facility)
        made = {"dask/dask.yaml": offered not in {(), ("coffea_casa",)}, "dask/jobqueue.yaml": "jobqueue" in offered}
        return [path for path, is_made in made.items() if is_made]

    @cached_property
    def worker_image(self) -> Image | None:
        """What Dask's workers run in."""
        return worker_image(self.facility)

    @cached_property
    def dask_closes(self) -> bool:
        """Whether connect() starts a cluster of its own, which has to be closed."""
        return ways(self.facility)[:1] != ("coffea_casa",)

    @staticmethod
    def standing(capability: Capability) -> str:
        """A stance in words."""
        return standing(capability)

    @cached_property
    def dask_standing(self) -> str:
        """What was said of Dask, or else of the ways to it."""
        given = self.facility.dask
        parts = (given.jobqueue, given.gateway, given.operator, given.coffea_casa) if given else ()
        return overall(given, parts)
