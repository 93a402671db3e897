"""coffea-casa: the chart of Zero to JupyterHub with coffea-casa's images, as coffea-casa's own tests run them.

`hub` says who signs in and when sessions end, `sessions` what a user's pod is, `certificates` how it comes by what
TLS needs, `workers` how its Dask cluster gets workers from HTCondor. README.md shows the commands that use the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from afspec.generators import Artifact, Generator
from afspec.generators.hub_chart import CHART

from .hub import chart_values
from .plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility

__all__ = ["CoffeaCasa"]


class CoffeaCasa(Generator):
    """coffea-casa on Kubernetes: values of JupyterHub's chart, with Dask workers from HTCondor."""

    name: ClassVar[str] = "coffea_casa"

    def applies(self, facility: Facility) -> bool:
        """Where it is offered on the site's cluster, and the spec names its image."""
        return Plan.of(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The chart's values, and what must be there before."""
        plan = Plan.of(facility)
        if plan is None:
            return
        data, needs, closed = chart_values(plan)
        about = f"Values of the chart jupyterhub for coffea-casa at {facility.title}"
        if closed:
            about += ". NOBODY CAN SIGN IN: the spec has no login for it that has a client; give one in the overlay"
        yield self.values("coffea-casa/values.yaml", data, about, CHART)
        yield from self.requires("coffea-casa", needs, "coffea-casa is installed")
