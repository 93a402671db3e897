"""AF391, too: addresses of dask-gateway and ServiceX, whose charts can have no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.diagnostics import Severity
from afspec.facility.components import component
from afspec.facility.orchestration import Orchestrator
from afspec.facility.urls import locate
from afspec.rules.base import Context, Finding, Rule
from afspec.rules.onsite import addresses, below, hub_pointers, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class AF3916(Rule):
    """Gateway is published below a hub that does not pass it on.

    What is below .../services/ goes to JupyterHub's proxy. It takes a request on to the gateway where the hub knows
    the gateway as a service, with its address inside the cluster; else the hub answers that there is no such page.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write HUB/services/dask-gateway/, `auth: jupyterhub` and `internal_url:`, or give it a host of its own."""
        gateway = facility.dask.gateway if facility.dask else None
        found, hubs = addresses(facility), hub_pointers(facility)
        here = next((item for item in found if item.component.pointer == "/dask/gateway"), None)
        if gateway is None or here is None:
            return
        for hub in found:
            services = f"{hub.at.path}/services"
            if hub.component.pointer not in hubs or hub.at.host != here.at.host or not below(here.at.path, services):
                continue
            known = here.at.path == f"{services}/dask-gateway" and gateway.auth == "jupyterhub" and gateway.internal_url
            if not known and not told(facility, hub, here):
                yield Finding(here.pointer, f"`{here.url}` is below `{hub.component.pointer}`")


class AF3917(Rule):
    """Gateway has another path inside the cluster than outside.

    It answers below one path, its prefix. Requests with the other one get a page that says "not found".
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Write the same path in `url:` and `internal_url:`, unless something between them rewrites it."""
        gateway = facility.dask.gateway if facility.dask else None
        if not gateway or not gateway.url or not gateway.internal_url or not component(facility, "dask-gateway"):
            return
        outside, inside = locate(gateway.url).path, locate(gateway.internal_url).path
        if outside != inside:
            yield Finding("/dask/gateway/internal_url", f"`{inside or '/'}`, outside `{outside or '/'}`")


class AF3918(Rule):
    """ServiceX is published below a path.

    Its chart publishes a whole host, and calls it by the release's name and a domain: RELEASE.DOMAIN. For another
    address no Ingress is compiled.
    """

    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facility: Facility, _: Context) -> Iterator[Finding]:
        """Give each instance a host of its own, or publish it by what the site has in front of the cluster."""
        okd = facility.orchestration is not None and facility.orchestration.kind is Orchestrator.OKD
        for address in () if okd else addresses(facility):
            own = f"{address.component.pointer}/url"
            if own.startswith("/services/servicex/") and address.pointer == own and address.at.path:
                yield Finding(own, f"`{address.url}`")
