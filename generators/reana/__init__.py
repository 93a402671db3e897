"""REANA: values for its chart.

`instance` works out what is known of it, `values` writes the chart's values, `login` those of its sign-in, and
`needs` lists what must be given first: the chart makes its Secrets from values, which no file here may hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Chart, Generator

from .instance import RELEASE, instance
from .needs import needs
from .values import values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

# Chart.yaml of reanahub/reana, helm/reana: in 0.9.4 the database's password is "reana" whatever the values say.
CHART = Chart("reana", "0.95.0-alpha.5")


class Reana(Generator):
    """REANA: chart values."""

    name = "reana"

    def applies(self, facility: Facility) -> bool:
        """Where REANA is offered on the site's cluster."""
        return instance(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The values, and what must be there first."""
        if item := instance(facility):
            about = f"REANA at {facility.title}; Helm release {RELEASE}, namespace {item.component.namespace}"
            yield self.values("reana/values.yaml", values(item), about, CHART)
            yield from self.requires("reana", needs(item), f"Helm release {RELEASE} is installed")
