"""The ttbar analysis in awkward arrays: all events at once, one pass a variation, nothing shared with the kernels.

Written from the upstream processor (iris-hep/analysis-grand-challenge c37bf595) and from what its libraries do: a
float32 column is compared with a Python number in float32, np.maximum passes on what is no number, argmax takes the
first, vector's masses have the sign of their square. Four-momenta are float64, of float32 inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import awkward as ak
import boost_histogram as bh
import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from unit.agc.ttbar.made import Made

REGIONS = ("4j1b", "4j2b")


@dataclass
class Answer:
    """Histograms by (region, variation), and the cut flow of the nominal selection."""

    histograms: dict[tuple[str, str], Any] = field(default_factory=dict)
    flow: list[int] = field(default_factory=list)


def expected(made: Made, version: int, *, varied: bool) -> Answer:
    """What the analysis gives, with weight 1 an event."""
    electrons, muons, jets = (_collection(made, name) for name in ("Electron", "Muon", "Jet"))
    answer = Answer()
    variations = ["nominal", *(["pt_scale_up", "pt_res_up"] if varied else [])]
    with np.errstate(all="ignore"):
        for variation in variations:
            shifted = _shifted(jets, variation)
            flow, masks, shifted = _selected(version, electrons, muons, shifted)
            if variation == "nominal":
                answer.flow = flow
            _fill(answer, variation, masks, shifted, weighted=varied and variation == "nominal")
    return answer


def _collection(made: Made, name: str) -> ak.Array:
    return ak.zip({key: ak.unflatten(each, made.counts[name]) for key, each in made.columns[name].items()})


def _shifted(jets: ak.Array, variation: str) -> ak.Array:
    double = ak.values_astype(jets.pt, np.float64)
    if variation == "pt_scale_up":
        return ak.with_field(jets, double * 1.03, "pt")
    if variation == "pt_res_up":
        return ak.with_field(jets, double * _smearing(jets.pt), "pt")
    return jets


def _selected(
    version: int, electrons: ak.Array, muons: ak.Array, jets: ak.Array
) -> tuple[list[int], dict[str, ak.Array], ak.Array]:
    if version == 1:
        electrons, muons, jets = electrons[electrons.pt > 25], muons[muons.pt > 25], jets[jets.pt > 25]
    else:
        electrons = electrons[
            (electrons.pt > 30) & (np.abs(electrons.eta) < 2.1) & (electrons.cutBased == 4) & (electrons.sip3d < 4)
        ]
        muons = muons[
            (muons.pt > 30)
            & (np.abs(muons.eta) < 2.1)
            & muons.tightId
            & (muons.sip3d < 4)
            & (muons.pfRelIso04_all < 0.15)
        ]
        jets = jets[(jets.pt > 30) & (np.abs(jets.eta) < 2.4) & ((jets.jetId & 4) != 0)]
    jets = ak.with_field(jets, ak.values_astype(jets.pt, np.float64), "pt")
    lepton = (ak.num(electrons) + ak.num(muons)) == 1
    four = lepton & (ak.num(jets) >= 4)
    tags = ak.sum(jets.btagCSVV2 > 0.5, axis=1)
    masks = {"4j1b": four & (tags == 1), "4j2b": four & (tags >= 2)}
    steps = (ak.ones_like(lepton), lepton, four, four & (tags >= 1), masks["4j1b"], masks["4j2b"])
    return [int(ak.sum(step)) for step in steps], masks, jets


def _fill(answer: Answer, variation: str, masks: dict[str, ak.Array], jets: ak.Array, *, weighted: bool) -> None:
    for region, mask in masks.items():
        chosen = jets[mask]
        values = ak.to_numpy(ak.sum(chosen.pt, axis=-1)) if region == "4j1b" else _masses(chosen)
        answer.histograms[region, variation] = _filled(values, np.ones(len(values)))
        for index in range(4 if weighted else 0):
            change = ak.to_numpy(chosen.pt[:, index]) * 0.075 / 50
            answer.histograms[region, f"btag_var_{index}_up"] = _filled(values, 1.0 + change)
            answer.histograms[region, f"btag_var_{index}_down"] = _filled(values, 1.0 - change)


def _smearing(pt: ak.Array) -> ak.Array:
    flat = ak.to_numpy(ak.flatten(pt))
    good = (flat > 0) & (flat < 9e15)
    thousandths = (np.where(good, flat, np.float32(1)) * np.float32(1000)).astype(np.int64) % 1000
    factors = np.where(good, 1 + 0.05 * ndtri(0.001 * thousandths + 0.0005), 1.0)
    return ak.unflatten(factors, ak.num(pt))


def _masses(jets: ak.Array) -> NDArray[np.float64]:
    pt, eta, phi, mass = (ak.values_astype(jets[key], np.float64) for key in ("pt", "eta", "phi", "mass"))
    x, y, z = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt(np.maximum(np.copysign(mass**2, mass) + x**2 + y**2 + z**2, 0))
    momenta = ak.zip({"x": x, "y": y, "z": z, "t": energy, "tag": jets.btagCSVV2})
    one, two, three = ak.unzip(ak.combinations(momenta, 3))
    tag = np.maximum(one.tag, np.maximum(two.tag, three.tag))
    total = ak.zip({key: one[key] + two[key] + three[key] for key in "xyzt"})[tag > 0.5]
    first = ak.argmax(np.sqrt(total.x**2 + total.y**2), axis=1, keepdims=True)
    best = ak.flatten(total[first])
    square = best.t**2 - (best.x**2 + best.y**2 + best.z**2)
    masses: NDArray[np.float64] = ak.to_numpy(ak.fill_none(np.copysign(np.sqrt(np.abs(square)), square), np.nan))
    return masses


def _filled(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Any:
    histogram = bh.Histogram(bh.axis.Regular(25, 50, 550), storage=bh.storage.Weight())
    histogram.fill(np.asarray(values, np.float64), weight=weights)
    return histogram.view(flow=True)
