"""JupyterHub on the facility's cluster: values for the chart of Zero to JupyterHub.

`hub` works out the hub itself and who signs in, `sessions` the users' pods, `choices` what they are offered before a
start, `images` which images those may be. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.facility.jupyter import JupyterKind
from afspec.generators import Artifact, Generator
from afspec.generators.cluster import component, dns_label
from afspec.generators.hub_chart import CHART

from .hub import chart_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["JupyterHubK8s"]


class JupyterHubK8s(Generator):
    """JupyterHub on Kubernetes: the chart's values, with profiles, GPUs, storage and login."""

    name: ClassVar[str] = "jupyterhub-k8s"

    def applies(self, facility: Facility) -> bool:
        """Where a hub on the cluster is offered, and the cluster itself."""
        cluster = facility.orchestration
        return bool(cluster and cluster.offered) and any(
            item.kind is JupyterKind.HUB_KUBERNETES and item.offered for item in facility.jupyter
        )

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """Each hub's values and what they need."""
        for jupyter in facility.jupyter:
            here = component(facility, dns_label(jupyter.name))
            if jupyter.kind is not JupyterKind.HUB_KUBERNETES or not jupyter.offered or here is None:
                continue
            folder = f"jupyterhub-k8s/{here.name}"
            data, needs, closed = chart_values(facility, jupyter, here)
            about = f"Values of the chart jupyterhub for {here.title} of {facility.title}"
            if closed:
                about += ". NOBODY CAN SIGN IN: the spec has no login for it that has a client; give one in the overlay"
            yield self.values(f"{folder}/values.yaml", data, about, CHART)
            yield from self.requires(folder, needs, f"{here.title} is installed")
