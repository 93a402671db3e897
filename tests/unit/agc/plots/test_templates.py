"""Plots of templates: which files, the same every time, and what they are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from unit.agc.plots.made import histograms

from afspec.agc.errors import AgcError
from afspec.agc.histogram import Histogram
from afspec.agc.plots import overlays, templates
from afspec.agc.plots.uncertainty import inner, total_error
from afspec.agc.ttbar import task

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plots of one region, drawn once."""
    made = {name: each for name, each in histograms().items() if name.startswith("4j2b")}
    folder = tmp_path_factory.mktemp("plots")
    templates(made, folder, source="Generated events")
    return folder


def texts(path: Path) -> str:
    """What Matplotlib's comments in an SVG say that is written there."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text("utf-8"), re.DOTALL))


def test_each_region_that_is_there_has_a_stack_and_its_variations(folder: Path) -> None:
    stems = ("4j2b_stack", "4j2b_variations")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{stem}.{form}" for stem in stems for form in ("png", "svg")
    )
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))


@pytest.mark.parametrize(
    "word", ["Generated events", "Events / 20 GeV", "3378", "13 TeV", "Pseudodata", "W+jets", "m_", "bjj", "[GeV]"]
)
def test_labels_say_what_is_shown(folder: Path, word: str) -> None:
    assert word in texts(folder / "4j2b_stack.svg")


@pytest.mark.parametrize("word", ["JES up", "JER up", "jet 4 down", "ME variation", "PS variation", "Scales"])
def test_every_variation_is_shown(folder: Path, word: str) -> None:
    assert word in texts(folder / "4j2b_variations.svg")


def test_the_same_histograms_give_the_same_bytes_whatever_the_users_settings(folder: Path, tmp_path: Path) -> None:
    made = {name: each for name, each in histograms().items() if name.startswith("4j2b")}
    with mpl.rc_context({"font.size": 20.0, "axes.facecolor": "red"}):
        templates(made, tmp_path, source="Generated events")
        assert mpl.rcParams["font.size"] == 20.0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_files_hold_no_date_and_drawing_is_parsable(folder: Path) -> None:
    text = (folder / "4j2b_stack.svg").read_text("utf-8")
    assert "dc:date" not in text
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own file


def test_nothing_to_draw_is_no_error(tmp_path: Path) -> None:
    assert templates({}, tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_nominal_histograms_alone_have_no_variations(tmp_path: Path) -> None:
    made = {name: histograms()[name] for name in ("4j1b_ttbar", "4j1b_wjets")}
    assert [path.name for path in templates(made, tmp_path)] == ["4j1b_stack.png", "4j1b_stack.svg"]


def test_empty_and_negative_bins_can_be_drawn(tmp_path: Path) -> None:
    contents = np.zeros(task.FLOW_BINS)
    made = {"4j1b_ttbar": Histogram(task.EDGES, contents, contents), "4j1b_pseudodata": histograms()["4j1b_wjets"]}
    made["4j1b_ttbar_pt_scale_up"] = Histogram(task.EDGES, contents - 1.0, None)
    assert len(templates(made, tmp_path)) == 4


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AgcError, match=r"cannot write .*file/plots"):
        templates({"4j1b_ttbar": histograms()["4j1b_ttbar"]}, tmp_path / "file" / "plots")


def test_the_band_adds_sources_in_quadrature_and_moves_processes_together() -> None:
    ones = np.ones(task.FLOW_BINS)
    # Both processes move by 3 with the jet energy scale: 6 together, not 3 * sqrt(2).
    made = {f"4j1b_{process}": Histogram(task.EDGES, 100.0 * ones, 2.0 * ones) for process in ("ttbar", "wjets")}
    made |= {f"4j1b_{process}_pt_scale_up": Histogram(task.EDGES, 103.0 * ones, None) for process in ("ttbar", "wjets")}
    # The larger direction counts, and only for W+jets.
    made["4j1b_wjets_scale_var_up"] = Histogram(task.EDGES, 101.0 * ones, None)
    made["4j1b_wjets_scale_var_down"] = Histogram(task.EDGES, 95.0 * ones, None)
    made["4j1b_ttbar_scale_var_down"] = Histogram(task.EDGES, 0.0 * ones, None)
    expected = np.sqrt(2.0 + 2.0 + (0.03 * 200.0) ** 2 + 6.0**2 + 5.0**2)
    np.testing.assert_allclose(total_error(made, "4j1b"), expected)
    assert len(inner(ones)) == task.BINS


def test_names_from_files_stay_in_the_folder(tmp_path: Path) -> None:
    one = histograms()["4j1b_ttbar"]
    written = overlays({"../../4j1b ttbar": (one, one.scaled(1.1), [(150.0, 190.0)])}, tmp_path / "plots")
    assert {path.parent for path in written} == {tmp_path / "plots"}
    assert all(path.exists() for path in written)
