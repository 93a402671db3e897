"""Triton on the facility's cluster: what it serves, with which keys, on which GPUs.

A server reads the repositories of all tenants. Its keys are in Secrets: one for all repositories, or one each, which
Triton takes from a file of credentials only (Triton user guide, Model Repository, Cloud Storage with Credential file).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.common import by_name
from afspec.facility.services.triton import GRPC_PORT, ServiceAddress
from afspec.generators.cluster import GpuChoice, component, gpu_choices, volumes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.services import S3Folder, S3Key, Triton, TritonCluster
    from afspec.generators.cluster import Component, Volume

# What the device plugin calls GPUs where the spec has no other name for them.
_USUAL = "nvidia.com/gpu"
_BUCKET = "$(BUCKET_NAME)"
METRIC = "avg_time_queue_us"
# Names of repositories that are no tenant's; a tenant's name has no space in it.
SHARED, SITE = "all tenants", "the site"


class Repository(NamedTuple):
    """A repository of models and who has it; `key` and `s3` where it is on S3, `s3` only where its bucket is known.

    `address` is an argument of a container: $(NAME) in it is a variable of the container, $$ a dollar.
    """

    name: str
    address: str
    key: S3Key | None = None
    write_key: S3Key | None = None
    s3: S3Folder | None = None
    volume: Volume | None = None


class Cluster(NamedTuple):
    """Triton's Deployment with what belongs to it, before any of it is written."""

    component: Component
    settings: TritonCluster
    image: str
    repositories: tuple[Repository, ...]
    address: ServiceAddress
    gpu: GpuChoice | None
    gpus: int
    minimum: int
    maximum: int
    url: str
    poll: int | None
    write_key: SecretRef | None

    @property
    def keys(self) -> tuple[S3Key, ...]:
        """The Secrets with the server's keys, each once."""
        return tuple(dict.fromkeys(item.key for item in self.repositories if item.key))

    @property
    def tenants(self) -> tuple[Repository, ...]:
        """Those of tenants, whose buckets are known."""
        return tuple(item for item in self.repositories if item.s3 and item.name != SHARED)

    @property
    def placeholder(self) -> bool:
        """Whether the bucket's name is told by a ConfigMap."""
        return any(_BUCKET in item.address for item in self.repositories)

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """Volumes that hold repositories, each once."""
        return tuple(dict.fromkeys(item.volume for item in self.repositories if item.volume))

    @property
    def grows(self) -> bool:
        """Whether the number of replicas follows the load."""
        return self.maximum > self.minimum

    @classmethod
    def of(cls, facility: Facility) -> Cluster | None:
        """None where Triton is not on the cluster, or the spec has no image, nothing to serve or not the GPU named."""
        triton, where = facility.services.triton, component(facility, "triton")
        settings = triton.cluster if triton else None
        if where is None or triton is None or settings is None or settings.image is None:
            return None
        repositories = tuple(_repositories(facility, triton, settings))
        gpu = _gpu(facility, settings.gpu) if triton.gpus_per_replica else None
        if not repositories or (triton.gpus_per_replica and gpu is None):
            return None
        promised = triton.service or ServiceAddress("triton", where.namespace, GRPC_PORT)
        scale = triton.autoscale
        follows = scale is not None and scale.metric in {None, METRIC} and _measured(facility)
        minimum = scale.minimum if scale else 1
        return cls(
            component=where,
            settings=settings,
            image=settings.image,
            repositories=repositories,
            address=promised._replace(namespace=where.namespace),
            gpu=gpu,
            gpus=triton.gpus_per_replica or 0,
            minimum=minimum,
            maximum=max(scale.maximum, minimum) if scale and follows else minimum,
            url=(triton.http or f"http://{promised.name}.{where.namespace}.svc:8000").rstrip("/"),
            poll=triton.poll,
            write_key=triton.write_key,
        )


def _measured(facility: Facility) -> bool:
    """Whether autoscalers can read a metric of Prometheus: KEDA must be told where that is."""
    how = facility.orchestration.autoscaling if facility.orchestration else None
    return how is not None and (how.adapter != "keda" or how.prometheus is not None)


def _gpu(facility: Facility, name: str | None) -> GpuChoice | None:
    """The GPU of that name, or its first slice; without a name, any of the first kind of resource."""
    choices = gpu_choices(facility)
    if name is None:
        return GpuChoice("", "", choices[0].resource if choices else _USUAL, {})
    model = by_name(facility.gpus.models if facility.gpus else (), name)
    names = {name, *(f"{name}-{profile}" for profile in (model.mig.profiles if model and model.mig else ()))}
    return next((choice for choice in choices if choice.name in names), None)


def _repositories(facility: Facility, triton: Triton, settings: TritonCluster) -> Iterator[Repository]:
    """One a tenant, or the one that all share; then the site's own folder. Those that pods cannot have are left out."""
    address, wanted = triton.repository or "", []
    if "<user>" in address:
        for tenant in settings.tenants:
            own = address.replace("<user>", tenant.name)
            wanted.append(Repository(tenant.name, own, tenant.read_key or settings.read_key, tenant.write_key))
    elif address:
        wanted.append(Repository(SHARED, address, settings.read_key))
    if triton.folder:
        wanted.append(Repository(SITE, triton.folder))
    for item in wanted:
        found = _in_folder(facility, item) if item.address.startswith("/") else _on_s3(triton, item)
        if found:
            yield found


def _in_folder(facility: Facility, item: Repository) -> Repository | None:
    """It in the innermost volume that holds it."""
    within = (volume for volume in volumes(facility) if f"{item.address}/".startswith(f"{volume.target}/"))
    volume = max(within, key=lambda volume: len(volume.target), default=None)
    return item._replace(address=_argument(item.address), key=None, volume=volume) if volume else None


def _on_s3(triton: Triton, item: Repository) -> Repository | None:
    """It in a bucket that the spec names, or for whose name it has a placeholder."""
    if not item.address.startswith("s3://"):
        return None
    folder = triton.models_of(item.name)
    if "<" not in item.address:
        return item._replace(address=_argument(item.address), s3=folder)
    if folder is None or "<" in f"{folder.endpoint}{folder.folder}":
        return None
    rest = "/".join(filter(None, (_BUCKET, _argument(folder.folder))))
    return item._replace(address=f"s3://{_argument(folder.endpoint)}/{rest}")


def _argument(text: str) -> str:
    """Text in which a container's start expands no variable (Kubernetes documentation, Define a Command)."""
    return text.replace("$", "$$")
