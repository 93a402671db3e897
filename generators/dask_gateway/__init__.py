"""dask-gateway on the site's cluster: values for its chart, and an Ingress or Route where no hub publishes it.

`plan` works out what the spec says, `auth` how the gateway knows its users, `config` writes the part of its
configuration that only Python can say, `values` puts all of it into the chart's form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Chart, Generator
from afspec.generators.cluster import Required

from .plan import RELEASE, Plan
from .publish import publication
from .values import values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["DaskGateway"]


class DaskGateway(Generator):
    """dask-gateway on the site's cluster: values for its Helm chart."""

    name: ClassVar[str] = "dask_gateway"
    chart: ClassVar[Chart] = Chart("dask-gateway", "2026.3.0")

    def applies(self, facility: Facility) -> bool:
        """Where a gateway is offered on the site's cluster, and the spec says how it knows its users."""
        return Plan.of(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The chart's values, what publishes it, and what must be there before."""
        plan = Plan.of(facility)
        if plan is None:
            return
        about = f"dask-gateway at {facility.title}; values for its chart"
        yield self.values("dask-gateway/values.yaml", values(facility, plan), about, self.chart)
        required = list(plan.auth.required)
        if made := publication(facility, plan):
            why = f"the {made['kind']} {plan.name} leads to it"
            how = f"made by the chart for a release called {RELEASE}"
            required.append(Required("Service", plan.service, why, how, plan.namespace, ("web", plan.web)))
            yield self.manifests(
                "dask-gateway/publish.yaml", [made], f"The address of dask-gateway at {facility.title}"
            )
        yield from self.requires("dask-gateway", required, "dask-gateway")
