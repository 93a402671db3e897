"""The four-lepton pass against a calculation of its own kind with awkward, on good events and on bad ones."""

from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
from agc_events import chunk_of, write_events
from hypothesis import given, settings
from hypothesis import strategies as st

from afspec.agc.events import open_events
from afspec.agc.generate import write_hzz
from afspec.agc.hzz import Hzz
from afspec.agc.hzz.task import LAYOUT, STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from afspec.agc.generate.files import Form
    from afspec.agc.tally import Tally

EDGES = np.linspace(80.0, 250.0, 35)
SCALE_FACTORS = [f"scaleFactor_{name}" for name in ("ELE", "MUON", "LepTRIGGER", "PILEUP")]
# Events of pt, eta and phi that have a mass of 2 x 50 GeV, at rest but for their halves.
FOUR: dict[str, list[Any]] = {
    "lep_pt": [50_000.0, 50_000.0, 1_000.0, 1_000.0],
    "lep_eta": [0.0, 0.0, 0.0, 0.0],
    "lep_phi": [0.0, math.pi, 0.0, math.pi],
    "lep_E": [50_000.0, 50_000.0, 1_000.0, 1_000.0],
    "lep_charge": [1, -1, 1, -1],
    "lep_type": [11, 11, 13, 13],
}
GOOD: dict[str, Any] = {**FOUR, "mcWeight": 2.0, **dict.fromkeys(SCALE_FACTORS, 1.0)}


def events_of(*rows: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in LAYOUT.branches if name != "lep_n"}


def tallied(events: Any, *, systematics: bool = True) -> Tally:
    analysis = Hzz(systematics)
    tally = analysis.tally()
    analysis.process(chunk_of(events, layout=LAYOUT), tally, "nominal")
    return tally


