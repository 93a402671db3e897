"""Histograms of the ttbar analysis as they could be, smooth and small, without an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afspec.agc.histogram import Histogram
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import CROSS_SECTIONS, SAMPLES, histogram_name, weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Simulated events of every sample.
EVENTS = 1_000_000
CENTRES = np.concatenate([[40.0], (task.EDGES[1:] + task.EDGES[:-1]) / 2.0, [560.0]])
SLOPE = (CENTRES - 300.0) / 250.0
PEAKS = {"4j1b": 260.0, "4j2b": 180.0}
# By how much a variation changes the yield, and tilts the shape.
EFFECTS = {
    "pt_scale_up": (0.04, 0.05),
    "pt_res_up": (-0.01, -0.02),
    "ME_var": (0.1, 0.12),
    "PS_var": (-0.06, -0.08),
    "scaleup": (0.03, 0.02),
    "scaledown": (-0.04, -0.03),
    "scale_var_up": (0.025, 0.0),
    "scale_var_down": (-0.025, 0.0),
    **{f"btag_var_{jet}_up": (0.08 / (jet + 1), 0.05 / (jet + 1)) for jet in range(4)},
    **{f"btag_var_{jet}_down": (-0.08 / (jet + 1), -0.05 / (jet + 1)) for jet in range(4)},
}


def histogram(contents: NDArray[np.float64], event: float) -> Histogram:
    """Events of that weight."""
    return Histogram(task.EDGES, contents, contents * event)


def nominal(region: str, process: str) -> NDArray[np.float64]:
    """Whole simulated events times their weight: single top beneath ttbar, W+jets mostly in 4j1b."""
    share = {"ttbar": 0.02, "wjets": 3e-4 if region == "4j1b" else 1.5e-4}.get(process, 0.004)
    shape = np.exp(-(((CENTRES - PEAKS[region]) / 110.0) ** 2)) + 0.05
    return np.asarray(np.round(EVENTS * share * shape / shape.sum()) * weight(process, EVENTS), np.float64)


def histograms() -> dict[str, Histogram]:
    """All 124 of them; pseudodata is what the nominal model predicts."""
    made = {}
    for region in task.REGIONS:
        for process in CROSS_SECTIONS:
            base = nominal(region, process)
            others = [variation for name, variation in SAMPLES if name == process and variation != "nominal"]
            own = ["scale_var_up", "scale_var_down"] if process == "wjets" else []
            made[histogram_name(region, process, "nominal")] = histogram(base, weight(process, EVENTS))
            for variation in (*task.VARIATIONS[1:], *others, *own):
                norm, tilt = EFFECTS[variation]
                varied = base * (1.0 + norm + tilt * SLOPE)
                made[histogram_name(region, process, variation)] = histogram(varied, weight(process, EVENTS))
        total = sum((nominal(region, process) for process in CROSS_SECTIONS), np.zeros(task.FLOW_BINS))
        made[f"{region}_pseudodata"] = histogram(total, 1.0)
    return made
