"""The compiled pass gives what the analysis in awkward arrays gives, whatever the events are like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.ttbar.made import ELECTRON, FORMS, JET, MUON, Made, at_random, of_events, semileptonic
from unit.agc.ttbar.oracle import REGIONS, expected

from afspec.agc.ttbar import task
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.event import HARD_TAG, PX, PY, ROWS, hardest_trijet

if TYPE_CHECKING:
    from afspec.agc.tally import Tally


def tallied(made: Made, version: int = 2, variation: str = "nominal", *, systematics: bool = True) -> Tally:
    analysis = Ttbar(version, systematics)
    tally = analysis.tally()
    analysis.process(made.chunk(), tally, variation)
    return tally


def agree(tally: Tally, made: Made, version: int, *, varied: bool) -> None:
    answer = expected(made, version, varied=varied)
    assert tally.flow.tolist() == answer.flow
    for index, region in enumerate(REGIONS):
        for number, variation in enumerate(task.VARIATIONS):
            row = index * len(task.VARIATIONS) + number
            if (region, variation) not in answer.histograms:
                assert not tally.sums[row].any()
                assert not tally.squares[row].any()
                continue
            wanted = answer.histograms[region, variation]
            np.testing.assert_allclose(tally.sums[row], wanted.value, rtol=1e-9, atol=1e-12, err_msg=variation)
            np.testing.assert_allclose(tally.squares[row], wanted.variance, rtol=1e-9, atol=1e-12, err_msg=variation)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    version=st.sampled_from([1, 2]),
    odd=st.sampled_from([0.0, 0.02, 0.3]),
    sample=st.sampled_from(["nominal", "nominal", "ME_var"]),
)
def test_random_events_give_what_awkward_gives(seed: int, version: int, odd: float, sample: str) -> None:
    made = at_random(seed, 400, odd=odd)
    agree(tallied(made, version, sample), made, version, varied=sample == "nominal")


@pytest.mark.parametrize("version", [1, 2])
def test_many_ordinary_events_fill_both_regions(version: int) -> None:
    made = at_random(5, 20_000)
    tally = tallied(made, version)
    agree(tally, made, version, varied=True)
    assert (tally.flow[1:] > 500).all()


def test_without_systematics_only_nominal_histograms_are_filled() -> None:
    made = at_random(6, 2_000)
    agree(tallied(made, systematics=False), made, 2, varied=False)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -5.0], ids=["nan", "inf", "-inf", "negative"])
def test_columns_of_what_is_no_ordinary_number(value: float, version: int) -> None:
    """Each column in turn holds it everywhere, and in some places."""
    made = at_random(7, 60)
    total = made
    for name, forms in FORMS.items():
        for key in (key for key, form in forms.items() if form == "float"):
            values = made.columns[name][key]
            some = values.copy()
            some[::5] = value
            for column in (np.full_like(values, value), some):
                total += Made(made.counts, {**made.columns, name: {**made.columns[name], key: column}})
    agree(tallied(total, version), total, version, varied=True)


def test_an_event_without_a_trijet_is_beyond_the_last_bin() -> None:
    """Every triple has a jet whose discriminant is no number, so that none has a largest one."""
    made = of_events([semileptonic(*({"btagCSVV2": tag} for tag in (0.9, 0.9, np.nan, np.nan)))])
    tally = tallied(made)
    assert tally.flow.tolist() == [1, 1, 1, 1, 0, 1]
    assert tally.sums[11].tolist() == [0.0] * 26 + [1.0]
    agree(tally, made, 2, varied=True)


def _next(limit: float, towards: float) -> float:
    return float(np.nextafter(np.float32(limit), np.float32(towards)))


# Each number as near its limit as it may be.
_MUON = {
    "pt": _next(30.0, 99.0),
    "eta": _next(2.1, 0.0),
    "tightId": True,
    "sip3d": _next(4.0, 0.0),
    "pfRelIso04_all": _next(0.15, 0.0),
}
_JET = {"pt": _next(30.0, 99.0), "eta": -_next(2.4, 0.0), "btagCSVV2": _next(0.5, 1.0), "jetId": 4}


def test_cuts_are_strict() -> None:
    good = semileptonic(_JET, {}, {}, {})
    muons = [("pt", 30.0), ("eta", 2.1), ("eta", -2.1), ("sip3d", 4.0), ("pfRelIso04_all", 0.15), ("tightId", False)]
    jets = [("pt", 30.0), ("eta", 2.4), ("eta", -2.4), ("jetId", 2), ("btagCSVV2", 0.5)]
    made = of_events(
        [
            {**good, "Muon": [_MUON]},
            *({**good, "Muon": [{**_MUON, key: np.float32(limit)}]} for key, limit in muons),
            *(semileptonic({**_JET, key: limit}, {}, {}, {}) for key, limit in jets),
            {"Electron": [{**ELECTRON, "cutBased": 3}], "Jet": good["Jet"]},
        ]
    )
    tally = tallied(made)
    # One passes all; of jets, four fail for want of a fourth, and one for want of a b-tag.
    assert tally.flow.tolist() == [13, 6, 2, 1, 1, 0]
    agree(tally, made, 2, varied=True)


@pytest.mark.parametrize(
    ("pts", "where"),
    [
        ((40.0, 40.0, 35.0, 35.0), 6),
        ((40.0, 40.0, 35.0, 34.75), 5),
        ((140.0, 140.0, 135.0, 135.0), 26),
        ((140.0, 140.0, 135.0, 134.5), 25),
    ],
    ids=["150 is its bin's lower edge", "less is the bin before", "550 is beyond", "less is the last bin"],
)
def test_edges_of_bins(pts: tuple[float, ...], where: int) -> None:
    made = of_events([semileptonic(*({"pt": pt, "btagCSVV2": 0.9 * (i == 2)} for i, pt in enumerate(pts)))])
    tally = tallied(made)
    assert np.flatnonzero(tally.sums[0]).tolist() == [where]
    agree(tally, made, 2, varied=True)


def test_collinear_jets_are_below_the_first_bin() -> None:
    made = of_events([semileptonic(*({"mass": mass, "btagCSVV2": 0.9} for mass in (0.0, -0.0, -3.0, 0.0)))])
    tally = tallied(made)
    assert tally.sums[11, 0] == 1.0
    agree(tally, made, 2, varied=True)


def test_of_trijets_with_the_same_pt_the_first_is_taken() -> None:
    """Two jets that differ in their mass alone: which of them is taken decides the bin."""
    back = {"pt": 100.0, "phi": 0.0, "btagCSVV2": 0.9}
    for masses in ((200.0, 20.0), (20.0, 200.0)):
        jets = (back, {**back, "eta": 0.5}, *({"pt": 50.0, "mass": mass} for mass in masses))
        made = of_events([semileptonic(*jets)])
        tally = tallied(made)
        agree(tally, made, 2, varied=True)
        energy = 2 * np.hypot(100.0, 5.0) + np.hypot(50.0, masses[0])
        assert (np.flatnonzero(tally.sums[11]) > 5).all() == (energy > 300.0)


def test_of_trijets_whose_squares_alone_differ_the_first_is_taken() -> None:
    """Two sums whose pt is the same float64, as the root of squares that are not."""
    trijet: Any = hardest_trijet.py_func
    scratch = np.zeros((ROWS, 4))
    scratch[HARD_TAG] = 1.0
    scratch[PX] = 0.5, 0.5, 0.25, 0.25
    scratch[PY, 3] = 1.58e-8
    assert 1.25**2 + 1.58e-8**2 > 1.25**2
    assert trijet(scratch, 0, 4) == (0, 1, 2)
    scratch[PX, 3] = 0.375
    assert trijet(scratch, 0, 4) == (0, 1, 3)
    scratch[PX, 2] = np.nan
    assert trijet(scratch, 0, 4) == (0, 1, 2)


def test_negative_weights_are_added() -> None:
    made = of_events([semileptonic({"pt": 1500.0, "btagCSVV2": 0.9}, {}, {}, {})])
    tally = tallied(made)
    down = task.VARIATIONS.index("btag_var_0_down")
    assert tally.sums[down, 26] == pytest.approx(1 - 1500 * 0.075 / 50)
    assert tally.squares[down, 26] == pytest.approx((1 - 1500 * 0.075 / 50) ** 2)
    agree(tally, made, 2, varied=True)


@pytest.mark.parametrize("tags", [1, 2, 60], ids=lambda tags: f"{tags} b-tags")
def test_an_event_with_500_jets(tags: int) -> None:
    rng = np.random.default_rng(3)
    hard = 60 if tags > 1 else 500
    jets = [
        {
            "pt": 35.0 + rng.exponential(20.0) if i % (500 // hard) == 0 or i % (500 // tags) == 0 else 12.0,
            "phi": rng.uniform(-3, 3),
            "eta": rng.normal(0, 0.7),
            "btagCSVV2": 0.9 if i % (500 // tags) == 0 else 0.1,
        }
        for i in range(500)
    ]
    made = of_events([semileptonic(*jets[:3]), semileptonic(*jets), semileptonic()])
    tally = tallied(made)
    assert tally.flow.tolist() == [3, 3, 1, 1, int(tags == 1), int(tags > 1)]
    agree(tally, made, 2, varied=True)


@pytest.mark.parametrize("version", [1, 2])
def test_nothing(version: int) -> None:
    for made in (
        of_events([]),
        of_events([{}] * 5),
        of_events([{"Jet": [JET] * 9}] * 3),
        of_events([{"Muon": [MUON]}]),
    ):
        tally = tallied(made, version)
        assert tally.events == len(made)
        assert not tally.sums.any()
