"""Each cut alone lets pass what it lets pass in awkward arrays, on real events and on made ones."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import uproot
from unit.agc.ttbar.made import FORMS, Made, at_random
from unit.agc.ttbar.oracle import expected

from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.cuts import CUTS, cut_counts

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> Made:
    """A file's events by uproot alone."""
    counts: dict[str, Any] = {}
    columns: dict[str, dict[str, Any]] = {}
    with uproot.open(path) as file:
        for name, forms in FORMS.items():
            arrays = {key: file["Events"][f"{name}_{key}"].array() for key in forms}
            counts[name] = ak.to_numpy(ak.num(arrays["pt"])).astype(np.int64)
            columns[name] = {key: ak.to_numpy(ak.flatten(each)) for key, each in arrays.items()}
    return Made(counts, columns)


def by_awkward(made: Made, version: int) -> dict[str, int]:
    electrons, muons, jets = (
        ak.zip({key: ak.unflatten(each, made.counts[name]) for key, each in made.columns[name].items()})
        for name in ("Electron", "Muon", "Jet")
    )
    lepton_pt = jet_pt = 30 if version == 2 else 25
    masks = {
        "electron pt": electrons.pt > lepton_pt,
        "electron eta": np.abs(electrons.eta) < 2.1,
        "electron cutBased": electrons.cutBased == 4,
        "electron sip3d": electrons.sip3d < 4,
        "muon pt": muons.pt > lepton_pt,
        "muon eta": np.abs(muons.eta) < 2.1,
        "muon tightId": muons.tightId,
        "muon sip3d": muons.sip3d < 4,
        "muon pfRelIso04_all": muons.pfRelIso04_all < 0.15,
        "jet pt": jets.pt > jet_pt,
        "jet eta": np.abs(jets.eta) < 2.4,
        "jet jetId": (jets.jetId & 4) != 0,
        "jet btagCSVV2": jets.btagCSVV2 > 0.5,
    }
    if version == 1:
        masks = {name: mask for name, mask in masks.items() if name.endswith((" pt", "btagCSVV2"))}

    def all_of(kind: str) -> Any:
        of_kind = [mask for name, mask in masks.items() if name.startswith(kind) and "btag" not in name]
        return functools.reduce(operator.and_, of_kind)

    leptons = ak.sum(all_of("electron"), axis=1) + ak.sum(all_of("muon"), axis=1)
    counts = {name: int(ak.sum(mask)) for name, mask in masks.items()}
    counts["exactly 1 lepton"] = int(ak.sum(leptons == 1))
    counts["at least 4 jets"] = int(ak.sum(ak.sum(all_of("jet"), axis=1) >= 4))
    counts["at least 1 b-tag"] = int(ak.sum(ak.sum(all_of("jet") & masks["jet btagCSVV2"], axis=1) > 0))
    return counts


@pytest.mark.parametrize("version", [1, 2])
def test_real_events(real: Path, version: int) -> None:
    made = read(real)
    counts = cut_counts(made.chunk(), version)
    assert counts == by_awkward(made, version)
    assert sum(map(bool, counts.values())) >= len(counts) - 2


@pytest.mark.parametrize("version", [1, 2])
def test_real_events_give_the_cut_flow_that_awkward_gives(real: Path, version: int) -> None:
    made = read(real)
    analysis = Ttbar(version)
    tally = analysis.tally()
    analysis.process(made.chunk(), tally, "nominal")
    assert tally.flow.tolist() == expected(made, version, varied=True).flow


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("odd", [0.0, 0.2])
def test_made_events(version: int, odd: float) -> None:
    made = at_random(21, 500, odd=odd)
    counts = cut_counts(made.chunk(), version)
    assert counts == by_awkward(made, version)
    assert all(counts.values())
    if version == 2:
        assert tuple(counts) == CUTS


def test_a_part_of_the_events() -> None:
    made = at_random(22, 100)
    parts = [cut_counts(made.chunk(start, start + 25), 2) for start in range(0, 100, 25)]
    assert {name: sum(part[name] for part in parts) for name in CUTS} == cut_counts(made.chunk(), 2)
