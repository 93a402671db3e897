"""What of a facility matters to its users' shell, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility import Stance
from afspec.facility.quantities import format_bytes, format_duration
from afspec.generators.images import image_file, pull_reference, unpacked_path
from afspec.generators.inputs import Rewrite, first_cache, rewrites

if TYPE_CHECKING:
    from afspec.facility import Capability, Facility
    from afspec.facility.batch import HTCondorPool, SlurmPool
    from afspec.facility.images import Image, Images
    from afspec.facility.jupyter import Jupyter
    from afspec.facility.software import Voms
    from afspec.facility.storage import Area, XCacheDoor

CLIENTS = {"slurm": "sbatch", "htcondor": "condor_submit"}
# Set in a job and nowhere else: sbatch(1), "Output environment variables"; HTCondor manual, "Environment variables".
IN_JOB = {"slurm": "${SLURM_JOB_ID:-}", "htcondor": "${_CONDOR_SCRATCH_DIR:-}"}


class Folder(NamedTuple):
    """A user's own folder, and the folder of everybody that it is made in."""

    root: str
    path: str


def own_folder(path: str, below: str = "") -> Folder:
    """The folder `below` the user's part of `path`; where no part is the user's own, one is added.

    What comes before the user's part belongs to everybody: a script never makes it.
    """
    if "<user>" not in path:
        path = f"{path.rstrip('/')}/<user>"
    parts = path.split("/")
    first = next(index for index, part in enumerate(parts) if "<user>" in part)
    return Folder("/".join(parts[:first]) or "/", path + (f"/{below}" if below else ""))


def given(capability: Capability | None) -> bool:
    """Whether a part of the spec is there and offered."""
    return capability is not None and capability.offered


