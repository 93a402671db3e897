"""Cuts, bins and variations of the four-lepton analysis; source as for its samples."""

from __future__ import annotations

from typing import Final

import numpy as np

from afspec.agc.columns import Collection, Layout

LAYOUT: Final = Layout(
    "mini",
    (
        Collection(
            "lep",
            "lep_n",
            (("pt", "float"), ("eta", "float"), ("phi", "float"), ("E", "float"), ("charge", "int"), ("type", "int")),
        ),
        Collection(
            "",
            "",
            (
                ("mcWeight", "float"),
                ("scaleFactor_ELE", "float"),
                ("scaleFactor_MUON", "float"),
                ("scaleFactor_LepTRIGGER", "float"),
                ("scaleFactor_PILEUP", "float"),
            ),
        ),
    ),
)

LEPTONS: Final = 4
# Sums of particle numbers (11 electron, 13 muon) of four electrons, two of each, four muons.
TYPES: Final = (44, 48, 52)

# GeV; files have MeV.
LOW: Final = 80.0
HIGH: Final = 250.0
BINS: Final = 34
EDGES: Final = np.linspace(LOW, HIGH, BINS + 1)
FLOW_BINS: Final = BINS + 2
GEV: Final = 1000.0

SCALE_FACTOR: Final = 0.1
MASS_SCALE: Final = 0.01
ZZ_NORMALISATION: Final = 0.1

# In the order of the histograms in a tally. Data have no weights: the last row counts events.
VARIATIONS: Final = ("nominal", "SF_up", "SF_down", "m4l_up", "m4l_down")
COUNTED: Final = len(VARIATIONS)
ROWS: Final = COUNTED + 1

STEPS: Final = ("all", "exactly 4 leptons", "sum of charges 0", "4e, 2e2mu or 4mu", "finite weight")
