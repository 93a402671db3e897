"""An HTCondor pool whose execute pods on the cluster follow its queue, through htcondor-autoscale-manager.

`growth` works out what grows and by what, `manager` the manager with its rights, `execute` the execute pods, `scaling`
the autoscaler with what makes the manager's metric known to it. README.md shows the commands, and what is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Generator
from afspec.generators.cluster import Required, volumes
from afspec.generators.interface import Chart

from .execute import execute
from .growth import Growth, growths
from .manager import manager, rights
from .scaling import adapter_values, autoscaler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

_CHART = Chart("prometheus-adapter", "5.3.0")


class HTCondorAutoscale(Generator):
    """HTCondor's execute pods that follow the queue: htcondor-autoscale-manager, an autoscaler and what it reads."""

    name = "htcondor-autoscale"

    def applies(self, facility: Facility) -> bool:
        """Where an HTCondor pool is autoscaled on the facility's cluster."""
        return bool(growths(facility))

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """A file of objects a pool, and the rules of Prometheus' adapter for all of them."""
        found = growths(facility)
        folder = "htcondor-autoscale"
        for growth in found:
            name = "workers" if len(found) == 1 else growth.component.name
            objects = [*rights(facility, growth), *manager(facility, growth), *execute(facility, growth)]
            objects += autoscaler(facility, growth)
            about = f"HTCondor pool {growth.pool.name} of {facility.title}: what it grows by"
            yield self.manifests(f"{folder}/{name}.yaml", objects, about)
        if values := adapter_values(facility, found):
            about = f"HTCondor pools of {facility.title}: rules for Prometheus' adapter"
            yield self.values(f"{folder}/prometheus-adapter.yaml", values, about, _CHART)
        needs = [need for growth in found for need in _needs(facility, growth)]
        yield from self.requires(folder, needs, "the pool grows")


def _needs(facility: Facility, growth: Growth) -> Iterator[Required]:
    workers, namespace = growth.workers, growth.component.namespace
    for volume in volumes(facility) if workers.image and growth.component.pods == "users" else ():
        if volume.source is None:
            how = f"the site's own: kubectl -n {namespace} get persistentvolumeclaim {volume.claim}"
            yield Required("PersistentVolumeClaim", volume.claim, f"{volume.target} of the pods", how, namespace)
    if not workers.image:
        how = f"the site's own execute pods, with the labels {growth.selector}; `deployment:` in the spec is its name"
        yield Required("Deployment", growth.deployment, "what is scaled", how, namespace)
    if not workers.manager:
        why = f"serves {workers.metric} on /metrics, and is scraped by Prometheus"
        how = f"the site's own htcondor-autoscale-manager, with the ServiceAccount {growth.scaler}"
        yield Required("Deployment", growth.scaler, why, how, namespace)
    if workers.image or workers.manager:
        made = "condor_token_create with -authz READ, ADVERTISE_STARTD and ADVERTISE_MASTER on the central manager"
        how = f"{made}, then: kubectl -n {namespace} create secret generic {growth.secret} --from-file={growth.key}"
        yield Required("Secret", growth.secret, "the pods' token for the pool", how, namespace, (growth.key,))
