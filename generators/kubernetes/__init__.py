"""Namespaces of the facility's services on its cluster, and what in them is not a service's own.

`spaces` says which namespaces there are and what shares each; `limits` makes them with their quotas, `accounts` says
who may ask the API for what, `network` who may reach whom, `storage` how pods see the spec's storage areas, and
`priorities` which pods go first. README.md shows how a site applies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Generator
from afspec.generators.cluster import components

from .accounts import Sessions, accounts
from .limits import NOT_ENFORCED, administered
from .network import network_policies
from .priorities import priority_classes
from .spaces import cluster_of, spaces
from .storage import claims, persistent_volumes, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

    from .spaces import Space


class Kubernetes(Generator):
    """Namespaces, accounts, quotas, network policies and storage of the facility's cluster."""

    name = "kubernetes"

    def applies(self, facility: Facility) -> bool:
        """Where something is offered on the facility's cluster."""
        return bool(components(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """What goes into the cluster, and apart from it what goes into the one that a virtual cluster runs on."""
        found = spaces(facility)
        yield from self._folder(facility, "kubernetes", tuple(space for space in found if not space.host))
        yield from self._folder(facility, "kubernetes/host", tuple(space for space in found if space.host))

    def _folder(self, facility: Facility, folder: str, found: tuple[Space, ...]) -> Iterator[Artifact]:
        if not found:
            return
        host = found[0].host
        where = f"{'the cluster that runs the virtual cluster of' if host else 'the cluster of'} {facility.title}"
        enforced = cluster_of(facility).network_policy != "not_enforced"
        warning = "" if enforced else f". WARNING: {NOT_ENFORCED}"
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["cluster.yaml", *(f"namespaces/{space.name}.yaml" for space in found)],
        }
        yield self.values(f"{folder}/kustomization.yaml", kustomization, f"All that is made for {where}")
        cluster = [item for space in found for item in administered(facility, space)]
        # A virtual cluster's pods have no class on its host.
        cluster += [] if host else priority_classes(facility)
        cluster += [item for space in found for item in persistent_volumes(facility, space)]
        yield self.manifests(f"{folder}/cluster.yaml", cluster, f"What administrators apply to {where}{warning}")
        sessions = Sessions.of(facility)
        for space in found:
            objects = [
                *accounts(facility, space, sessions),
                *network_policies(facility, space),
                *claims(facility, space),
            ]
            title = " and ".join(dict.fromkeys(item.title for item in space.components))
            about = f"Namespace {space.name} of {facility.title}: {title}{warning}"
            yield self.manifests(f"{folder}/namespaces/{space.name}.yaml", objects, about)
        required = [item for space in found for item in wanted(facility, space)]
        yield from self.requires(folder, required, folder)
