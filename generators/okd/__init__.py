"""What OKD has beyond Kubernetes: Routes, SecurityContextConstraints and ImageStreams.

`backends` knows the Services that charts make and `routes` publishes them; `security` lets pods do what they need,
`streams` keeps the spec's images. README.md shows how a site applies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.orchestration import Orchestrator
from afspec.generators import Artifact, Generator
from afspec.generators.cluster import components

from .backends import backends
from .routes import routes, wanted
from .security import constraints
from .streams import image_streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class Okd(Generator):
    """Routes, security constraints and image streams of an OKD cluster."""

    name = "okd"

    def applies(self, facility: Facility) -> bool:
        """Where the facility's cluster is OKD, and something is offered on it."""
        cluster = facility.orchestration
        return cluster is not None and cluster.kind is Orchestrator.OKD and bool(components(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """What a cluster's administrator applies, what anybody in the namespaces may, and what ties them."""
        services = tuple(backends(facility))
        files = {
            "cluster.yaml": (list(constraints(facility)), "What administrators apply so that pods may run"),
            "routes.yaml": (list(routes(facility, services)), "Addresses of services"),
            "images.yaml": (list(image_streams(facility)), "Images"),
        }
        made = {name: found for name, found in files.items() if found[0]}
        if not made:
            return
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": list(made),
        }
        yield self.values("okd/kustomization.yaml", kustomization, f"All that is made for OKD at {facility.title}")
        for name, (objects, about) in made.items():
            yield self.manifests(f"okd/{name}", objects, f"{about}: {facility.title}")
        yield from self.requires("okd", wanted(facility, services), "okd")
