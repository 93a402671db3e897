"""Sections `orchestration` and `gpus`: the cluster that runs services, and the accelerators."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, Named
from afspec.facility.quantities import Bytes
from afspec.facility.words import (
    Count,
    DnsLabel,
    DnsName,
    Flag,
    LabelValue,
    MigProfile,
    ResourceName,
    Text,
    Url,
    Version,
    Word,
)


class Orchestrator(StrEnum):
    """What orchestrates containers."""

    KUBERNETES = "kubernetes"
    OKD = "okd"
    VCLUSTER = "vcluster"

    @property
    def family(self) -> str:
        """The API that users program against: a vCluster is a Kubernetes cluster to them."""
        return "OKD" if self is Orchestrator.OKD else "Kubernetes"


class Ingress(Model):
    """How services are published."""

    ingress_class: DnsName | None = Field(None, description="The ingress class.", examples=["nginx"])
    issuer: DnsName | None = Field(None, description="cert-manager's ClusterIssuer.", examples=["letsencrypt-prod"])
    namespace: DnsLabel | None = Field(
        None,
        description="The ingress controller's namespace: from no other may published services be reached.",
        examples=["ingress-nginx"],
    )
    termination: Literal["edge", "reencrypt", "passthrough"] = Field(
        "edge", description="Where TLS ends: at the router, there and again, or at the service (OKD's Routes)."
    )
    snippets: Flag | None = Field(None, description="Whether configuration snippets are allowed.")


class Quota(Model):
    """What a namespace may use."""

    cpu: Count | None = Field(None, description="Cores.")
    memory: Bytes | None = Field(None, description="Memory.")
    gpus: Count | None = Field(None, description="GPUs.")
    pods: Count | None = Field(None, description="Pods.")
    storage: Bytes | None = Field(None, description="What its volumes may hold in all.")
    claims: Count | None = Field(None, description="PersistentVolumeClaims.")


class Container(Model):
    """What a container gets that asks for nothing (Kubernetes documentation, Limit Ranges)."""

    cpu: Count | None = Field(None, description="Cores that it may use.")
    memory: Bytes | None = Field(None, description="Memory that it may use.")
    cpu_request: Count | None = Field(None, description="Cores that are kept for it; left out, what it may use.")
    memory_request: Bytes | None = Field(None, description="Memory that is kept for it; left out, what it may use.")


class Member(Model):
    """A group of the cluster's users (Kubernetes documentation, User-facing roles)."""

    group: Word = Field(description="The group, as the cluster's login names it.", examples=["oidc:af-admins"])
    role: Literal["view", "edit", "admin"] = Field("view", description="What it may do in the namespace.")


class Namespace(Named):
    """A namespace of the facility that differs from the others; which there are follows from the services."""

    name: DnsLabel = Field(description="The namespace.")
    pod_security: Literal["restricted", "baseline", "privileged"] | None = Field(
        None, description="Level of the Pod Security Standards; left out, the strictest that its services allow."
    )
    quota: Quota | None = Field(None, description="What it may use; left out, what every namespace may use.")
    members: tuple[Member, ...] = Field((), description="Groups of users who see or change what is in it.")


class Autoscaling(Model):
    """What the cluster scales by when it scales by more than load on processors."""

    adapter: Literal["prometheus-adapter", "keda"] = Field(
        "prometheus-adapter", description="What makes Prometheus' metrics known to autoscalers."
    )
    prometheus: Url | None = Field(
        None,
        description="Prometheus, as seen from inside the cluster.",
        examples=["http://prometheus.monitoring:9090"],
    )


class VCluster(Model):
    """A virtual cluster that is given to users."""

    name: DnsLabel = Field("atlas", description="Its name; its namespace in the host's cluster is vcluster-NAME.")
    high_availability: Flag | None = Field(None, description="Whether its control plane has more than one replica.")
    storage: Bytes = Field(5 * 1024**3, description="Volume of its control plane.")


class Orchestration(Capability):
    """The cluster that runs services."""

    kind: Orchestrator | None = Field(None, description="What orchestrates containers.")
    version: Version | None = Field(None, description="Version of the cluster's API.", examples=["1.30"])
    namespace: DnsLabel | None = Field(
        None, description="The one namespace of the facility's services; left out, each has one of its own."
    )
    ingress: Ingress | None = Field(None, description="How services are published.")
    namespaces: tuple[Namespace, ...] = Field((), description="Namespaces that differ from the others.")
    quota: Quota | None = Field(None, description="What a namespace may use, beside the areas of `storage:`.")
    network_policy: Literal["enforced", "not_enforced"] | None = Field(
        None, description="Whether NetworkPolicy objects have an effect."
    )
    storage_class: DnsName | None = Field(
        None, description="Class of volumes that are made on demand; left out, the cluster's default."
    )
    containers: Container | None = Field(None, description="What a container gets that asks for nothing.")
    autoscaling: Autoscaling = Field(Autoscaling(), description="What the cluster scales by.")
    vcluster: VCluster = Field(VCluster(), description="The virtual cluster that users are given.")


class Mig(Model):
    """Multi-Instance GPU: how a GPU is cut into slices."""

    strategy: Literal["none", "single", "mixed"] = Field(description="The device plugin's MIG strategy.")
    profiles: tuple[MigProfile, ...] = Field((), description="Slices that are offered.", examples=[["1g.5gb"]])


class Sharing(Model):
    """One GPU for several containers at a time (NVIDIA k8s-device-plugin documentation, Shared Access to GPUs)."""

    by: Literal["time_slicing", "mps"] = Field(description="How it is shared; never by both.")
    replicas: Count = Field(description="Containers a GPU, or a MIG slice.", examples=[4])


class Gpu(Named):
    """A GPU model of the facility."""

    product: LabelValue | None = Field(
        None, description="The product string, as nvidia.com/gpu.product shows it.", examples=["NVIDIA-A100-SXM4-40GB"]
    )
    count: Count | None = Field(None, description="How many the facility has.")
    memory: Bytes | None = Field(None, description="Memory of one.")
    compute_capability: Version | None = Field(None, description="CUDA compute capability.", examples=["8.0"])
    driver: Version | None = Field(None, description="Version of the driver.")
    cuda: Version | None = Field(None, description="Highest CUDA version that the driver supports.")
    mig: Mig | None = Field(None, description="How it is cut into slices.")
    resource: ResourceName | None = Field(
        None, description="The resource's name in Kubernetes.", examples=["nvidia.com/gpu"]
    )
    sharing: Sharing | None = Field(None, description="How several containers share one.")
    ask: Text | None = Field(None, description="How a job asks for one.", examples=["--gpus a100:1"])


class Gpus(Capability):
    """The accelerators."""

    models: tuple[Gpu, ...] = Field((), description="Models, by the short name that jobs use.")
    ask: Text | None = Field(None, description="How users ask for a GPU, where it does not depend on the model.")
