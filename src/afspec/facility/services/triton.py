"""Triton: inference servers for models of many tenants."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import Field

from afspec.facility.common import Capability, Model, Named, SecretRef
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.words import Count, DnsLabel, Flag, Name, Path, Port, Reference, ServiceUrl, Text, Word


class Autoscale(Model):
    """How many replicas there are, and what decides."""

    minimum: Count = Field(1, description="Fewest replicas.")
    maximum: Count = Field(1, description="Most replicas.")
    metric: Word | None = Field(None, description="What decides.", examples=["avg_time_queue_us"])


class S3Folder(NamedTuple):
    """A tenant's models on S3: the store's address, the bucket, and the folder in it ("" for the whole bucket)."""

    endpoint: str
    bucket: str
    folder: str


class TritonServer(Model):
    """How the site runs Triton where no orchestrator does."""

    executable: Path = Field("/opt/tritonserver/bin/tritonserver", description="The server's command.")
    backends: Path = Field("/opt/tritonserver/backends", description="Folder of its back ends.")
    python: Path | None = Field(None, description="Python of the environment that models run in.")
    libraries: tuple[Path, ...] = Field((), description="Folders of the libraries that it needs.")
    modules: tuple[Path, ...] = Field((), description="Folders of the Python modules that its models import.")
    copies: Path | None = Field(None, description="Folder that models are copied to; left out, /tmp.")
    metrics_port: Port = Field(8002, description="Port of the metrics.")
    tenants: tuple[Name, ...] = Field((), description="Who has a repository of models: a user or a group each.")


class TritonTenant(Named):
    """Who has a repository of models: a user, a group, an experiment."""

    read_key: SecretRef | None = Field(None, description="The server's key to it; left out, the server's own key.")
    write_key: SecretRef | None = Field(None, description="The tenant's key to it.")


class TritonCluster(Model):
    """How the site runs Triton on its cluster."""

    image: Reference | None = Field(None, description="The server's image.")
    namespace: DnsLabel | None = Field(None, description="Its namespace; left out, triton.")
    tenants: tuple[TritonTenant, ...] = Field((), description="Who has a repository of models.")
    cpu: Count = Field(4, description="Cores a replica.")
    memory: Bytes = Field(16 * 1024**3, description="Memory a replica.")
    gpu: Name | None = Field(None, description="GPU model, as named under `gpus: models:`; left out, any.")
    queue_time: Duration = Field(1, description="Time in the queue, on average, above which replicas are added.")


class Triton(Capability):
    """NVIDIA Triton inference servers."""

    grpc: Text | None = Field(None, description="gRPC address inside the cluster.", examples=["triton.svc:8001"])
    http: ServiceUrl | None = Field(None, description="HTTP address.")
    repository: Text | None = Field(
        None, description="Model repository.", examples=["s3://https://host:443/bucket/<user>"]
    )
    upload: Text | None = Field(None, description="Where users put their models.")
    shared_repository: Flag | None = Field(None, description="Whether all users share one repository.")
    folder: Path | None = Field(None, description="A folder of models that the site provides.")
    gpus_per_replica: Count | None = Field(None, description="GPUs a replica.")
    autoscale: Autoscale | None = Field(None, description="How it grows with load.")
    poll: Duration | None = Field(None, description="How often the repository is read.")
    server: TritonServer | None = Field(None, description="How the site runs it where no orchestrator does.")
    cluster: TritonCluster | None = Field(None, description="How the site runs it on its cluster.")
    read_key: SecretRef | None = Field(None, description="The server's key to the repository: ID:SECRET.")
    write_key: SecretRef | None = Field(None, description="A tenant's key to the repository: ID:SECRET.")

    def models_of(self, tenant: str) -> S3Folder | None:
        """Where a tenant's models are; None where the repository is not on S3, or its address not written in full.

        Triton's own form is meant, s3://https://host:port/bucket/folder (Triton user guide, Model Repository).
        """
        scheme, _, address = (self.repository or "").replace("<user>", tenant).partition("://")
        url = urlsplit(address)
        bucket, _, folder = url.path.strip("/").partition("/")
        if scheme != "s3" or url.scheme not in {"http", "https"} or not bucket:
            return None
        return S3Folder(f"{url.scheme}://{url.netloc}", bucket, folder)
