"""How the virtual cluster's API is run and reached, and how its users log in to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.access import Door
from afspec.facility.urls import locate
from afspec.generators.cluster import memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.access import KubernetesAccess, Login
    from afspec.facility.orchestration import VCluster

_REPLICAS = 3


def control_plane(facility: Facility) -> dict[str, Any]:
    """The chart's `controlPlane`."""
    cluster = facility.orchestration
    if cluster is None:
        return {}
    made: dict[str, Any] = {}
    if distro := _distro(facility):
        made["distro"] = {"k8s": distro}
    claim: dict[str, Any] = {"size": memory(cluster.vcluster.storage)}
    if cluster.storage_class:
        claim["storageClass"] = cluster.storage_class
    if cluster.vcluster.high_availability:
        # Replicas share no file of SQLite, the chart's own store: etcd has the volumes then, a member each.
        members = {"highAvailability": {"replicas": _REPLICAS}, "persistence": {"volumeClaim": claim}}
        made["backingStore"] = {"etcd": {"deploy": {"enabled": True, "statefulSet": members}}}
        made["statefulSet"] = {"highAvailability": {"replicas": _REPLICAS}}
    else:
        made["statefulSet"] = {"persistence": {"volumeClaim": {"enabled": True, **claim}}}
    if server := _server(facility):
        made["proxy"] = {"extraSANs": [locate(server).host]}
    return made


def kubeconfig(facility: Facility) -> dict[str, Any]:
    """The chart's `exportKubeConfig`: what is in the kubeconfig of the Secret vc-NAME.

    An address with a path is left out: what serves it ends TLS, so that the client certificate in that kubeconfig does
    not get through; and vcluster connect, which reads the Secret, expects host and port alone.
    """
    cluster, access, server = facility.orchestration, _access(facility), _server(facility)
    if cluster is None:
        return {}
    made: dict[str, Any] = {"context": (access.context if access else None) or cluster.vcluster.name}
    if server and not (at := locate(server)).path:
        made["server"] = f"{at.scheme}://{at.address(443)}"
    return made


def _distro(facility: Facility) -> dict[str, Any]:
    cluster = facility.orchestration
    made: dict[str, Any] = {}
    if cluster and cluster.version:
        # It is the tag of an image of Kubernetes, which has all three numbers.
        made["version"] = f"v{cluster.version}{'.0' * (2 - cluster.version.count('.'))}"
    if arguments := list(_login_arguments(facility)):
        made["apiServer"] = {"extraArgs": arguments}
    return made


def _login_arguments(facility: Facility) -> Iterator[str]:
    """Arguments of kube-apiserver for users' tokens (Kubernetes documentation, Authenticating, OpenID Connect)."""
    cluster, access = facility.orchestration, _access(facility)
    if cluster is None or access is None or not access.issuer or not access.client_id:
        return
    client = _named(access.client_id, cluster.vcluster)
    if client is None:
        return
    yield f"--oidc-issuer-url={access.issuer.rstrip('/')}"
    yield f"--oidc-client-id={client}"
    login = _login(facility, access)
    if login and login.username_claim:
        yield f"--oidc-username-claim={login.username_claim}"
    if login and login.groups_claim:
        yield f"--oidc-groups-claim={login.groups_claim}"
        # Without a prefix, a group of the issuer's that is called system:masters would be the cluster's own.
        yield "--oidc-groups-prefix=oidc:"


def _login(facility: Facility, access: KubernetesAccess) -> Login | None:
    """The login that opens the cluster and has its issuer."""
    issuer = (access.issuer or "").rstrip("/")
    opening = (login for login in facility.logins if login.offered and Door.KUBERNETES in login.opens)
    return next((login for login in opening if login.issuer_url == issuer), None)


def _access(facility: Facility) -> KubernetesAccess | None:
    """How users reach it, unless that is not offered; silence about the stance is none."""
    access = facility.access.kubernetes
    return access if access and (access.stance is None or access.offered) else None


def _server(facility: Facility) -> str | None:
    """The API's address from outside, where it names a host."""
    cluster, access = facility.orchestration, _access(facility)
    if cluster is None or access is None or not access.server:
        return None
    server = _named(access.server, cluster.vcluster)
    return server if server and locate(server).host else None


def _named(text: str, vcluster: VCluster) -> str | None:
    """The text with the cluster's name; None where it still has a placeholder, which nobody here can fill."""
    made = text.replace("<name>", vcluster.name)
    return None if "<" in made else made
