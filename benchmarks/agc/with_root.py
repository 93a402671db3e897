"""The ttbar analysis with ROOT's RDataFrame on one thread: `python with_root.py JOB.json`, in ROOT's environment.

Written as users of RDataFrame do: expressions and a few C++ functions that ROOT compiles when the event loop starts,
and systematic variations declared with Vary. Compilation is told apart from the event loop: it ends when the first
file's first entry is looked at. No code is shared with afspec, nor with the program that uses coffea.

Source of the task: as for with_coffea.py.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

from measured import Job, Run, Sample, add_pseudodata, histogram, serve

warnings.filterwarnings("ignore", message="(?s).*alpha stage")
import ROOT  # noqa: E402 - it warns when it is imported

FUNCTIONS = r"""
#include <Math/QuantFuncMathCore.h>
#include <array>
#include <cmath>
#include <ctime>

namespace task {
using ROOT::VecOps::RVec;
using Doubles = RVec<double>;

double begun = -1;

double cpu_seconds() {
   timespec now;
   clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
   return now.tv_sec + 1e-9 * now.tv_nsec;
}

int loop_begins() {
   if (begun < 0) begun = cpu_seconds();
   return 0;
}

Doubles doubled(const RVec<float> &v) { return Doubles(v.begin(), v.end()); }

double smearing(float pt) {
   static const auto factors = [] {
      std::array<double, 1000> f;
      for (int i = 0; i < 1000; ++i) f[i] = 1 + 0.05 * ROOT::Math::normal_quantile(0.001 * i + 0.0005, 1.0);
      return f;
   }();
   return pt > 0 && pt < 9e15f ? factors[static_cast<long long>(pt * 1000.0f) % 1000] : 1.0;
}

RVec<Doubles> other_pt(const Doubles &pt) {
   Doubles smeared(pt);
   for (auto &p : smeared) p *= smearing(static_cast<float>(p));
   return {pt * 1.03, smeared};
}

Doubles tag_weights(const Doubles &pt) {
   Doubles weights;
   for (int jet = 0; jet < 4; ++jet) {
      const double shift = 0.075 * pt[jet] / 50;
      weights.push_back(1 + shift);
      weights.push_back(1 - shift);
   }
   return weights;
}

double top_mass(const Doubles &pt, const Doubles &eta, const Doubles &phi, const Doubles &mass,
                const RVec<int> &tagged) {
   const auto jets = ROOT::VecOps::Construct<ROOT::Math::PtEtaPhiMVector>(pt, eta, phi, mass);
   RVec<ROOT::Math::PxPyPzEVector> p(jets.begin(), jets.end());
   ROOT::Math::PxPyPzEVector best;
   double hardest = 0;
   bool any = false;
   for (size_t a = 0; a < p.size(); ++a)
      for (size_t b = a + 1; b < p.size(); ++b)
         for (size_t c = b + 1; c < p.size(); ++c) {
            if (!(tagged[a] || tagged[b] || tagged[c])) continue;
            const auto sum = p[a] + p[b] + p[c];
            // The first is taken whatever it is: no comparison holds for what is no number.
            if (!any || sum.Perp2() > hardest) {
               any = true;
               hardest = sum.Perp2();
               best = sum;
            }
         }
   return best.M();
}
} // namespace task
"""

ELECTRONS = "Electron_pt > 30 && abs(Electron_eta) < 2.1 && Electron_cutBased == 4 && Electron_sip3d < 4"
MUONS = "Muon_pt > 30 && abs(Muon_eta) < 2.1 && Muon_tightId && Muon_sip3d < 4 && Muon_pfRelIso04_all < 0.15"
JETS = "pt > 30 && abs(Jet_eta) < 2.4 && (Jet_jetId & 4) != 0"
TAGS = [f"btag_var_{jet}_{way}" for jet in range(4) for way in ("up", "down")]

# pb, and 1/pb.
SIGMA = {
    "ttbar": 396.87 + 332.97,
    "single_top_s_chan": 2.0268 + 1.2676,
    "single_top_t_chan": (36.993 + 22.175) / 0.252,
    "single_top_tW": 37.936 + 37.906,
    "wjets": 61457 * 0.252,
}
LUMINOSITY = 3378


def graph(sample: Sample, varied: bool) -> dict[str, Any]:  # noqa: FBT001 - a flag of the whole job
    """What is to be filled of a sample, region by region; nothing is read yet."""
    frame = ROOT.RDataFrame("Events", list(sample.files))
    frame = frame.DefinePerSample("begun", "task::loop_begins()")
    frame = frame.Define("electrons", f"Sum({ELECTRONS})").Define("muons", f"Sum({MUONS})")
    frame = frame.Filter("electrons + muons == 1").Define("pt", "task::doubled(Jet_pt)")
    if varied:
        frame = frame.Vary("pt", "task::other_pt(pt)", ["pt_scale_up", "pt_res_up"], "kinematics")
    frame = frame.Define("good", JETS).Filter("Sum(good) >= 4")
    for name, expression in {
        "good_pt": "pt[good]",
        "tagged": "Jet_btagCSVV2[good] > 0.5f",
        "tags": "Sum(tagged)",
        "weight": "1.0",
    }.items():
        frame = frame.Define(name, expression)
    if varied:
        frame = frame.Vary("weight", "task::tag_weights(good_pt)", TAGS, "tags")
    one = frame.Filter("tags == 1").Define("observable", "Sum(good_pt)")
    directions = ", ".join(f"task::doubled(Jet_{name}[good])" for name in ("eta", "phi", "mass"))
    two = frame.Filter("tags >= 2").Define("observable", f"task::top_mass(good_pt, {directions}, tagged)")
    model = ("observable", "", 25, 50.0, 550.0)
    nominal = {"4j1b": one.Histo1D(model, "observable", "weight"), "4j2b": two.Histo1D(model, "observable", "weight")}
    if varied:
        return {region: ROOT.RDF.Experimental.VariationsFor(found) for region, found in nominal.items()}
    return nominal


class Analysis:
    """All samples of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._filled: dict[Sample, dict[str, Any]] = {}
        ROOT.gROOT.SetBatch(True)  # noqa: FBT003 - ROOT's
        ROOT.TH1.SetDefaultSumw2(True)  # noqa: FBT003
        ROOT.TH1.AddDirectory(False)  # noqa: FBT003
        ROOT.gInterpreter.Declare(FUNCTIONS)

    def versions(self) -> dict[str, str]:
        return {"ROOT": str(ROOT.gROOT.GetVersion())}

    def run(self) -> Run:
        before = time.process_time()
        ROOT.task.begun = -1
        self._filled = {sample: graph(sample, self._varied(sample)) for sample in self._job.samples}
        ROOT.RDF.RunGraphs([region for filled in self._filled.values() for region in filled.values()])
        begun = ROOT.task.begun
        compiled = begun - before if begun > 0 else time.process_time() - before
        return Run(sum(sample.events for sample in self._job.samples), apart=compiled)

    def _varied(self, sample: Sample) -> bool:
        return self._job.systematics and sample.variation == "nominal"

    def histograms(self) -> dict[str, Any]:
        found = {}
        for sample, filled in self._filled.items():
            factor = SIGMA[sample.process] * LUMINOSITY / sample.events
            for region, result in filled.items():
                name = f"{region}_{sample.process}"
                if not self._varied(sample):
                    suffix = "" if sample.variation == "nominal" else f"_{sample.variation}"
                    found[name + suffix] = told(result, factor)
                    continue
                for key in result.GetKeys():
                    variation = str(key).partition(":")[2]
                    found[f"{name}_{variation}" if variation else name] = told(result[key], factor)
                if sample.process == "wjets":
                    for way, shift in (("up", 1.025), ("down", 0.975)):
                        found[f"{name}_scale_var_{way}"] = told(result["nominal"], factor * shift)
        add_pseudodata(found)
        return found


def told(filled: Any, factor: float) -> dict[str, list[float]]:
    """A histogram of ROOT's, each weight multiplied."""
    bins = range(filled.GetNbinsX() + 2)
    return histogram(
        [filled.GetXaxis().GetBinUpEdge(bin_) for bin_ in bins[:-1]],
        [filled.GetBinContent(bin_) * factor for bin_ in bins],
        [filled.GetBinError(bin_) ** 2 * factor**2 for bin_ in bins],
    )


if __name__ == "__main__":
    serve(Analysis)
