"""The ttbar analysis with coffea: NanoEvents, awkward arrays and hist, as a physicist would write it.

`python with_coffea.py JOB.json`, in the environment that requirements/bench-agc.txt makes. It shares no code with
afspec, constants and formulas included: it is there to be compared with. Like the AGC's own notebook it applies the
selection once for each systematic variation. Jets are taken to double precision when they are selected, so that two
implementations can agree to more than seven digits.

Source of the task: iris-hep/analysis-grand-challenge c37bf595, analyses/cms-open-data-ttbar; of the jet resolution: the
RDataFrame version of the analysis.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, ClassVar

import awkward as ak
import hist
import numpy as np
from coffea.analysis_tools import PackedSelection
from coffea.nanoevents import NanoAODSchema, NanoEventsFactory
from coffea.nanoevents.methods import vector
from measured import Job, Run, Sample, add_pseudodata, histogram, serve
from scipy.special import ndtri

# pb, and 1/pb.
SIGMA = {
    "ttbar": 729.84,
    "single_top_s_chan": 3.2944,
    "single_top_t_chan": 59.168 / 0.252,
    "single_top_tW": 75.842,
    "wjets": 15487.164,
}
LUMINOSITY = 3378
REGIONS = ("4j1b", "4j2b")
MEDIUM = 0.5


class Schema(NanoAODSchema):  # type: ignore[misc]  # coffea is not installed where types are checked
    """Of files that have what the analysis needs, which is less than NanoAOD has: no charges, no references."""

    mixins: ClassVar = {**NanoAODSchema.mixins, **dict.fromkeys(("Electron", "Muon", "Jet"), "NanoCollection")}
    warn_missing_crossrefs = False
    error_missing_event_ids = False


def book(systematics: list[str]) -> Any:
    """An empty histogram of all variations of a region."""
    names = [name for systematic in systematics for name in weights(systematic, None)]
    axis = hist.Hist.new.Reg(25, 50, 550, name="observable", label="observable [GeV]")
    return axis.StrCat(names, name="variation").Weight()


def smear(pt: Any) -> Any:
    """A factor for each jet, N(1, 0.05) of a quantile that the third decimals of its pt choose; 1 where it has none."""
    flat = ak.to_numpy(ak.flatten(pt)).astype(np.float32)
    usable = (flat > 0) & (flat < 9e15)
    thousandths = (np.where(usable, flat, np.float32(0)) * np.float32(1000)).astype(np.int64) % 1000
    factors = np.where(usable, 1 + 0.05 * ndtri(0.001 * thousandths + 0.0005), 1.0)
    return ak.unflatten(factors, ak.num(pt))


def good_leptons(events: Any) -> Any:
    """How many electrons and muons count in each event."""
    electrons, muons = events.Electron, events.Muon
    electrons = electrons[
        (electrons.pt > 30) & (abs(electrons.eta) < 2.1) & (electrons.cutBased == 4) & (electrons.sip3d < 4)
    ]
    muons = muons[
        (muons.pt > 30) & (abs(muons.eta) < 2.1) & muons.tightId & (muons.sip3d < 4) & (muons.pfRelIso04_all < 0.15)
    ]
    return ak.num(electrons) + ak.num(muons)


def good_jets(events: Any, variation: str) -> Any:
    """Jets that count in a variation, in double precision."""
    jets = events.Jet
    pt = jets.pt
    if variation == "pt_scale_up":
        pt = ak.values_astype(pt, np.float64) * 1.03
    elif variation == "pt_res_up":
        pt = ak.values_astype(pt, np.float64) * smear(pt)
    keep = (pt > 30) & (abs(jets.eta) < 2.4) & ((jets.jetId & 4) != 0)
    numbers = {name: ak.values_astype(jets[name][keep], np.float64) for name in ("eta", "phi", "mass", "btagCSVV2")}
    numbers["pt"] = ak.values_astype(pt[keep], np.float64)
    return ak.zip(numbers, with_name="PtEtaPhiMLorentzVector", behavior=vector.behavior)


def top_mass(jets: Any) -> Any:
    """The mass of the three jets, one b-tagged at least, whose sum has the largest transverse momentum."""
    triples = ak.combinations(jets, 3, fields=["a", "b", "c"])
    tag = np.maximum(triples.a.btagCSVV2, np.maximum(triples.b.btagCSVV2, triples.c.btagCSVV2))
    triples = triples[tag > MEDIUM]
    candidates = triples.a + triples.b + triples.c
    best = candidates[ak.argmax(candidates.pt, axis=1, keepdims=True)]
    return ak.flatten(best.mass)


def weights(systematic: str, jets: Any) -> dict[str, Any]:
    """What events count for, of each histogram that a systematic variation fills; without jets, only their names."""
    if jets is None:
        two_sided = systematic.startswith("btag_var_") or systematic == "scale_var"
        return dict.fromkeys([f"{systematic}_up", f"{systematic}_down"] if two_sided else [systematic])
    ones = np.ones(len(jets))
    if systematic.startswith("btag_var_"):
        shift = 0.075 * ak.to_numpy(jets.pt[:, int(systematic[-1])]) / 50
    elif systematic == "scale_var":
        shift = 0.025 * ones
    else:
        return {systematic: ones}
    return {f"{systematic}_up": ones + shift, f"{systematic}_down": ones - shift}


def fill(events: Any, systematics: list[str], filled: dict[str, Any]) -> None:
    """Add events to the histograms of their sample, with the selection done for each systematic variation."""
    for systematic in systematics:
        leptons = good_leptons(events)
        jets = good_jets(events, systematic)
        tags = ak.sum(jets.btagCSVV2 > MEDIUM, axis=1)
        selection = PackedSelection()
        selection.add("lepton", leptons == 1)
        selection.add("jets", ak.num(jets) >= 4)
        selection.add("one tag", tags == 1)
        selection.add("two tags", tags >= 2)
        for region, tagged in zip(REGIONS, ("one tag", "two tags"), strict=True):
            chosen = jets[selection.all("lepton", "jets", tagged)]
            if not len(chosen):
                continue
            observable = ak.sum(chosen.pt, axis=1) if region == "4j1b" else top_mass(chosen)
            for variation, weight in weights(systematic, chosen).items():
                filled[region].fill(observable=ak.to_numpy(observable), variation=variation, weight=weight)


class Analysis:
    """All samples of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._filled: dict[tuple[str, str], dict[str, Any]] = {}

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("coffea", "awkward", "uproot", "hist", "numpy", "cramjam")}

    def run(self) -> Run:
        self._filled = {}
        return Run(sum(self._sample(sample) for sample in self._job.samples))

    def _sample(self, sample: Sample) -> int:
        systematics = ["nominal"]
        if self._job.systematics and sample.variation == "nominal":
            systematics += ["pt_scale_up", "pt_res_up", *(f"btag_var_{jet}" for jet in range(4))]
            systematics += ["scale_var"] if sample.process == "wjets" else []
        filled = {region: book(systematics) for region in REGIONS}
        self._filled[sample.process, sample.variation] = filled
        return sum(self._file(path, systematics, filled) for path in sample.files)

    def _file(self, path: str, systematics: list[str], filled: dict[str, Any]) -> int:
        done = 0
        while True:
            factory = NanoEventsFactory.from_root(
                {path: "Events"},
                schemaclass=Schema,
                mode="virtual",
                entry_start=done,
                entry_stop=done + self._job.chunk,
            )
            events = factory.events()
            done += len(events)
            fill(events, systematics, filled)
            if len(events) < self._job.chunk:
                return done

    def histograms(self) -> dict[str, Any]:
        found = {}
        for sample in self._job.samples:
            factor = SIGMA[sample.process] * LUMINOSITY / sample.events
            for region, filled in self._filled[sample.process, sample.variation].items():
                for variation in filled.axes["variation"]:
                    view = filled[:, variation].view(flow=True)
                    told = sample.variation if variation == "nominal" else variation
                    name = f"{region}_{sample.process}" + ("" if told == "nominal" else f"_{told}")
                    found[name] = histogram(
                        filled.axes["observable"].edges.tolist(),
                        (view.value * factor).tolist(),
                        (view.variance * factor**2).tolist(),
                    )
        add_pseudodata(found)
        return found


if __name__ == "__main__":
    serve(Analysis)
