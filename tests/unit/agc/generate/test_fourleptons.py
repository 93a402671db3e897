"""Made-up four-lepton events: the same for a seed, with the luminosity's yields, and masses where they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from afspec.agc.errors import AgcError
from afspec.agc.events import open_events
from afspec.agc.generate import write_hzz
from afspec.agc.generate.fourleptons import expected
from afspec.agc.hzz import Hzz
from afspec.agc.hzz.histograms import histograms

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.generate.files import Form
    from afspec.agc.histogram import Histogram


def read(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        return {name: file["mini"][name].array().tolist() for name in file["mini"].keys()}  # noqa: SIM118 - no dict


def shown(path: Path, process: str) -> dict[str, Histogram]:
    analysis = Hzz()
    tally = analysis.tally()
    with open_events(str(path), analysis.layout) as file:
        for chunk in file.chunks(0, None):
            analysis.process(chunk, tally, "nominal")
    return histograms({(process, "nominal"): tally})


def test_the_same_events_whatever_the_codec_clusters_and_form(tmp_path: Path) -> None:
    ways: list[tuple[str, int, Form]] = [("zstd:5", 20_000, "ttree"), ("none", 4500, "ttree"), ("lz4:1", 77, "rntuple")]
    found = []
    for number, (codec, cluster, form) in enumerate(ways):
        path = tmp_path / f"{number}.root"
        write_hzz(path, 5000, "llll", seed=3, codec=codec, cluster=cluster, form=form)
        found.append(read(path))
    assert len(found[0]["lep_n"]) == 5000
    assert found[0] == found[1] == found[2]
    write_hzz(tmp_path / "other.root", 5000, "llll", seed=4)
    assert read(tmp_path / "other.root")["lep_pt"] != found[0]["lep_pt"]


def test_a_sample_has_its_yield_and_the_higgs_boson_its_mass(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    write_hzz(path, 20_000, "ggH125_ZZ4lep")
    signal = shown(path, "ggH125_ZZ4lep")["signal"].contents
    # Some have five leptons, and scale factors are somewhat less than 1.
    assert signal.sum() == pytest.approx(expected("ggH125_ZZ4lep"), rel=0.15)
    # 120 to 130 GeV.
    assert signal[9:11].sum() > 0.9 * signal.sum()
    assert (np.array(read(path)["mcWeight"]) < 0.0).mean() == pytest.approx(0.05, abs=0.01)


def test_leptons_are_sorted_massless_and_of_two_kinds(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    write_hzz(path, 2000, "Zee")
    events = read(path)
    assert set(events["lep_n"]) == {4, 5}
    for pt, eta, energy, n in zip(events["lep_pt"], events["lep_eta"], events["lep_E"], events["lep_n"], strict=True):
        assert pt == sorted(pt, reverse=True)
        assert len(pt) == n
        assert energy == pytest.approx(np.array(pt) * np.cosh(eta), rel=1e-5)
    assert {kind for event in events["lep_type"] for kind in event} == {11, 13}
    # Not all of them are what the analysis looks for.
    assert len({sum(charges) for charges in events["lep_charge"]}) > 1


def test_data_have_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    write_hzz(path, 500, "data")
    assert set(read(path)["mcWeight"]) == {0.0}
    assert 400 < shown(path, "data")["data"].contents.sum() <= 500


def test_what_cannot_be_made_is_refused(tmp_path: Path) -> None:
    for events, process, cluster in ((10, "ttbar", 10), (-1, "llll", 10), (10, "llll", 0)):
        with pytest.raises(AgcError):
            write_hzz(tmp_path / "events.root", events, process, cluster=cluster)
    assert not list(tmp_path.iterdir())
