"""Made-up events: the same for a seed, near enough to real ones, and in the types of real files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from agc_events import NUMBERS

from afspec.agc.columns import Chunk, Objects, words
from afspec.agc.errors import AgcError
from afspec.agc.generate import write
from afspec.agc.generate.nanoaod import BRANCHES, batch, batches
from afspec.agc.generate.samples import PROCESSES
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.histograms import histograms
from afspec.agc.ttbar.task import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.generate.files import Batch, Form
    from afspec.agc.tally import Tally

# What the analysis's machine learning part reads besides.
LEARNING = ("Jet_qgl", "Electron_phi", "Electron_mass", "Electron_charge", "Muon_phi", "Muon_mass", "Muon_charge")


def read(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        tree = file["Events"]
        return {name: tree[name].array().tolist() for name in tree.keys()}  # noqa: SIM118 - a tree is no dict


def tallied(process: str, variation: str, events: int, seed: int = 3) -> Tally:
    made = batch(process, variation, seed, 0, events)
    objects = {}
    for group in LAYOUT.collections:
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(made.counts[group.counter])])
        objects[group.name] = Objects(
            offsets, {name: words(made.columns[group.branch(name)], form) for name, form in group.columns}
        )
    analysis = Ttbar()
    tally = analysis.tally()
    analysis.process(Chunk("memory", 0, events, objects), tally, variation)
    return tally


@pytest.fixture(scope="module")
def ttbar() -> Batch:
    return batch("ttbar", "nominal", 1, 0, 20_000)


def test_the_same_events_whatever_the_codec_clusters_and_form(tmp_path: Path) -> None:
    ways: list[tuple[str, int, Form]] = [
        ("zstd:5", 20_000, "ttree"),
        ("none", 7, "ttree"),
        ("lz4:4", 100, "ttree"),
        ("zlib:1", 150, "ttree"),
        ("lzma:1", 300, "rntuple"),
        ("zstd:1", 64, "rntuple"),
    ]
    found = []
    for number, (codec, cluster, form) in enumerate(ways):
        path = tmp_path / f"{number}.root"
        write(path, 300, seed=9, codec=codec, cluster=cluster, form=form)
        found.append(read(path))
    assert found[0]["event"] == list(range(1, 301))
    assert all(each == found[0] for each in found[1:])


def test_a_file_may_start_anywhere(tmp_path: Path) -> None:
    write(tmp_path / "all.root", 50, process="wjets", seed=4)
    write(tmp_path / "end.root", 20, process="wjets", seed=4, start=30)
    end = {name: values[30:] for name, values in read(tmp_path / "all.root").items()}
    assert read(tmp_path / "end.root") == end


def test_clusters_greater_than_a_step_are_whole() -> None:
    whole = next(batches("wjets", "nominal", 1, 0, 40_000, size=40_000))
    assert whole.events == len(whole.columns["event"]) == len(whole.counts["nJet"]) == 40_000
    later = batch("wjets", "nominal", 1, 39_000, 1000)
    last = int(later.counts["nJet"].sum())
    assert np.array_equal(whole.columns["Jet_pt"][-last:], later.columns["Jet_pt"])


def test_seeds_and_samples_are_independent() -> None:
    made = [batch(*sample, 1, 0, 50).columns["Jet_phi"] for sample in PROCESSES]
    made += [batch("ttbar", "nominal", seed, 0, 50).columns["Jet_phi"] for seed in (2, 3)]
    assert len({each.tobytes() for each in made}) == len(PROCESSES) + 2


def test_types_are_those_of_real_files(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    write(path, 10)
    with uproot.open(path) as file:
        types = dict(file["Events"].typenames())
    for group in LAYOUT.collections:
        assert types[group.counter] == "uint32_t"
        for name, form in group.columns:
            assert (
                types[group.branch(name)]
                == {"float32": "float", "int32": "int32_t", "bool": "bool"}[NUMBERS[form]] + "[]"
            )
    assert {name: types[name] for name in ("run", "luminosityBlock", "event")} == {
        "run": "uint32_t",
        "luminosityBlock": "uint32_t",
        "event": "uint64_t",
    }
    assert set(LEARNING) <= set(types) == {branch.name for branch in BRANCHES}


def test_floats_keep_as_much_as_in_real_files(ttbar: Batch) -> None:
    def kept(name: str) -> int:
        bits = int(np.bitwise_or.reduce(ttbar.columns[name].view(np.uint32)))
        return 23 - ((bits & -bits).bit_length() - 1)

    for name in ("Jet_pt", "Jet_mass", "Jet_btagCSVV2", "Jet_qgl", "Electron_sip3d", "Muon_sip3d"):
        assert kept(name) == 10
    for name in ("Jet_eta", "Jet_phi", "Electron_eta", "Muon_phi"):
        assert kept(name) == 12
    for name in ("Electron_pt", "Muon_pt", "Muon_pfRelIso04_all"):
        assert kept(name) == 23


def test_objects_are_sorted_and_sound(ttbar: Batch) -> None:
    for group, lowest in (("Jet", 15.0), ("Electron", 5.0), ("Muon", 3.0)):
        counts, pt = ttbar.counts[f"n{group}"], ttbar.columns[f"{group}_pt"]
        first = np.zeros(len(pt), np.bool_)
        first[(np.cumsum(counts) - counts)[counts > 0]] = True
        assert np.all((np.diff(pt, prepend=pt[0]) <= 0.0) | first)
        assert pt.min() >= lowest
        assert np.abs(ttbar.columns[f"{group}_phi"]).max() < 3.1417
    assert all(np.isfinite(column).all() for column in ttbar.columns.values())
    assert set(np.unique(ttbar.columns["Jet_jetId"])) == {0, 2, 6}
    assert set(np.unique(ttbar.columns["Electron_cutBased"])) == {0, 1, 2, 3, 4}
    assert 6.0 < ttbar.counts["nJet"].mean() < 9.0
    # A few jets, as where there is no tracker, have no b-tag.
    assert 0.0 < np.mean(ttbar.columns["Jet_btagCSVV2"] == -10.0) < 0.3


def test_one_to_three_in_a_hundred_ttbar_events_are_in_each_region() -> None:
    tally = tallied("ttbar", "nominal", 60_000)
    assert 0.01 < tally.flow[4] / tally.events < 0.03
    assert 0.01 < tally.flow[5] / tally.events < 0.035


def test_jets_of_a_top_have_its_mass() -> None:
    shown = histograms({("ttbar", "nominal"): tallied("ttbar", "nominal", 60_000)})["4j2b_ttbar"].contents
    # Bins of 20 GeV from 50 on: 150 to 190 stand out.
    assert sorted(np.argsort(shown)[-2:]) == [6, 7]
    assert shown[6:8].sum() > 2.5 * shown[8:10].sum()


def test_processes_and_variations_differ() -> None:
    shares = {sample: tallied(*sample, 40_000).flow / 40_000 for sample in PROCESSES}
    selected = {sample: flow[3] for sample, flow in shares.items()}
    nominal = selected["ttbar", "nominal"]
    assert selected["ttbar", "ME_var"] > 1.05 * nominal
    assert 0 < selected["wjets", "nominal"] < 0.02 * nominal
    for single in ("single_top_s_chan", "single_top_t_chan", "single_top_tW"):
        assert 0.02 * nominal < selected[single, "nominal"] < 0.6 * nominal
    assert all(0.8 < selected["ttbar", name] / nominal < 1.3 for name in ("PS_var", "scaleup", "scaledown"))
    assert shares["wjets", "nominal"][1] > shares["ttbar", "nominal"][1]


def test_a_file_of_nothing_and_progress(tmp_path: Path) -> None:
    told: list[int] = []
    write(tmp_path / "none.root", 0, progress=told.append)
    assert told == []
    assert read(tmp_path / "none.root")["nJet"] == []
    write(tmp_path / "some.root", 25, cluster=10, progress=told.append)
    assert told == [10, 10, 5]


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    path.write_bytes(b"old")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(path, 100, cluster=10, progress=stop)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "wrong",
    [{"events": -1}, {"cluster": 0}, {"start": -1}, {"process": "zjets"}, {"variation": "up"}, {"codec": "zip"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"events": 10, **wrong}
    with pytest.raises(AgcError):
        write(tmp_path / "events.root", **asked)
    assert not list(tmp_path.iterdir())
