"""NVIDIA's device plugin and GPU feature discovery, as values of their chart.

`configs` works out one named configuration for each way in which the site's GPUs are cut into slices or shared; a
label of the node chooses among them. README.md shows how the chart is installed and nodes are labelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Generator
from afspec.generators.cluster import component
from afspec.generators.interface import Chart

from .configs import config_map, default_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

_CHART = Chart("nvidia-device-plugin", "0.20.0")


class Gpu(Generator):
    """Values of NVIDIA's device plugin: how GPUs are cut into slices, shared, and found by their labels."""

    name = "gpu"

    def applies(self, facility: Facility) -> bool:
        """Where the facility's cluster has GPUs of NVIDIA's."""
        return component(facility, "gpu") is not None and bool(config_map(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The values, with the configurations inside, as the chart wants them."""
        found, configs = component(facility, "gpu"), config_map(facility)
        if found is None:
            return
        values = {
            "config": {"default": default_config(configs), "map": configs},
            # Its labels are what profiles and workers choose nodes by.
            "gfd": {"enabled": True},
        }
        about = f"GPUs of {facility.title}: NVIDIA's device plugin, in namespace {found.namespace}"
        yield self.values("gpu/values.yaml", values, about, _CHART)
