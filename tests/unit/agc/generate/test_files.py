"""Files of columns: what a codec is, and that nothing half-written takes a file's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
import pytest
import uproot
from agc_events import electron, event, events_of, jet, write_events
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.generate.files import Batch, Branch, compression, create

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.generate.files import Form

EVENTS = events_of(event(jets=[jet(pt=80.5), jet()]), event(), event(electrons=[electron()], jets=[jet(jetId=2)]))
BRANCHES = (Branch("nJet", "uint32"), Branch("Jet_pt", "float32", "nJet"))


@given(name=st.sampled_from(["zstd", "lz4", "zlib", "lzma"]), level=st.integers(1, 9))
def test_a_codec_is_a_name_and_a_level(name: str, level: int) -> None:
    made = compression(f"{name}:{level}")
    assert made is not None
    assert type(made).__name__.lower() == name
    assert made.level == level


def test_no_codec_is_none_and_a_level_may_be_left_out() -> None:
    assert compression("none") is None
    assert compression("zstd") == uproot.ZSTD(5)


@pytest.mark.parametrize("codec", ["", "zip", "zstd:", "zstd:10", "none:1", "ZSTD:5", "zstd:5 "])
def test_what_is_no_codec_is_refused(codec: str) -> None:
    with pytest.raises(AgcError, match="is no codec"):
        compression(codec)


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
@pytest.mark.parametrize("cluster", [1, 2, 3])
def test_what_is_written_is_read(tmp_path: Path, form: Form, cluster: int) -> None:
    path = write_events(tmp_path / "events.root", EVENTS, form=form, cluster=cluster)
    with uproot.open(path) as file:
        tree = file["Events"]
        assert tree.num_entries == 3
        assert tree["nJet"].array().tolist() == [2, 0, 1]
        assert tree["Jet_pt"].array().tolist() == [[80.5, 60.0], [], [60.0]]
        assert tree["Jet_jetId"].array().tolist() == [[6, 6], [], [2]]
        assert tree["Electron_cutBased"].array().tolist() == [[], [], [4]]
        assert str(tree["nJet"].array().type) == "3 * uint32"


def test_a_tree_has_one_basket_of_each_branch_in_each_cluster(tmp_path: Path) -> None:
    path = write_events(tmp_path / "events.root", EVENTS, cluster=1)
    with uproot.open(path) as file:
        assert {branch.num_baskets for branch in file["Events"].branches} == {3}
        assert file["Events"]["Jet_pt"].entry_offsets == [0, 1, 2, 3]


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_a_file_of_no_events_is_a_file(tmp_path: Path, form: Form) -> None:
    path = write_events(tmp_path / "events.root", events_of(), form=form)
    with uproot.open(path) as file:
        assert file["Events"].num_entries == 0


def test_an_interrupt_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    path.write_bytes(b"old")

    def broken_off() -> None:
        with create(path, "Events", BRANCHES, codec="none", form="ttree", clusters=2) as writer:
            writer.extend(Batch(1, {"nJet": np.array([1])}, {"Jet_pt": np.array([30.0])}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_branch_and_an_unknown_form_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    with (
        pytest.raises(KeyError, match="Jet_pt"),
        create(path, "t", BRANCHES, codec="none", form="ttree", clusters=1) as w,
    ):
        w.extend(Batch(1, {"nJet": np.array([1])}, {}))
    unknown = "csv"
    with (
        pytest.raises(AgcError, match="'csv' is no form"),
        create(path, "t", BRANCHES, codec="none", form=unknown, clusters=1),  # type: ignore[arg-type]
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_awkward_arrays_are_as_good_as_lists(tmp_path: Path) -> None:
    array = ak.Array({"Jet_pt": [[50.0], [], [40.0, 30.0]]})
    path = write_events(tmp_path / "events.root", array)
    with uproot.open(path) as file:
        assert sorted(file["Events"].keys()) == ["Jet_pt", "nJet"]
        assert file["Events"]["Jet_pt"].array().tolist() == array["Jet_pt"].tolist()
