"""From the analysis's histograms to the model's templates: rebinned, complete, with the simulation's statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.fit.model import DATA, EDGES, SIGNAL, SYSTEMATICS
from afspec.agc.fit.sense import Template, Templates, check
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import CROSS_SECTIONS, NOMINAL, histogram_name, weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from afspec.agc.histogram import Histogram

_NAMED: Final = 4
# How far contents / weight may be from a whole number of events.
_WHOLE: Final = 1e-3


def templates(
    histograms: Mapping[str, Histogram], events: Mapping[tuple[str, str], int] | None = None, *, statistics: bool = True
) -> Templates:
    """Templates of every region, process and variation.

    Arguments:
        histograms: by upstream's names, normalised. Pseudodata is made here where it is missing.
        events: of each (process, variation), how many were simulated, for histograms without variances: the variance
            of a bin is then its contents times the weight of one event.
        statistics: whether variances are wanted at all.

    Raises:
        AgcError: histograms are missing, hold numbers that are none, have other bins, are empty where events must be,
            or are not of these numbers of events.
    """
    needed = {
        (region, process, variation): histogram_name(region, process, variation)
        for region in task.REGIONS
        for process in CROSS_SECTIONS
        for variation in (NOMINAL, *_variations(process))
    }
    if missing := [name for name in needed.values() if name not in histograms]:
        others = f", and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise AgcError(
            f"the fit needs histograms that are not there: {', '.join(missing[:_NAMED])}{others}",
            "Run the analysis on all nine samples, with systematics",
        )
    found = {}
    for (region, process, variation), name in needed.items():
        variances = histograms[name].variances
        if variances is None and variation == NOMINAL and statistics:
            variances = _derived(name, process, histograms[name], events)
        found[region, process, variation] = _template(name, histograms[name], variances)
    for region in task.REGIONS:
        name, data = _pseudodata(histograms, region)
        found[region, DATA, NOMINAL] = _template(name, data, None)
    made = Templates(found, tuple(_notes(found)))
    check(made)
    return made


def _variations(process: str) -> Iterator[str]:
    for source in SYSTEMATICS:
        if source.acts_on(process):
            yield source.up
            if source.down:
                yield source.down


def _pseudodata(histograms: Mapping[str, Histogram], region: str) -> tuple[str, Histogram]:
    name = f"{region}_{DATA}"
    if name in histograms:
        return name, histograms[name]
    first, second = (histograms[histogram_name(region, SIGNAL, each)] for each in ("ME_var", "PS_var"))
    return name, (first + second).scaled(0.5) + histograms[histogram_name(region, "wjets", NOMINAL)]


def _derived(
    name: str, process: str, histogram: Histogram, events: Mapping[tuple[str, str], int] | None
) -> NDArray[np.float64]:
    """Variances of a nominal histogram, in which every event has the same weight."""
    if events is None:
        raise AgcError(
            f"{name} has no variances, so the simulation's statistical uncertainty is not known",
            "Give the list of input files that it was made of (--input-list, --max-files), from which it follows, "
            "or fit without (--no-mc-stat)",
        )
    if not events.get((process, NOMINAL)):
        raise AgcError(f"the list of input files has no events of {process}", "Give the list that the run had")
    each = weight(process, events[process, NOMINAL])
    simulated = histogram.contents / each
    off = np.abs(simulated - np.round(simulated))
    # What is no number is refused later, as such.
    if np.nanmax(off, initial=0.0) > _WHOLE:
        raise AgcError(
            f"{name} was not made of {events[process, NOMINAL]:,} events: a bin would have "
            f"{simulated[np.nanargmax(off)]:.3f} of them",
            "Give the files that the run had (--input-list, --max-files)",
        )
    return histogram.contents * each


def _template(name: str, histogram: Histogram, variances: NDArray[np.float64] | None) -> Template:
    """Bins joined to the model's; flow is left out.

    Raises:
        AgcError: the model's edges are not among the histogram's, or a number is none.
    """
    edges = histogram.edges
    at = np.searchsorted(edges, EDGES - 1e-6)
    if at[-1] >= len(edges) or not np.allclose(edges[at], EDGES):
        raise AgcError(
            f"{name} cannot be rebinned to {len(EDGES) - 1} bins from {EDGES[0]:g} to {EDGES[-1]:g} GeV",
            f"It has {len(edges) - 1} from {edges[0]:g} to {edges[-1]:g} GeV; the analysis makes 25 from 50 to 550",
        )
    for what, values in (("contents", histogram.contents), ("variances", variances)):
        if values is not None and not np.isfinite(values).all():
            raise AgcError(f"{name} has {what} that are no numbers", "Look at the run that made it")
    # Contents begin with underflow.
    joined = [
        np.add.reduceat(values[: at[-1] + 1], at[:-1] + 1) if values is not None else np.zeros(len(EDGES) - 1)
        for values in (histogram.contents, variances)
    ]
    if joined[1].min() < 0.0:
        raise AgcError(f"{name} has negative variances", "Look at the run that made it")
    return Template(joined[0], np.sqrt(joined[1]))


def _notes(found: Mapping[tuple[str, str, str], Template]) -> Iterator[str]:
    for (region, process, variation), template in found.items():
        if variation != NOMINAL or process == DATA:
            continue
        empty = int((template.yields == 0.0).sum())
        if empty == len(template.yields):
            yield f"{region}: no event of {process}; it is left out there"
        elif empty:
            yield f"{region}: {process} has no events in {empty} of {len(template.yields)} bins"
