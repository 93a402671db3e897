"""Named, normalised histograms of tallies: one for each group of samples and variation, under upstream's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.agc.histogram import Histogram
from afspec.agc.hzz import task
from afspec.agc.hzz.samples import DATA, SAMPLES, ZZ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.tally import Tally


def histograms(tallies: Mapping[tuple[str, str], Tally], *, systematics: bool = True) -> dict[str, Histogram]:
    """The four-lepton mass: data as they are, simulation normalised to the luminosity.

    Names are those of upstream's ROOT file ("data", "signal", "ZZ_SF_up", ...), and "ZZ_norm_up" and "ZZ_norm_down"
    for what it gives its fit as a number.

    Arguments:
        tallies: of each (sample, "nominal").
        systematics: whether the tallies hold variations.
    """
    found: dict[str, Histogram] = {}
    for (process, _), tally in tallies.items():
        if not tally.events:
            continue
        for name, each in _of_sample(process, tally, systematics=systematics).items():
            found[name] = found[name] + each if name in found else each
    if systematics and ZZ in found:
        found[f"{ZZ}_norm_up"] = found[ZZ].scaled(1.0 + task.ZZ_NORMALISATION)
        found[f"{ZZ}_norm_down"] = found[ZZ].scaled(1.0 - task.ZZ_NORMALISATION)
    return dict(sorted(found.items()))


def _of_sample(process: str, tally: Tally, *, systematics: bool) -> dict[str, Histogram]:
    if process == DATA:
        return {DATA: Histogram(task.EDGES, tally.sums[task.COUNTED], tally.squares[task.COUNTED])}
    sample = SAMPLES[process]
    shown = task.VARIATIONS if systematics else task.VARIATIONS[:1]
    return {
        sample.group if not row else f"{sample.group}_{variation}": Histogram(
            task.EDGES, tally.sums[row], tally.squares[row]
        ).scaled(sample.weight)
        for row, variation in enumerate(shown)
    }
