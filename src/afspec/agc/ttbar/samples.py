"""Processes, their cross sections, and the names of histograms.

Source: as for the task, utils/file_input.py there; cross sections at 13 TeV after
TopDataPreparation/XSection-MC15-13TeV.data.
"""

from __future__ import annotations

from typing import Final

# pb. All variations of ttbar share one; single top's t channel is scaled from its lepton filter to inclusive.
CROSS_SECTIONS: Final = {
    "ttbar": 396.87 + 332.97,
    "single_top_s_chan": 2.0268 + 1.2676,
    "single_top_t_chan": (36.993 + 22.175) / 0.252,
    "single_top_tW": 37.936 + 37.906,
    "wjets": 61457 * 0.252,
}
# 1/pb.
LUMINOSITY: Final = 3378.0

NOMINAL: Final = "nominal"
TTBAR_VARIATIONS: Final = ("ME_var", "PS_var", "scaleup", "scaledown")
SAMPLES: Final = (
    *(("ttbar", variation) for variation in (NOMINAL, *TTBAR_VARIATIONS)),
    *((process, NOMINAL) for process in CROSS_SECTIONS if process != "ttbar"),
)


def weight(process: str, events: int) -> float:
    """What an event of a process counts for, when so many were simulated (events without a weight of their own).

    Raises:
        KeyError: the process has no cross section here.
        ZeroDivisionError: there is no event.
    """
    return CROSS_SECTIONS[process] * LUMINOSITY / events


def histogram_name(region: str, process: str, variation: str) -> str:
    """Upstream's name: 4j2b_ttbar_pt_scale_up; the nominal one has no suffix."""
    suffix = "" if variation == NOMINAL else f"_{variation}"
    return f"{region}_{process}{suffix}"
