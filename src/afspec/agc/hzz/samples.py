"""Samples of the ATLAS open data four-lepton analysis, and what an event of each counts for.

Source: iris-hep/analysis-grand-challenge c37bf595, analyses/atlas-open-data-hzz (HZZ_analysis_pipeline.py and
utils/infofile.py), whose numbers are those of the ATLAS open data of 2020 (doi:10.7483/OPENDATA.ATLAS.2Y1T.TLGL).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NOMINAL: Final = "nominal"
DATA: Final = "data"
# 1/pb.
LUMINOSITY: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A simulated sample.

    Attributes:
        group: the histograms that it is part of, "signal", "ZZ" or "Z_tt".
        number: ATLAS's number of the data set, which is in its file's name.
        cross_section: in pb.
        weights: the sum of the weights of all events simulated, before any was dropped.
        kept: the share of events that was not dropped when the open data were made.
    """

    group: str
    number: int
    cross_section: float
    weights: float
    kept: float = 1.0

    @property
    def weight(self) -> float:
        """What an event of weight 1 counts for, whatever part of the sample is read."""
        return LUMINOSITY * self.cross_section / (self.weights * self.kept)


SAMPLES: Final = {
    "Zee": Sample("Z_tt", 361106, 1950.5295, 150277594200.0),
    "Zmumu": Sample("Z_tt", 361107, 1950.6321, 147334691090.0),
    "ttbar_lep": Sample("Z_tt", 410000, 452.693559, 49386600.0),
    "llll": Sample("ZZ", 363490, 1.2578, 7538705.8077),
    "ggH125_ZZ4lep": Sample("signal", 345060, 0.0060239, 27881776.6536),
    "VBFH125_ZZ4lep": Sample("signal", 344235, 0.0004633012, 3680490.83243),
    "WH125_ZZ4lep": Sample("signal", 341964, 0.0003769, 149400.0),
    "ZH125_ZZ4lep": Sample("signal", 341947, 0.0000021424784, 150000.0),
}
GROUPS: Final = ("signal", "ZZ", "Z_tt")
# The group whose normalisation is uncertain.
ZZ: Final = "ZZ"

# The open data's names of files: twelve in all, with a tree "mini" each.
FILES: Final = {
    DATA: tuple(f"data_{period}.4lep.root" for period in "ABCD"),
    **{name: (f"mc_{sample.number}.{name}.4lep.root",) for name, sample in SAMPLES.items()},
}
