"""What must be there before Triton is applied to the cluster, and made by somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.cluster import Required, secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

    from .cluster import Cluster


def needs(facility: Facility, cluster: Cluster) -> Iterator[Required]:
    """Keys, the bucket's name, claims, and definitions of kinds that are not Kubernetes' own."""
    space = cluster.component.namespace
    for key in cluster.keys:
        users = ", ".join(item.name for item in cluster.repositories if item.key == key)
        yield secret(space, key.name, (key.id, key.secret), f"the server's key to read the models of {users}")
    for item in cluster.repositories:
        if own := item.write_key:
            how = "given to the tenant, or put where its pods run; never into the namespace of the server"
            yield Required(
                "Secret", own.name, f"the key of {item.name} to write its models", how, "", (own.id, own.secret)
            )
    if cluster.placeholder:
        name = cluster.settings.bucket
        how = (
            f"an ObjectBucketClaim of that name makes it, or: kubectl -n {space} create configmap {name} "
            "--from-literal=BUCKET_NAME=..."
        )
        yield Required("ConfigMap", name, "the bucket of the models", how, space, ("BUCKET_NAME",))
    for volume in cluster.volumes:
        how = "made by the site, as its storage wants it: claims are bound in one namespace each"
        why = f"models in {volume.target}, read only"
        yield Required("PersistentVolumeClaim", volume.claim, why, how, space)
    how = "it comes with the chart that runs the operator"
    if cluster.settings.monitor == "prometheus-operator":
        name = "podmonitors.monitoring.coreos.com"
        yield Required("CustomResourceDefinition", name, "Prometheus finds the metrics by a PodMonitor", how)
    scales = facility.orchestration.autoscaling if facility.orchestration else None
    if cluster.grows and scales and scales.adapter == "keda":
        yield Required("CustomResourceDefinition", "scaledobjects.keda.sh", "KEDA scales the server", how)
    elif cluster.grows:
        how = "the chart prometheus-adapter, with prometheus-adapter.yaml of this folder"
        yield Required("APIService", "v1beta1.custom.metrics.k8s.io", "the autoscaler reads its metric there", how)
