"""AF39: the cluster itself, as the spec describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from afspec.diagnostics import Severity
from afspec.facility.components import components
from afspec.facility.orchestration import Orchestrator
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import hub_pointers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.components import Component

# OKD and OpenShift 4.N have Kubernetes 1.(13 + N), from 4.3 on (OpenShift documentation, release notes).
_OKD_AHEAD = 13
_FIRST_WITH_13 = 3


def _numbers(version: str) -> tuple[int, int] | None:
    """Major and minor number of a version of the Kubernetes API; None where it is none."""
    match version.split("."):
        case ["1", minor, *_] if minor.isdecimal():
            return 1, int(minor)
        case _:
            return None


class AF3901(Rule):
    """Version is not one of the Kubernetes API.

    Manifests are checked against the API of that version; OKD and OpenShift number their own releases 4.N. Against a
    version that never was nothing can be checked.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write what `kubectl version` says of the server: 1.30. On OKD it is 1.(13 + N) for 4.N."""
        version = facility.orchestration.version if facility.orchestration else None
        if version is None or _numbers(version):
            return
        meant = None
        match version.split("."):
            case ["4", minor, *_] if minor.isdecimal() and int(minor) >= _FIRST_WITH_13:
                meant = f"1.{_OKD_AHEAD + int(minor)}"
            case [minor] if minor.isdecimal() and int(minor) > 1:
                meant = f"1.{minor}"
        yield Finding("/orchestration/version", f"`{version}`", meant)


class _Needs(NamedTuple):
    """The least minor version of the API that a component can do with, and what wants it."""

    minor: int
    what: str


_CHART_OF_JUPYTERHUB = _Needs(28, "JupyterHub's chart 4.4")
_CHART_OF_GATEWAY = _Needs(30, "dask-gateway's chart 2026.3")
_AUTOSCALER = _Needs(23, "autoscaling/v2")
# Policies about pods were objects before; namespaces' labels say nothing to older clusters (Pod Security Admission).
_POD_SECURITY = _Needs(25, "Pod Security Admission")


def _needs(component: Component, hubs: set[str]) -> _Needs:
    if component.pointer in hubs:
        return _CHART_OF_JUPYTERHUB
    if component.pointer == "/dask/gateway":
        return _CHART_OF_GATEWAY
    if component.pointer == "/services/triton" or component.pointer.startswith("/batch/"):
        return max(_AUTOSCALER, _POD_SECURITY)
    return _POD_SECURITY


class AF3902(Rule):
    """Cluster is too old for what is compiled.

    Helm refuses a chart on an older API ("chart requires kubeVersion"), and an older API refuses objects of a version
    that it does not have.
    """

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Upgrade the cluster, correct `version:`, or take back the stance of what cannot run there."""
        cluster = facility.orchestration
        version = _numbers(cluster.version) if cluster and cluster.version else None
        if version is None:
            return
        hubs = hub_pointers(facility)
        wanted = [(component, _needs(component, hubs)) for component in components(facility)]
        lacking = [(need.minor, need.what, component) for component, need in wanted if need.minor > version[1]]
        if lacking:
            minor, what, component = max(lacking, key=lambda row: row[0])
            detail = f"{what} needs 1.{minor}, for `{component.pointer}`"
            yield Finding("/orchestration/version", detail)


class AF3903(Rule):
    """Setting of the ingress has no effect on this kind of cluster.

    OKD publishes services by Routes, which know no ingress class and no issuer of cert-manager; elsewhere TLS ends
    where the Ingress is. What is written and does nothing is believed to work.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Remove it: `termination:` is OKD's, `ingress_class:`, `issuer:` and `snippets:` are those of Ingresses."""
        cluster = facility.orchestration
        ingress = cluster.ingress if cluster else None
        if cluster is None or ingress is None or cluster.kind is None:
            return
        okd = cluster.kind is Orchestrator.OKD
        if not okd and ingress.termination != "edge":
            yield Finding("/orchestration/ingress/termination", f"`{ingress.termination}` on {cluster.kind.family}")
        for field in ("ingress_class", "issuer", "snippets") if okd else ():
            if getattr(ingress, field) is not None:
                yield Finding(f"/orchestration/ingress/{field}", f"`{field}` on OKD")


class AF3904(Rule):
    """Network policies have no effect on the cluster.

    They are compiled, applied without a word, and protect nothing: any pod reaches any other one, users' sessions the
    services' databases and each other's ports.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Have the cluster's network enforce them, or count on no wall between namespaces: services need passwords."""
        cluster = facility.orchestration
        if cluster is None or cluster.network_policy != "not_enforced":
            return
        if components(facility):
            yield Finding("/orchestration/network_policy")
