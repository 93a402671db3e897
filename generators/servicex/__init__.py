"""ServiceX: values for its chart, one folder an instance, and the file by which users' clients find the instances.

`instance` works out what is known of an instance on the site's cluster, `values` writes the chart's values, `stores`
those of the charts that it brings along, `needs` lists what must be there first, `client` is the users' servicex.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Chart, Generator

from .client import ABOUT, client, endpoints
from .instance import instances
from .needs import needs
from .values import values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

# Chart.yaml of ssl-hep/ServiceX, helm/servicex.
CHART = Chart("servicex", "1.0.32")


class ServiceX(Generator):
    """ServiceX: chart values for each instance, and the users' client file."""

    name = "servicex"

    def applies(self, facility: Facility) -> bool:
        """Where an instance is offered that runs on the site's cluster, or that users can reach."""
        return any(item.offered for item in facility.services.servicex) and bool(
            endpoints(facility) or instances(facility)
        )

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """A folder an instance, then what users need."""
        for item in instances(facility):
            folder = f"servicex/{item.component.name}"
            about = f"ServiceX at {facility.title}; Helm release {item.release}, namespace {item.component.namespace}"
            yield self.values(f"{folder}/values.yaml", values(item), about, CHART)
            yield from self.requires(folder, needs(item), f"Helm release {item.release} of ServiceX is installed")
        if reached := endpoints(facility):
            yield self.yaml("servicex/servicex.yaml", client(facility, reached), ABOUT)
