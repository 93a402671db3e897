"""Named histograms of four leptons: groups, normalisation and variations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afspec.agc.hzz.histograms import histograms
from afspec.agc.hzz.samples import FILES, GROUPS, SAMPLES
from afspec.agc.tally import Tally

if TYPE_CHECKING:
    from afspec.agc.histogram import Histogram


def tally(weight: float) -> Tally:
    made = Tally.empty(6, 36, 5)
    for row in range(6):
        made.sums[row, row + 1] = weight
        made.squares[row, row + 1] = weight**2
    made.flow[:] = 10
    return made


def made(*, systematics: bool = True, **weights: float) -> dict[str, Histogram]:
    return histograms({(name, "nominal"): tally(each) for name, each in weights.items()}, systematics=systematics)


def test_an_event_counts_for_its_part_of_the_luminosity() -> None:
    # 10,000/pb x 1.2578 pb over the sum of weights of all events.
    found = made(llll=1.0)
    assert found["ZZ"].contents[1] == pytest.approx(10_000 * 1.2578 / 7538705.8077, rel=1e-12)
    assert found["ZZ"].variances is not None
    assert found["ZZ"].variances[1] == pytest.approx((10_000 * 1.2578 / 7538705.8077) ** 2, rel=1e-12)


def test_names_are_upstreams() -> None:
    found = made(data=1.0, llll=1.0, Zee=1.0, ggH125_ZZ4lep=1.0)
    variations = ("", "_SF_up", "_SF_down", "_m4l_up", "_m4l_down")
    expected = {f"{group}{each}" for group in GROUPS for each in variations} | {"data", "ZZ_norm_up", "ZZ_norm_down"}
    assert set(found) == expected
    assert list(found) == sorted(found)


def test_rows_go_to_their_variations() -> None:
    found = made(llll=1.0, data=7.0)
    order = ["ZZ", "ZZ_SF_up", "ZZ_SF_down", "ZZ_m4l_up", "ZZ_m4l_down", "data"]
    assert [int(np.flatnonzero(found[name].contents)[0]) for name in order] == [1, 2, 3, 4, 5, 6]
    assert found["data"].contents.sum() == 7.0


def test_samples_of_a_group_add_up() -> None:
    both = made(Zee=2.0, ttbar_lep=3.0)["Z_tt"].contents[1]
    assert both == pytest.approx(2.0 * SAMPLES["Zee"].weight + 3.0 * SAMPLES["ttbar_lep"].weight)


def test_the_normalisation_of_zz_varies_by_a_tenth() -> None:
    found = made(llll=1.0, Zee=1.0)
    assert found["ZZ_norm_up"].contents.sum() == pytest.approx(1.1 * found["ZZ"].contents.sum())
    assert found["ZZ_norm_down"].contents.sum() == pytest.approx(0.9 * found["ZZ"].contents.sum())
    assert "Z_tt_norm_up" not in found


def test_nominal_alone_and_empty_samples() -> None:
    assert set(made(systematics=False, llll=1.0, data=1.0)) == {"ZZ", "data"}
    assert histograms({("llll", "nominal"): Tally.empty(6, 36, 5)}) == {}


def test_the_open_data_are_twelve_files() -> None:
    names = [name for each in FILES.values() for name in each]
    assert len(names) == len(set(names)) == 12
    assert "mc_345060.ggH125_ZZ4lep.4lep.root" in names
    assert {sample.group for sample in SAMPLES.values()} == set(GROUPS)
