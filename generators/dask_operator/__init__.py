"""Dask clusters of dask-kubernetes' operator: a template for users, and the values of the operator's chart.

`cluster` builds the DaskCluster and the DaskAutoscaler, `pods` what their pods have of the site: image, storage, group,
account, proxy. README.md shows how a user starts one, and how the operator is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Generator
from afspec.generators.cluster import Required, component, volumes
from afspec.generators.interface import Chart

from .cluster import dask_autoscaler, dask_cluster
from .pods import image_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

_CHART = Chart("dask-kubernetes-operator", "2025.4.3")
_CRDS = ("daskclusters", "daskautoscalers", "daskworkergroups")


class DaskOperator(Generator):
    """Dask clusters of dask-kubernetes' operator: a template for users, and values of the operator's chart."""

    name = "dask-operator"

    def applies(self, facility: Facility) -> bool:
        """Where the operator is offered on the facility's cluster, and an image is known that has dask."""
        return component(facility, "dask-operator") is not None and image_of(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """A file an object: dask-kubernetes reads a cluster from a file that holds nothing else."""
        found = component(facility, "dask-operator")
        if found is None:
            return
        title, namespace = facility.title, found.namespace
        about = f"A Dask cluster at {title}: put the user's name in place of user-name, for namespace {namespace}"
        yield self.manifests("dask-operator/cluster.yaml", [dask_cluster(facility, found)], about)
        about = f"How that Dask cluster at {title} scales by itself: apply it with the same name put in"
        yield self.manifests("dask-operator/autoscaler.yaml", [dask_autoscaler(facility, found)], about)
        values = {"rbac": {"cluster": False}, "kopfArgs": [f"--namespace={namespace}"]}
        about = f"dask-kubernetes' operator of {title}, with rights in namespace {namespace} alone"
        yield self.values("dask-operator/values.yaml", values, about, _CHART)
        yield from self.requires("dask-operator", _needs(facility, namespace), "Dask clusters")


def _needs(facility: Facility, namespace: str) -> Iterator[Required]:
    why = "the operator's kinds"
    for name in _CRDS:
        yield Required("CustomResourceDefinition", f"{name}.kubernetes.dask.org", why, "the operator's chart makes it")
    for volume in volumes(facility):
        if volume.source is None:
            how = f"the site's own: kubectl -n {namespace} get persistentvolumeclaim {volume.claim}"
            yield Required("PersistentVolumeClaim", volume.claim, f"{volume.target} of the pods", how, namespace)
    operator = facility.dask.operator if facility.dask else None
    if operator and operator.service_account:
        how = f"folder kubernetes, or: kubectl -n {namespace} create serviceaccount {operator.service_account}"
        yield Required("ServiceAccount", operator.service_account, "the account of the pods", how, namespace)
