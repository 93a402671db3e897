"""From histograms to templates: bins joined, statistics known, and no model of what is missing or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.plots.made import EVENTS, histograms

from afspec.agc.errors import AgcError
from afspec.agc.fit.model import EDGES
from afspec.agc.fit.templates import templates
from afspec.agc.histogram import Histogram
from afspec.agc.ttbar import task
from afspec.agc.ttbar.samples import SAMPLES, weight

if TYPE_CHECKING:
    from collections.abc import Callable

MADE = histograms()
SIMULATED = dict.fromkeys(SAMPLES, EVENTS)


def bare(made: dict[str, Histogram]) -> dict[str, Histogram]:
    """As upstream's references are."""
    return {name: Histogram(each.edges, each.contents, None) for name, each in made.items()}


@settings(max_examples=15)
@given(st.lists(st.integers(0, 1000).map(float), min_size=27, max_size=27))
def test_two_bins_are_joined_and_flow_is_left_out(contents: list[float]) -> None:
    row = np.array(contents)
    # Never empty, so that a model can be made.
    row[4:26] += 1.0
    found = templates({**MADE, "4j1b_pseudodata": Histogram(task.EDGES, row, None)}).found
    got = found["4j1b", "pseudodata", "nominal"].yields
    assert got.tolist() == [row[4 + 2 * index] + row[5 + 2 * index] for index in range(11)]


def test_the_models_bins_are_those_of_the_histograms() -> None:
    assert EDGES.tolist() == task.EDGES[3::2].tolist()


def test_variances_become_uncertainties() -> None:
    found = templates(MADE).found["4j2b", "ttbar", "nominal"]
    np.testing.assert_allclose(found.stdev**2, found.yields * weight("ttbar", EVENTS))


def test_variances_follow_from_contents_and_weights_where_there_are_none() -> None:
    derived, told = templates(bare(MADE), SIMULATED).found, templates(MADE).found
    for key in told:
        if key[2] == "nominal" and key[1] != "pseudodata":
            np.testing.assert_allclose(derived[key].stdev, told[key].stdev)


def test_pseudodata_is_made_where_it_is_missing() -> None:
    without = {name: each for name, each in MADE.items() if not name.endswith("_pseudodata")}
    found = templates(without).found
    parts = [found["4j1b", "ttbar", "ME_var"], found["4j1b", "ttbar", "PS_var"], found["4j1b", "wjets", "nominal"]]
    expected = (parts[0].yields + parts[1].yields) / 2.0 + parts[2].yields
    np.testing.assert_allclose(found["4j1b", "pseudodata", "nominal"].yields, expected)


def changed(name: str, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Histogram]:
    one = MADE[name]
    return {**MADE, name: Histogram(one.edges, change(one.contents.copy()), one.variances)}


def bin_set(index: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(contents: np.ndarray) -> np.ndarray:
        contents[index] = value
        return contents

    return change


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({}, r"needs histograms that are not there: 4j1b_ttbar, .* and 118 more\. Run"),
        ({name: each for name, each in MADE.items() if "btag_var_2_down" not in name}, "4j1b_ttbar_btag_var_2_down"),
        (changed("4j1b_ttbar", bin_set(9, np.nan)), "4j1b_ttbar has contents that are no numbers"),
        (changed("4j1b_pseudodata", bin_set(9, np.inf)), "4j1b_pseudodata has contents that are no numbers"),
        (changed("4j2b_ttbar", np.zeros_like), "4j2b has no ttbar events: there is nothing to measure"),
        (changed("4j2b_pseudodata", np.zeros_like), "region 4j2b has no pseudodata"),
        (changed("4j2b_wjets_pt_scale_up", np.zeros_like), "4j2b_wjets_pt_scale_up adds up to 0 events"),
        (changed("4j1b_ttbar_ME_var", lambda row: 2.5 * row), "4j1b_ttbar_ME_var adds up to .* too few events"),
        (
            {name: each.scaled(0.0) if name.startswith("4j1b") else each for name, each in MADE.items()},
            "region 4j1b is empty: no process has events there",
        ),
        (
            {
                name: Histogram(each.edges, np.where(np.arange(27) > 23, 0.0, each.contents), each.variances)
                if name.startswith("4j2b") and "pseudodata" not in name
                else each
                for name, each in MADE.items()
            },
            r"region 4j2b, 510 to 550 GeV: pseudodata has .* events where no process has any",
        ),
        (
            {**MADE, "4j1b_wjets": Histogram(np.linspace(0.0, 500.0, 26), MADE["4j1b_wjets"].contents, None)},
            "4j1b_wjets",
        ),
        ({**MADE, "4j1b_ttbar": Histogram(task.EDGES, np.ones(27), -np.ones(27))}, "4j1b_ttbar has negative variances"),
    ],
    ids=[
        "nothing",
        "variation",
        "nan",
        "inf",
        "no ttbar",
        "no pseudodata",
        "variation empty",
        "variation too large",
        "region empty",
        "bin empty",
        "edges",
        "negative variances",
    ],
)
def test_what_no_model_can_be_made_of_is_named(made: dict[str, Histogram], message: str) -> None:
    with pytest.raises(AgcError, match=message):
        templates(made, SIMULATED)


def test_without_variances_and_events_it_says_what_to_give() -> None:
    with pytest.raises(AgcError, match=r"4j1b_ttbar has no variances.*--input-list"):
        templates(bare(MADE))
    assert not templates(bare(MADE), statistics=False).found["4j1b", "ttbar", "nominal"].stdev.any()


@pytest.mark.parametrize("events", [EVENTS // 3 * 2, EVENTS + 1])
def test_a_list_of_other_files_is_refused(events: int) -> None:
    with pytest.raises(AgcError, match=f"was not made of {events:,} events"):
        templates(bare(MADE), {**SIMULATED, ("ttbar", "nominal"): events})


def test_a_process_without_events_is_left_out_and_told() -> None:
    gone = {name: each.scaled(0.0) if name.startswith("4j2b_wjets") else each for name, each in MADE.items()}
    found = templates(gone)
    assert ("4j2b", "wjets") not in found.present
    assert ("4j1b", "wjets") in found.present
    assert found.notes == ("4j2b: no event of wjets; it is left out there",)
