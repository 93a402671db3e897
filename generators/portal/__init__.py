"""A portal that starts notebooks on the facility's cluster by itself, without a JupyterHub: the pods that it starts.

`pods` works them out; README.md says how a portal uses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.facility.jupyter import JupyterKind
from afspec.generators import Artifact, Generator
from afspec.generators.cluster import component, dns_label
from afspec.generators.images import site_images

from .pods import pod_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.jupyter import Jupyter

__all__ = ["Portal"]


class Portal(Generator):
    """Pods of a notebook portal: a template without a GPU, and one for each GPU."""

    name: ClassVar[str] = "portal"

    def applies(self, facility: Facility) -> bool:
        """Where a portal starts pods on the cluster that is offered, and the spec names an image for them."""
        cluster = facility.orchestration
        return bool(cluster and cluster.offered and _portals(facility) and site_images(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The templates; below the portal's name where there are several."""
        found = _portals(facility)
        for jupyter in found:
            here = component(facility, dns_label(jupyter.name))
            if here is None:
                continue
            folder = "portal" if len(found) == 1 else f"portal/{here.name}"
            about = f"Pods of {here.title} of {facility.title}"
            yield self.manifests(f"{folder}/pods.yaml", pod_templates(facility, jupyter, here), about)


def _portals(facility: Facility) -> list[Jupyter]:
    return [
        item
        for item in facility.jupyter
        if item.kind is JupyterKind.PORTAL and item.spawner == "kubernetes" and item.offered
    ]
