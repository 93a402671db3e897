"""What grows: a pool, the pods that it grows by, and the names of all that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.workers import Workers
from afspec.generators.cluster import component, dns_label

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import Elastic, HTCondorPool
    from afspec.generators.cluster import Component

_MOST = 10


class Growth(NamedTuple):
    """A pool that is autoscaled on the cluster."""

    pool: HTCondorPool
    elastic: Elastic
    workers: Workers
    component: Component

    @property
    def deployment(self) -> str:
        """The Deployment of execute pods."""
        return self.workers.deployment or self.component.name

    @property
    def scaler(self) -> str:
        """The manager's Deployment, Service, ServiceAccount and Role."""
        return dns_label(self.component.name, "scaler")

    @property
    def resource(self) -> str:
        """GLIDEIN_ResourceName, by which the manager tells the pods' machines from the pool's others."""
        return self.workers.resource or self.deployment

    @property
    def labels(self) -> dict[str, str]:
        """What selects the execute pods."""
        return {"app.kubernetes.io/name": self.component.name, "app.kubernetes.io/component": "execute"}

    @property
    def selector(self) -> str:
        """The same for kubectl; the site's own pods may have labels of their own."""
        ours = ",".join(f"{key}={value}" for key, value in self.labels.items())
        return ours if self.workers.image else self.workers.selector or ours

    @property
    def secret(self) -> str:
        """The Secret with the pods' token."""
        at = self.workers.token.kubernetes_secret if self.workers.token else None
        return at.name if at else dns_label(self.component.name, "token")

    @property
    def key(self) -> str:
        """The token's key in the Secret."""
        at = self.workers.token.kubernetes_secret if self.workers.token else None
        return at.key if at else "token"

    @property
    def minimum(self) -> int:
        """Fewest pods: never none, since the manager says how many times as many as run there should be."""
        return self.workers.minimum

    @property
    def maximum(self) -> int:
        """Most pods."""
        cores = self.elastic.cores
        most = self.workers.maximum or (max(cores // self.workers.cores, 1) if cores else _MOST)
        return max(most, self.minimum)


def growths(facility: Facility) -> tuple[Growth, ...]:
    """The pools that are autoscaled on the facility's cluster, in the order of the spec."""
    found = []
    for pool in facility.htcondor_pools:
        elastic = next((part for part in pool.elastic if part.offered and part.kind == "autoscale"), None)
        on_cluster = component(facility, dns_label(pool.name, "workers")) if elastic else None
        if elastic and on_cluster:
            found.append(Growth(pool, elastic, elastic.workers or Workers(), on_cluster))
    return tuple(found)
