"""The virtual cluster that users are given, as values of vCluster's chart.

`control` says how its API is run, reached and logged in to, `sync` what of the host's cluster its users see, and
`policies` what they may use of it. README.md shows how it is installed, and how a user gets in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Generator
from afspec.generators.cluster import Required, component
from afspec.generators.interface import Chart

from .control import control_plane, kubeconfig
from .policies import policies
from .sync import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

_CHART = Chart("vcluster", "0.36.1")


class VCluster(Generator):
    """Values of vCluster's chart for the virtual cluster that users are given."""

    name = "vcluster"

    def applies(self, facility: Facility) -> bool:
        """Where the facility's cluster is a vCluster that is offered."""
        return component(facility, "vcluster") is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The values, and the classes that must be there."""
        found, cluster = component(facility, "vcluster"), facility.orchestration
        if found is None or cluster is None:
            return
        values = {
            "sync": sync(facility),
            "controlPlane": control_plane(facility),
            "policies": policies(facility),
            "exportKubeConfig": kubeconfig(facility),
        }
        about = f"vCluster {cluster.vcluster.name} of {facility.title}, in namespace {found.namespace}"
        yield self.values("vcluster/values.yaml", {key: value for key, value in values.items() if value}, about, _CHART)
        if cluster.storage_class:
            how = "the site's storage; kubectl get storageclass shows what there is"
            why = "the volume of the control plane"
            yield from self.requires(
                "vcluster", [Required("StorageClass", cluster.storage_class, why, how)], "vCluster"
            )