@dataclass(frozen=True)
class Facts:
    """A facility as its users' shell sees it; what is not offered is None or empty."""

    facility: Facility

    @cached_property
    def areas(self) -> dict[str, Area]:
        """Variable and first offered area of each purpose: AF_HOME, AF_DATA, AF_SCRATCH, ..."""
        storage = self.facility.storage
        found: dict[str, Area] = {}
        for area in storage.areas if storage else ():
            if area.offered:
                found.setdefault(f"AF_{area.purpose.upper()}", area)
        return found

    @staticmethod
    def remark(area: Area) -> str:
        """What a user of an area should keep in mind."""
        quota = f"quota {format_bytes(area.quota)}" if area.quota else ""
        purge = f"files older than {format_duration(area.purge)} are removed" if area.purge else ""
        return "; ".join(filter(None, [quota, purge, "backed up" if area.backup else ""]))

    @cached_property
    def atlas_root(self) -> str | None:
        """ATLAS_LOCAL_ROOT_BASE."""
        software = self.facility.software
        atlas = software.setup_atlas if software else None
        return atlas.root if atlas and atlas.offered else None

    @cached_property
    def repositories(self) -> tuple[str, ...]:
        """CVMFS repositories."""
        cvmfs = self.facility.software.cvmfs if self.facility.software else None
        return cvmfs.repositories if cvmfs and cvmfs.offered else ()

    @cached_property
    def rucio_site(self) -> str | None:
        """SITE_NAME."""
        rucio = self.facility.software.rucio if self.facility.software else None
        return rucio.site if rucio and rucio.offered else None

    @cached_property
    def voms(self) -> Voms | None:
        """How proxies are made."""
        voms = self.facility.software.voms if self.facility.software else None
        return voms if given(voms) else None

    @cached_property
    def voms_words(self) -> list[str]:
        """Arguments of voms-proxy-init; -valid takes hours:minutes (voms-proxy-init(1))."""
        if self.voms is None:
            return []
        attribute = f":/{self.voms.attribute.lstrip('/')}" if self.voms.attribute else ""
        words = ["-voms", self.voms.vo + attribute]
        if self.voms.valid:
            hours, rest = divmod(self.voms.valid, 3600)
            words += ["-valid", f"{hours}:{rest // 60:02}"]
        return words

    @cached_property
    def images(self) -> Images | None:
        """Containers."""
        return self.facility.images if given(self.facility.images) else None

    @cached_property
    def apptainer(self) -> bool:
        """Whether it is apptainer that runs a user's container, as it is unless the spec says otherwise."""
        return self.images is not None and self.images.runtime in {None, "apptainer"}

    @cached_property
    def default_image(self) -> Image | None:
        """The image meant when none is named; under an allow-list, only if it is on it."""
        image = self.facility.default_image
        if image is None or self.images is None:
            return None
        allowed = self.images.policy != "allow_list" or image.reference in self.images.allowed
        return image if allowed else None

    @cached_property
    def default_reference(self) -> str | None:
        """The default image's reference; the first of an allow-list where no image has a name."""
        if self.default_image:
            return self.default_image.reference
        return self.images.allowed[0] if self.images and self.images.allowed else None

    @staticmethod
    def docker(reference: str) -> str:
        """A reference as apptainer pulls it: by tag or digest, not both (containers/image, docker transport)."""
        return f"docker://{pull_reference(reference)}"

    def sif(self, reference: str) -> str | None:
        """The file that af_pull makes of a reference, a user's path; af__sif in the shell."""
        return f"{self.store.path}/{image_file(reference)}" if self.store else None

    @cached_property
    def local_images(self) -> list[str]:
        """Where the default image may lie on disk, the better place last."""
        if self.default_reference is None or self.images is None:
            return []
        unpacked = unpacked_path(self.images.unpacked, self.default_reference)
        return [path for path in (self.sif(self.default_reference), unpacked) if path]

    @cached_property
    def cache(self) -> Folder | None:
        """Where pulled layers go: a home of 20 or 25 GB is full after a few images."""
        if not self.apptainer or self.images is None:
            return None
        if self.images.cache:
            return own_folder(self.images.cache)
        storage = self.facility.storage
        area = (storage.area("scratch") or storage.area("job_scratch")) if storage else None
        return own_folder(area.path, "apptainer") if area else None

    @cached_property
    def store(self) -> Folder | None:
        """Where pulled images are kept: the spec's folder, which many may share, or the user's data."""
        if not self.apptainer or self.images is None or self.images.policy == "unpacked":
            return None
        if self.images.store:
            path = self.images.store
            return own_folder(path) if "<user>" in path else Folder(path, path)
        area = self.facility.storage.area("data") if self.facility.storage else None
        return own_folder(area.path, "images") if area else None

    @cached_property
    def gpu(self) -> bool:
        """Whether containers are run with --nv."""
        if self.images is not None and self.images.gpu_flag is not None:
            return self.images.gpu_flag
        return given(self.facility.gpus)

    @cached_property
    def binds(self) -> tuple[str, ...]:
        """What a container sees of the host, and what the batch client in it needs."""
        own = self.images.binds if self.images else ()
        return tuple(dict.fromkeys([*own, *(bind for pool in self.pools for bind in pool.binds)]))

    @cached_property
    def pools(self) -> tuple[SlurmPool | HTCondorPool, ...]:
        """Pools that users may use; the first is the default."""
        return tuple(pool for pool in self.facility.batch if pool.offered)

    @staticmethod
    def takes_along(pool: SlurmPool | HTCondorPool) -> bool:
        """Whether the compiled submit files of a pool name the user's proxy."""
        return pool.scheduler == "htcondor" and bool(pool.proxy)

    @cached_property
    def takes_proxy(self) -> bool:
        """Whether any pool's do."""
        return any(self.takes_along(pool) for pool in self.pools)

    @property
    def clients(self) -> dict[str, str]:
        """The command that submits a job, by scheduler."""
        return CLIENTS

    @property
    def in_job(self) -> dict[str, str]:
        """A shell expansion that is empty outside jobs, by scheduler."""
        return IN_JOB

    @staticmethod
    def log_folder(pool: SlurmPool | HTCondorPool) -> Folder | None:
        """A user's own folder for job logs, which the schedulers do not make."""
        return own_folder(pool.log_directory) if pool.log_directory and "<user>" in pool.log_directory else None

    @cached_property
    def scratch_variable(self) -> str | None:
        """The variable that names a job's scratch folder."""
        return next((pool.scratch_variable for pool in self.pools if pool.scratch_variable), None)

    @cached_property
    def paste_in(self) -> Jupyter | None:
        """The Jupyter service that is told its image by a pasted function."""
        return next((item for item in self.facility.jupyter if item.offered and item.paste_in), None)

    @cached_property
    def jupyter(self) -> Jupyter | None:
        """The first way to a notebook."""
        return next((item for item in self.facility.jupyter if item.offered), None)

    @cached_property
    def kernel_prefix(self) -> str | None:
        """Prefix of the default image's Python environment, whose kernels no hub finds by itself."""
        return self.default_image.prefix if self.default_image else None

    @cached_property
    def kernel_name(self) -> str | None:
        """The one kernel of that prefix that is meant for users."""
        kernel = self.default_image.kernel if self.default_image else None
        return kernel.name if kernel else None

    @cached_property
    def xcache(self) -> XCacheDoor | None:
        """The nearest cache."""
        return first_cache(self.facility)

    @cached_property
    def rewrites(self) -> tuple[Rewrite, ...]:
        """How addresses are rewritten, most often https to root."""
        return rewrites(self.facility)

    @cached_property
    def contact(self) -> str:
        """Whom a message names."""
        return self.facility.contact or f"the support of {self.facility.title}"

    @staticmethod
    def word(capability: Capability) -> str:
        """For af_check: whether a missing item is the site's fault, and not only a pity."""
        return "promised" if capability.stance is Stance.PROMISED else "offered"
