"""Sections `orchestration` and `gpus`: the cluster that runs services, and the accelerators."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from afspec.facility.common import Capability, Model, Named
from afspec.facility.quantities import Bytes
from afspec.facility.words import Count, Flag, Name, Text, Version, Word


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

    ingress_class: Name | None = Field(None, description="The ingress class.", examples=["nginx"])
    issuer: Name | None = Field(None, description="cert-manager's issuer.", examples=["letsencrypt-prod"])
    snippets: Flag | None = Field(None, description="Whether configuration snippets are allowed.")


class Quota(Model):
    """What a namespace may use."""

    cpu: Count | None = Field(None, description="Cores.")
    memory: Bytes | None = Field(None, description="Memory.")
    gpus: Count | None = Field(None, description="GPUs.")
    pods: Count | None = Field(None, description="Pods.")


class Orchestration(Capability):
    """The cluster that runs services."""

    kind: Orchestrator | None = Field(None, description="What orchestrates containers.")
    version: Version | None = Field(None, description="Version of the cluster's API.", examples=["1.30"])
    namespace: Name | None = Field(None, description="The namespace of the facility's services.")
    ingress: Ingress | None = Field(None, description="How services are published.")
    quota: Quota | None = Field(None, description="What a namespace may use.")
    network_policy: Literal["enforced", "not_enforced"] | None = Field(
        None, description="Whether NetworkPolicy objects have an effect."
    )


class Mig(Model):
    """Multi-Instance GPU: how a GPU is cut into slices."""

    strategy: Literal["none", "single", "mixed"] = Field(description="The device plugin's MIG strategy.")
    profiles: tuple[Word, ...] = Field((), description="Slices that are offered.", examples=[["1g.5gb"]])


class Gpu(Named):
    """A GPU model of the facility."""

    product: Text | None = Field(
        None, description="The product string, as nvidia.com/gpu.product shows it.", examples=["NVIDIA-A100-SXM4-40GB"]
    )
    count: Count | None = Field(None, description="How many the facility has.")
    memory: Bytes | None = Field(None, description="Memory of one.")
    compute_capability: Version | None = Field(None, description="CUDA compute capability.", examples=["8.0"])
    driver: Version | None = Field(None, description="Version of the driver.")
    cuda: Version | None = Field(None, description="Highest CUDA version that the driver supports.")
    mig: Mig | None = Field(None, description="How it is cut into slices.")
    resource: Word | None = Field(None, description="The resource's name in Kubernetes.", examples=["nvidia.com/gpu"])
    ask: Text | None = Field(None, description="How a job asks for one.", examples=["--gpus a100:1"])


class Gpus(Capability):
    """The accelerators."""

    models: tuple[Gpu, ...] = Field((), description="Models, by the short name that jobs use.")
    ask: Text | None = Field(None, description="How users ask for a GPU, where it does not depend on the model.")
