"""Cuts, regions and systematic variations of the ttbar analysis, task versions 1 and 2.

Source: iris-hep/analysis-grand-challenge c37bf595, analyses/cms-open-data-ttbar/ttbar_analysis_pipeline.py. Where its
documentation and its code differ, the code counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from afspec.agc.columns import Collection, Layout

LAYOUT: Final = Layout(
    "Events",
    (
        Collection(
            "Electron", "nElectron", (("pt", "float"), ("eta", "float"), ("cutBased", "int"), ("sip3d", "float"))
        ),
        Collection(
            "Muon",
            "nMuon",
            (("pt", "float"), ("eta", "float"), ("tightId", "bool"), ("sip3d", "float"), ("pfRelIso04_all", "float")),
        ),
        Collection(
            "Jet",
            "nJet",
            (
                ("pt", "float"),
                ("eta", "float"),
                ("phi", "float"),
                ("mass", "float"),
                ("btagCSVV2", "float"),
                ("jetId", "int"),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Task:
    """A version of the task.

    Attributes:
        lepton_pt: GeV, leptons are harder than this.
        jet_pt: GeV, jets are.
        cleaned: whether leptons and jets are selected by more than their pt.
    """

    version: int
    lepton_pt: float
    jet_pt: float
    cleaned: bool


TASKS: Final = {1: Task(1, 25.0, 25.0, cleaned=False), 2: Task(2, 30.0, 30.0, cleaned=True)}

# |eta| below, 3D impact parameter in units of its error below, relative isolation below, b-tag above.
LEPTON_ETA: Final = 2.1
LEPTON_SIP3D: Final = 4.0
MUON_ISOLATION: Final = 0.15
# "tight" of the cut-based identification.
ELECTRON_CUT_BASED: Final = 4
JET_ETA: Final = 2.4
# Bit of jetId: tight, with a veto of leptons.
JET_TIGHT_LEPTON_VETO: Final = 4
B_TAG: Final = 0.5
JETS: Final = 4

REGIONS: Final = ("4j1b", "4j2b")
OBSERVABLES: Final = {"4j1b": "HT", "4j2b": "m(bjj)"}

# GeV; 25 bins, and one more at each end for what lies outside.
LOW: Final = 50.0
HIGH: Final = 550.0
BINS: Final = 25
EDGES: Final = np.linspace(LOW, HIGH, BINS + 1)
FLOW_BINS: Final = BINS + 2

PT_SCALE: Final = 1.03
PT_RESOLUTION: Final = 0.05
# The relative weight of a jet's b-tag at 50 GeV; it grows with pt.
B_TAG_SLOPE: Final = 0.075 / 50.0
W_SCALE: Final = 0.025

KINEMATIC: Final = ("nominal", "pt_scale_up", "pt_res_up")
B_TAG_VARIATIONS: Final = tuple(f"btag_var_{jet}_{way}" for jet in range(JETS) for way in ("up", "down"))
# In the order of a region's histograms in a tally.
VARIATIONS: Final = (*KINEMATIC, *B_TAG_VARIATIONS)

STEPS: Final = ("all", "exactly 1 lepton", "at least 4 jets", "at least 1 b-tag", "4j1b", "4j2b")

# Jet pt resolution, a deterministic stand-in for upstream's unseeded normal deviates: the third decimal places of pt
# pick one of 1,000 quantiles (the RDataFrame version of the analysis does the same).
QUANTILES: Final = 1000
SMEARING: Final = 1.0 + PT_RESOLUTION * np.array(
    [NormalDist().inv_cdf(0.001 * i + 0.0005) for i in range(QUANTILES)], np.float64
)