def filled(mass: NDArray[Any], weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sums of weights and of their squares, in bins with flow; what is no number goes to the last."""
    where = np.where(np.isnan(mass), 35, np.searchsorted(EDGES, mass, side="right"))
    return np.bincount(where, weights, 36), np.bincount(where, weights**2, 36)


def oracle(events: Any) -> tuple[list[tuple[NDArray[Any], NDArray[Any]]], list[int]]:
    """Histograms and counts after each step, column by column, without a loop."""
    array = ak.Array(events)
    flow = [len(array)]
    array = array[ak.num(array.lep_pt) == 4]
    flow.append(len(array))
    array = array[ak.sum(array.lep_charge, axis=1) == 0]
    flow.append(len(array))
    types = ak.sum(array.lep_type, axis=1)
    array = array[(types == 44) | (types == 48) | (types == 52)]
    flow.append(len(array))

    def real(name: str) -> Any:
        return ak.values_astype(ak.values_astype(array[name], "float32"), "float64")

    pt, eta, phi, energy = (real(f"lep_{name}") for name in ("pt", "eta", "phi", "E"))
    sums = [ak.sum(each, axis=1) for each in (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy)]
    x, y, z, total = (ak.to_numpy(each) for each in sums)
    # Infinite ones give what is no number: that is wanted here.
    with np.errstate(invalid="ignore"):
        square = total**2 - x**2 - y**2 - z**2
        mass = np.copysign(np.sqrt(np.abs(square)), square) / 1000.0
        weight = np.prod([ak.to_numpy(real(name)) for name in ("mcWeight", *SCALE_FACTORS)], axis=0)
    counted = filled(mass, np.ones(len(mass)))
    kept = np.isfinite(weight)
    mass, weight = mass[kept], weight[kept]
    flow.append(len(mass))
    variations = [
        (mass, weight),
        (mass, weight * 1.1),
        (mass, weight * 0.9),
        (mass * 1.01, weight),
        (mass * 0.99, weight),
    ]
    return [*(filled(*each) for each in variations), counted], flow


def assert_alike(tally: Tally, events: Any) -> None:
    histograms, flow = oracle(events)
    assert tally.flow.tolist() == flow
    for row, (sums, squares) in enumerate(histograms):
        np.testing.assert_allclose(tally.sums[row], sums, rtol=1e-9, atol=1e-9 * np.abs(sums).max(initial=0.0))
        np.testing.assert_allclose(tally.squares[row], squares, rtol=1e-9)


@pytest.mark.parametrize("process", ["llll", "ggH125_ZZ4lep", "ttbar_lep", "data"])
@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_made_up_files_are_as_the_oracle_has_them(tmp_path: Path, process: str, form: Form) -> None:
    path = tmp_path / "events.root"
    write_hzz(path, 5000, process, seed=2, form=form, cluster=1500)
    analysis = Hzz()
    tally = analysis.tally()
    pieces = []
    with open_events(str(path), LAYOUT) as file:
        for first, last in ((0, 1700), (1700, None)):
            for chunk in file.chunks(first, last):
                analysis.process(chunk, tally, "nominal")
                pieces.append(
                    {
                        group.branch(name): chunk.objects[group.name].values(name, kind)
                        if not group.counter
                        else ak.unflatten(
                            chunk.objects[group.name].values(name, kind), np.diff(chunk.objects[group.name].offsets)
                        )
                        for group in LAYOUT.collections
                        for name, kind in group.columns
                    }
                )
    events = {name: ak.concatenate([ak.Array(piece[name]) for piece in pieces]) for name in pieces[0]}
    assert tally.flow[4] > 1500
    assert_alike(tally, events)


NUMBER = st.floats(-5e5, 5e5, width=32)
WEIGHT = st.sampled_from([1.0, -2.5, 0.0, 1e-3, float("nan"), float("inf")])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    size = draw(st.sampled_from([0, 3, 4, 4, 4, 4, 5]))
    several = {
        "lep_pt": st.floats(0.0, 5e5, width=32),
        "lep_eta": st.floats(-4.0, 4.0, width=32),
        "lep_phi": st.floats(-4.0, 4.0, width=32),
        "lep_E": NUMBER,
        "lep_charge": st.sampled_from([-1, 1]),
        "lep_type": st.sampled_from([11, 13]),
    }
    row: dict[str, Any] = {name: draw(st.lists(each, min_size=size, max_size=size)) for name, each in several.items()}
    if size == 4 and draw(st.booleans()):
        row |= {"lep_charge": [1, -1, 1, -1], "lep_type": [11, 11, 13, 13]}
    return {**row, **{name: draw(WEIGHT) for name in ("mcWeight", *SCALE_FACTORS)}}


@settings(max_examples=40)
@given(st.lists(rows(), min_size=1, max_size=12))
def test_any_events_are_as_the_oracle_has_them(several: list[dict[str, Any]]) -> None:
    # One good event at least gives lists their type.
    events = events_of(GOOD, *several)
    histograms, flow = oracle(events)
    tally = tallied(events)
    assert tally.flow.tolist() == flow
    # An edge between two bins may be crossed by rounding, so that sums of both are compared.
    for row, (sums, _) in enumerate(histograms):
        np.testing.assert_allclose(tally.sums[row].sum(), sums.sum(), rtol=1e-9, atol=1e-9)


def test_one_event() -> None:
    tally = tallied(events_of(GOOD))
    # 102 GeV: bins of 5 GeV from 80 on.
    assert np.flatnonzero(tally.sums[0]).tolist() == [5]
    assert [tally.sums[row].sum() for row in range(6)] == pytest.approx([2.0, 2.2, 1.8, 2.0, 2.0, 1.0])
    assert [tally.squares[row].sum() for row in range(6)] == pytest.approx([4.0, 4.84, 3.24, 4.0, 4.0, 1.0])
    assert tally.flow.tolist() == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "flow"),
    [
        ({name: values[:3] for name, values in FOUR.items()}, [1, 0, 0, 0, 0]),
        ({name: values + values[:1] for name, values in FOUR.items()}, [1, 0, 0, 0, 0]),
        ({"lep_charge": [1, 1, 1, -1]}, [1, 1, 0, 0, 0]),
        ({"lep_type": [11, 11, 11, 13]}, [1, 1, 1, 0, 0]),
        ({"lep_type": [11, 11, 11, 11]}, [1, 1, 1, 1, 1]),
        ({"lep_type": [13, 13, 13, 13]}, [1, 1, 1, 1, 1]),
        ({"mcWeight": float("nan")}, [1, 1, 1, 1, 0]),
        ({"scaleFactor_ELE": float("inf")}, [1, 1, 1, 1, 0]),
        ({"mcWeight": -3.0}, [1, 1, 1, 1, 1]),
    ],
    ids=["three", "five", "charged", "3e1mu", "4e", "4mu", "nan", "infinite", "negative"],
)
def test_each_cut(change: dict[str, Any], flow: list[int]) -> None:
    assert tallied(events_of({**GOOD, **change})).flow.tolist() == flow


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("branch", ["lep_pt", "lep_eta", "lep_phi", "lep_E"])
def test_a_mass_that_is_no_number_overflows(branch: str, value: float) -> None:
    tally = tallied(events_of({**GOOD, branch: [value, *FOUR[branch][1:]]}))
    flow = (0, 35)
    # An infinite momentum is spacelike: its mass is below all.
    assert np.flatnonzero(tally.sums[0]).tolist()[0] in flow
    assert np.isfinite(tally.sums).all()


def test_data_count_whatever_their_weights() -> None:
    tally = tallied(events_of({**GOOD, "mcWeight": 0.0}, {**GOOD, "mcWeight": float("nan")}, GOOD))
    assert tally.sums[5].sum() == 3.0
    assert tally.sums[0].sum() == 2.0


def test_nothing_and_crowds() -> None:
    crowd = {name: values * 125 for name, values in FOUR.items()}
    tally = tallied(events_of({**GOOD, **crowd}, GOOD))
    assert tally.flow.tolist() == [2, 1, 1, 1, 1]
    empty = tallied(events_of())
    assert empty.events == 0
    assert not empty.sums.any()


def test_nominal_alone() -> None:
    tally = tallied(events_of(GOOD), systematics=False)
    assert [bool(row.any()) for row in tally.sums] == [True, False, False, False, False, True]


def test_it_travels() -> None:
    analysis = Hzz()
    assert pickle.loads(pickle.dumps(analysis)) == analysis  # noqa: S301 - our own
    assert (analysis.name, Hzz(systematics=False).name) == ("hzz", "hzz-nominal")
    assert len(analysis.tally().flow) == len(analysis.steps) == len(STEPS)


def test_vectors_in_an_rntuple_and_jagged_branches_are_alike(tmp_path: Path) -> None:
    forms: tuple[Form, Form] = ("ttree", "rntuple")
    found = []
    for form in forms:
        path = write_events(tmp_path / f"{form}.root", events_of(GOOD, GOOD), form=form, layout=LAYOUT)
        analysis = Hzz()
        tally = analysis.tally()
        with open_events(str(path), LAYOUT) as file:
            for chunk in file.chunks(0, None):
                analysis.process(chunk, tally, "nominal")
        found.append(tally)
    assert np.array_equal(found[0].sums, found[1].sums)
    assert found[0].flow.tolist() == [2, 2, 2, 2, 2]
