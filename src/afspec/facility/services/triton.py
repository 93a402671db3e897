"""Triton: inference servers for models of many tenants."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field

from afspec.facility.common import Capability, Model, Named, SecretRef
from afspec.facility.quantities import Bytes, Duration
from afspec.facility.words import (
    Count,
    DnsLabel,
    DnsName,
    Flag,
    HostPort,
    Name,
    Path,
    Port,
    Reference,
    SecretKey,
    ServiceUrl,
    Text,
    Word,
)

GRPC_PORT = 8001
# A Service's name begins with a letter (Kubernetes documentation, Object Names and IDs, RFC 1035 Label Names).
_IN_CLUSTER = re.compile(
    r"([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.svc(?:\.[A-Za-z0-9.-]+)?(?::([0-9]+))?\Z"
)


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


class S3Key(Model):
    """A key to a store, in a Secret of the cluster, by default with the keys of an ObjectBucketClaim's."""

    name: DnsName = Field(description="The Secret's name.", examples=["triton-alice-read"])
    id: SecretKey = Field("AWS_ACCESS_KEY_ID", description="The key inside it that holds the ID.")
    secret: SecretKey = Field("AWS_SECRET_ACCESS_KEY", description="The key inside it that holds the secret.")


class TritonTenant(Named):
    """Who has a repository of models: a user, a group, an experiment."""

    read_key: S3Key | None = Field(None, description="The server's key to it; left out, that of the whole server.")
    write_key: S3Key | None = Field(None, description="The tenant's key to it, which the server never gets.")


class TritonCluster(Model):
    """How the site runs Triton on its cluster."""

    image: Reference | None = Field(None, description="The server's image.")
    namespace: DnsLabel | None = Field(
        None, description="Its namespace; left out, that of the address under `grpc:`, else triton."
    )
    tenants: tuple[TritonTenant, ...] = Field((), description="Who has a repository of models.")
    read_key: S3Key = Field(
        S3Key(name="triton-read"), description="The server's key to repositories that have none of their own."
    )
    bucket: DnsName = Field(
        "triton-bucket",
        description="ConfigMap with the key BUCKET_NAME, as an ObjectBucketClaim makes it: the bucket, where "
        "`repository:` has a placeholder for it.",
    )
    cpu: Count = Field(4, description="Cores a replica.")
    memory: Bytes = Field(16 * 1024**3, description="Memory a replica.")
    gpu: Name | None = Field(None, description="GPU model, as named under `gpus: models:`; left out, any.")
    queue_time_us: Count = Field(
        100_000,
        description="Time in the queue, on average and in microseconds as the metric has it, above which replicas "
        "are added.",
    )
    monitor: Literal["annotations", "prometheus-operator"] = Field(
        "annotations", description="How Prometheus finds the metrics: by the pods' annotations, or by a PodMonitor."
    )


class ServiceAddress(NamedTuple):
    """A Service by its address inside the cluster."""

    name: str
    namespace: str
    port: int


class Triton(Capability):
    """NVIDIA Triton inference servers."""

    grpc: HostPort | None = Field(
        None, description="gRPC address inside the cluster.", examples=["triton.triton.svc.cluster.local:8001"]
    )
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

    @property
    def service(self) -> ServiceAddress | None:
        """The Service of the gRPC address; None where that is not NAME.NAMESPACE.svc (Kubernetes DNS specification)."""
        found = _IN_CLUSTER.match(self.grpc or "")
        return ServiceAddress(found[1], found[2], int(found[3] or GRPC_PORT)) if found else None

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
