"""Histograms have upstream's names, and are worth what cross section and luminosity say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afspec.agc.tally import Tally
from afspec.agc.ttbar import task
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.histograms import histograms
from afspec.agc.ttbar.samples import LUMINOSITY, SAMPLES, weight

if TYPE_CHECKING:
    from pathlib import Path


def some(seed: int, events: int = 1000) -> Tally:
    rng = np.random.default_rng(seed)
    shape = Ttbar().tally().sums.shape
    return Tally(rng.integers(0, 9, shape).astype(float), rng.random(shape), np.full(len(task.STEPS), events))


ALL = {sample: some(index, 1000 + index) for index, sample in enumerate(SAMPLES)}


def test_names_are_those_of_the_reference(reference: Path) -> None:
    assert list(histograms(ALL)) == sorted(json.loads(reference.read_text()))


def test_the_reference_is_made_of_events_of_our_weight(reference: Path, inputs: Path) -> None:
    """Nominal histograms are whole numbers of events, once divided by what an event is worth."""
    files = json.loads(inputs.read_text())
    found = json.loads(reference.read_text())
    for process, variation in SAMPLES:
        worth = weight(process, files[process][variation]["files"][0]["nevts"])
        for region in task.REGIONS:
            suffix = "" if variation == "nominal" else f"_{variation}"
            events = np.array(found[f"{region}_{process}{suffix}"]["contents"]) / worth
            np.testing.assert_allclose(events, np.round(events), atol=1e-6)
            assert events.sum() > 1


def test_rows_of_a_tally_are_the_variations_in_order() -> None:
    tally = ALL["ttbar", "nominal"]
    found = histograms({("ttbar", "nominal"): tally})
    worth = (396.87 + 332.97) * LUMINOSITY / tally.events
    names = ["", *(f"_{name}" for name in task.VARIATIONS[1:])]
    rows = [f"{region}_ttbar{name}" for region in task.REGIONS for name in names]
    assert sorted(rows) == list(found)
    for row, name in enumerate(rows):
        np.testing.assert_allclose(found[name].contents, tally.sums[row] * worth)
        variances = found[name].variances
        assert variances is not None
        np.testing.assert_allclose(variances, tally.squares[row] * worth**2)
        assert found[name].edges.tolist() == [50.0 + 20.0 * edge for edge in range(26)]


def test_scale_variations_are_of_w_and_jets_alone() -> None:
    found = histograms(ALL)
    assert sorted(name for name in found if "scale_var" in name) == [
        f"{region}_wjets_scale_var_{way}" for region in task.REGIONS for way in ("down", "up")
    ]
    up, nominal = found["4j1b_wjets_scale_var_up"], found["4j1b_wjets"]
    np.testing.assert_allclose(up.contents, nominal.contents * 1.025)
    assert up.variances is not None
    assert nominal.variances is not None
    np.testing.assert_allclose(up.variances, nominal.variances * 1.025**2)


def test_pseudodata_is_made_of_the_two_simulations_and_w_and_jets() -> None:
    found = histograms(ALL)
    mean = (found["4j2b_ttbar_ME_var"].contents + found["4j2b_ttbar_PS_var"].contents) / 2
    np.testing.assert_allclose(found["4j2b_pseudodata"].contents, mean + found["4j2b_wjets"].contents)
    for missing in (("ttbar", "ME_var"), ("ttbar", "PS_var"), ("wjets", "nominal")):
        without = {sample: tally for sample, tally in ALL.items() if sample != missing}
        assert not any("pseudodata" in name for name in histograms(without))


def test_without_systematics() -> None:
    found = histograms(ALL, systematics=False)
    assert len(found) == 2 * len(SAMPLES) + 2
    assert not any("btag" in name or "pt_" in name or "scale_var" in name for name in found)


def test_a_sample_without_events_has_no_histograms() -> None:
    assert histograms({("wjets", "nominal"): Ttbar().tally()}) == {}


def test_an_unknown_process_has_no_cross_section() -> None:
    with pytest.raises(KeyError, match="zjets"):
        weight("zjets", 1)
