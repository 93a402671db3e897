"""Regions, samples and systematic uncertainties of the model, and its form as cabinetry wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import CROSS_SECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# GeV: 11 bins, two of the histograms' each; below 110 GeV HT has nothing, and outside nothing is fitted.
EDGES: Final = np.linspace(110.0, 550.0, 12)
POI: Final = "ttbar_norm"
POI_BOUNDS: Final = (0.0, 10.0)
SIGNAL: Final = "ttbar"
DATA: Final = "pseudodata"
LUMINOSITY: Final = "Luminosity"
LUMINOSITY_ERROR: Final = 0.03


@dataclass(frozen=True, slots=True)
class Systematic:
    """A source of uncertainty, with a correlated effect on yields and shapes.

    Attributes:
        up, down: suffixes of histograms; without `down` it is the mirror image of `up`.
        process: the only one that it acts on; None for all.
    """

    name: str
    up: str
    down: str | None = None
    process: str | None = None

    def acts_on(self, process: str) -> bool:
        """Whether it does."""
        return self.process in {None, process}


SYSTEMATICS: Final = (
    Systematic("ttbar matrix element", "ME_var", process=SIGNAL),
    Systematic("ttbar parton shower", "PS_var", process=SIGNAL),
    Systematic("ttbar scales", "scaleup", "scaledown", SIGNAL),
    Systematic("Jet energy scale", "pt_scale_up"),
    Systematic("Jet energy resolution", "pt_res_up"),
    *(Systematic(f"b-tag jet {jet + 1}", f"btag_var_{jet}_up", f"btag_var_{jet}_down") for jet in range(task.JETS)),
    Systematic("W+jets scales", "scale_var_up", "scale_var_down", "wjets"),
)


def config(folder: Path, present: Collection[tuple[str, str]], *, statistics: bool) -> dict[str, Any]:
    """The model in cabinetry's words.

    Arguments:
        folder: where cabinetry keeps templates while it works.
        present: (region, process) that have any events.
        statistics: whether the simulation's own statistical uncertainty is part of the model.
    """
    at = {process: [region for region in task.REGIONS if (region, process) in present] for process in CROSS_SECTIONS}
    simulated = [
        {"Name": process, "Regions": regions, "DisableStaterror": not statistics}
        for process, regions in at.items()
        if regions
    ]
    return {
        "General": {"Measurement": "CMS_ttbar", "POI": POI, "HistogramFolder": str(folder), "InputPath": ""},
        "Regions": [
            {"Name": region, "Variable": task.OBSERVABLES[region], "Binning": EDGES.tolist()} for region in task.REGIONS
        ],
        "Samples": [{"Name": DATA, "Data": True}, *simulated],
        "Systematics": [*map(_systematic, SYSTEMATICS), _LUMINOSITY],
        "NormFactors": [{"Name": POI, "Samples": SIGNAL, "Nominal": 1.0, "Bounds": list(POI_BOUNDS)}],
    }


_LUMINOSITY: Final = {
    "Name": LUMINOSITY,
    "Type": "Normalization",
    "Up": {"Normalization": LUMINOSITY_ERROR},
    "Down": {"Normalization": -LUMINOSITY_ERROR},
}


def _systematic(source: Systematic) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Name": source.name,
        "Type": "NormPlusShape",
        "Up": {"VariationPath": source.up},
        "Down": {"VariationPath": source.down} if source.down else {"Symmetrize": True},
    }
    return told if source.process is None else {**told, "Samples": source.process}
