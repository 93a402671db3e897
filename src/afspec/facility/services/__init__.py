"""Section `services`: coffea-casa, ServiceX, Triton, REANA; a module each."""

from __future__ import annotations

from pydantic import Field

from afspec.facility.common import Model
from afspec.facility.services.coffea_casa import CoffeaCasa
from afspec.facility.services.reana import Reana
from afspec.facility.services.servicex import ServiceX
from afspec.facility.services.triton import (
    Autoscale,
    S3Folder,
    S3Key,
    ServiceAddress,
    Triton,
    TritonCluster,
    TritonServer,
    TritonTenant,
)

__all__ = [
    "Autoscale",
    "CoffeaCasa",
    "Reana",
    "S3Folder",
    "S3Key",
    "ServiceAddress",
    "ServiceX",
    "Services",
    "Triton",
    "TritonCluster",
    "TritonServer",
    "TritonTenant",
]


class Services(Model):
    """Services that analysts use."""

    coffea_casa: CoffeaCasa | None = Field(None, description="coffea-casa.")
    servicex: tuple[ServiceX, ...] = Field((), description="ServiceX instances.")
    triton: Triton | None = Field(None, description="Triton.")
    reana: Reana | None = Field(None, description="REANA.")
