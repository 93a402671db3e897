"""Templates, and whether a model can be made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.fit.model import DATA, EDGES, SIGNAL, SYSTEMATICS
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import CROSS_SECTIONS, NOMINAL, histogram_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MORE: Final = "Run over more events"


@dataclass(frozen=True, slots=True)
class Template:
    """float64[11] each: events, and their statistical uncertainty."""

    yields: NDArray[np.float64]
    stdev: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Templates:
    """All that the model is made of.

    Attributes:
        found: by (region, process, variation); (region, pseudodata, nominal) is what is fitted.
        notes: what a reader of the result should know.
    """

    found: Mapping[tuple[str, str, str], Template]
    notes: tuple[str, ...] = ()

    @property
    def present(self) -> frozenset[tuple[str, str]]:
        """(region, process) with any events."""
        return frozenset(
            (region, process)
            for (region, process, variation), template in self.found.items()
            if variation == NOMINAL and process != DATA and template.yields.any()
        )


def check(templates: Templates) -> None:
    """Refuse what no model can be made of.

    Raises:
        AgcError: a region, or what its pseudodata lie over, is empty; or a variation leaves nothing of a process.
    """
    for region in task.REGIONS:
        _check_region(templates, region)
    for region, process in sorted(templates.present):
        for source in SYSTEMATICS:
            if source.acts_on(process):
                # Where the other direction is the mirror image, twice the yield would leave nothing of that.
                most = math.inf if source.down else 2.0
                for way in filter(None, (source.up, source.down)):
                    _check_variation(templates, (region, process, way), most)


def _check_region(templates: Templates, region: str) -> None:
    processes = [templates.found[region, process, NOMINAL].yields for process in CROSS_SECTIONS]
    total, data = np.sum(processes, axis=0), templates.found[region, DATA, NOMINAL].yields
    if not total.any():
        raise AgcError(f"region {region} is empty: no process has events there", _MORE)
    if not data.any():
        raise AgcError(f"region {region} has no pseudodata", _MORE)
    if (region, SIGNAL) not in templates.present:
        raise AgcError(f"region {region} has no {SIGNAL} events: there is nothing to measure", _MORE)
    for index in np.flatnonzero((total <= 0.0) & (data > 0.0)):
        low, high = EDGES[index], EDGES[index + 1]
        there = f"region {region}, {low:g} to {high:g} GeV"
        raise AgcError(f"{there}: pseudodata has {data[index]:.4g} events where no process has any", _MORE)


def _check_variation(templates: Templates, key: tuple[str, str, str], most: float) -> None:
    region, process, _ = key
    varied = templates.found[key].yields.sum()
    nominal = templates.found[region, process, NOMINAL].yields.sum()
    if not 0.0 < varied / nominal < most:
        told = f"{histogram_name(*key)} adds up to {varied:.4g} events, the nominal one to {nominal:.4g}"
        raise AgcError(f"{told}: that is no uncertainty, but too few events", _MORE)
