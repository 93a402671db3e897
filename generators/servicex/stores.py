"""Values for the charts that ServiceX's brings along: RabbitMQ, PostgreSQL and MinIO (Bitnami).

Every password of theirs is in the instance's own Secret, where ServiceX's pods look as well. The chart's own
passwords are taken out: left where they are, they would still be written into its ConfigMap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.cluster import memory

if TYPE_CHECKING:
    from afspec.generators.cluster import Published

    from .instance import Instance

# Under OKD's restricted SCC users and groups of pods are the namespace's own, and nothing runs as root.
_NO_USERS = {"podSecurityContext": {"enabled": False}, "containerSecurityContext": {"enabled": False}}


def stores(item: Instance) -> dict[str, Any]:
    """`rabbitmq`, `postgres`, `postgresql`, `objectStore` and `minio`."""
    made: dict[str, Any] = {
        "rabbitmq": {
            "auth": {"password": "", "existingPasswordSecret": item.secret, "existingErlangSecret": item.secret}
        },
        # Without it, users and requests are in a file that goes with the pod.
        "postgres": {"enabled": True},
        "postgresql": _postgresql(item),
        "objectStore": _object_store(item),
        "minio": _minio(item),
    }
    if item.okd:
        made["rabbitmq"] |= {**_NO_USERS, "volumePermissions": {"enabled": False}}
    return made


def _postgresql(item: Instance) -> dict[str, Any]:
    auth = {
        "postgresPassword": "",
        "existingSecret": item.secret,
        "secretKeys": {"adminPasswordKey": "postgresql-password"},
    }
    primary = {"persistence": _volume(item, item.spec.database)} | (_NO_USERS if item.okd else {})
    return {"global": {"postgresql": {"auth": auth}}, "primary": primary}


def _object_store(item: Instance) -> dict[str, Any]:
    """Where results are read: clients are given a host and a port, and whether to speak TLS."""
    made: dict[str, Any] = {"internal": item.own_store}
    if item.store:
        made |= {"publicURL": item.store_address, "publicClientUseTLS": item.store.tls}
        if not item.own_store:
            made["useTLS"] = item.store.tls
    else:
        # Inside the cluster the store speaks plain HTTP.
        made["publicClientUseTLS"] = False
    return made


def _minio(item: Instance) -> dict[str, Any]:
    made: dict[str, Any] = {"auth": {"rootPassword": ""}}
    if not item.own_store:
        return made
    made["auth"]["existingSecret"] = item.secret
    if item.store and item.store.by == "Ingress":
        made["apiIngress"] = _ingress(item.store, item.store_tls)
    store = item.spec.object_store
    if store and store.size:
        made["persistence"] = _volume(item, store.size)
    return made | (_NO_USERS if item.okd else {})


def _ingress(at: Published, tls: str) -> dict[str, Any]:
    """MinIO's chart serves TLS by `tls: true` only where an annotation asks for the certificate."""
    made: dict[str, Any] = {"enabled": True, "hostname": at.host}
    if at.ingress_class:
        made["ingressClassName"] = at.ingress_class
    if at.annotations:
        made["annotations"] = at.annotations
        made["tls"] = True
    elif at.tls:
        made["extraTls"] = [{"hosts": [at.host], "secretName": tls}]
    return made


def _volume(item: Instance, size: int) -> dict[str, Any]:
    cluster = item.facility.orchestration
    named = {"storageClass": cluster.storage_class} if cluster and cluster.storage_class else {}
    return {"enabled": True, "size": memory(size)} | named
