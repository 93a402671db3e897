"""How far a region's prediction may be off before any fit: simulated statistics and each systematic source apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import CROSS_SECTIONS, NOMINAL, histogram_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from afspec.agc.histogram import Histogram

LUMINOSITY_ERROR: Final = 0.03
# Both directions of a source, or the one that there is; the samples that it moves, () for all.
SOURCES: Final = (
    (("pt_scale_up",), ()),
    (("pt_res_up",), ()),
    *(((f"btag_var_{jet}_up", f"btag_var_{jet}_down"), ()) for jet in range(task.JETS)),
    (("ME_var",), ("ttbar",)),
    (("PS_var",), ("ttbar",)),
    (("scaleup", "scaledown"), ("ttbar",)),
    (("scale_var_up", "scale_var_down"), ("wjets",)),
)


def inner(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bins without under- and overflow."""
    return values[1:-1]


def nominal(histograms: Mapping[str, Histogram], region: str) -> dict[str, Histogram]:
    """A region's processes, those that are there."""
    named = {process: histogram_name(region, process, NOMINAL) for process in CROSS_SECTIONS}
    return {process: histograms[name] for process, name in named.items() if name in histograms}


def total_error(histograms: Mapping[str, Histogram], region: str) -> NDArray[np.float64]:
    """float64[bins]: statistics of the simulation, systematics and luminosity of the sum, added in quadrature.

    A source moves all its samples together, by the larger of its two directions; one whose histograms are missing
    counts for nothing.
    """
    processes = nominal(histograms, region)
    known = [inner(each.variances) for each in processes.values() if each.variances is not None]
    total = _sum([inner(each.contents) for each in processes.values()])
    square = _sum(known) + (LUMINOSITY_ERROR * total) ** 2
    for shifts in _shifts(histograms, region, processes):
        square = square + np.max(np.square(shifts), axis=0)
    return np.asarray(np.sqrt(square), np.float64)


def _shifts(
    histograms: Mapping[str, Histogram], region: str, processes: Mapping[str, Histogram]
) -> Iterator[list[NDArray[np.float64]]]:
    """Of each source, by how much each of its directions moves the sum."""
    for ways, only in SOURCES:
        moved = []
        for way in ways:
            each = [
                inner(histograms[name].contents - histogram.contents)
                for process, histogram in processes.items()
                if (not only or process in only) and (name := histogram_name(region, process, way)) in histograms
            ]
            if each:
                moved.append(_sum(each))
        if moved:
            yield moved


def _sum(arrays: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.asarray(np.sum(arrays, axis=0), np.float64)
