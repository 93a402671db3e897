"""Named, normalised histograms of tallies, in upstream's form and under upstream's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.agc.histogram import Histogram
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import NOMINAL, histogram_name, weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.tally import Tally

_W_PROCESS = "wjets"
_DATA = ("ME_var", "PS_var")


def histograms(tallies: Mapping[tuple[str, str], Tally], *, systematics: bool = True) -> dict[str, Histogram]:
    """All histograms of samples, normalised to cross section and luminosity by the events that were looked at.

    Pseudodata is made where its three samples are there: the mean of the two alternative ttbar simulations, and W+jets.

    Arguments:
        tallies: of each (process, variation).
        systematics: whether the tallies hold them for nominal samples.
    """
    found: dict[str, Histogram] = {}
    for (process, variation), tally in tallies.items():
        if not tally.events:
            continue
        scale = weight(process, tally.events)
        shown = task.VARIATIONS if systematics and variation == NOMINAL else (variation,)
        for region_index, region in enumerate(task.REGIONS):
            for index, each in enumerate(shown):
                row = region_index * len(task.VARIATIONS) + index
                raw = Histogram(task.EDGES, tally.sums[row], tally.squares[row])
                found[histogram_name(region, process, each)] = raw.scaled(scale)
    for region in task.REGIONS:
        name = histogram_name(region, _W_PROCESS, NOMINAL)
        if systematics and name in found:
            found[f"{name}_scale_var_up"] = found[name].scaled(1.0 + task.W_SCALE)
            found[f"{name}_scale_var_down"] = found[name].scaled(1.0 - task.W_SCALE)
        parts = [histogram_name(region, "ttbar", variation) for variation in _DATA]
        if name in found and all(part in found for part in parts):
            ttbar = (found[parts[0]] + found[parts[1]]).scaled(0.5)
            found[f"{region}_pseudodata"] = ttbar + found[name]
    return dict(sorted(found.items()))
