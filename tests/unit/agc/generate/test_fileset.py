"""File sets: every sample, shared out, and made once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import uproot
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.errors import AgcError
from afspec.agc.generate import fourleptons, generate_fileset, generate_hzz_fileset
from afspec.agc.generate.samples import PROCESSES, SHARES, shared
from afspec.agc.hzz.samples import DATA
from afspec.agc.hzz.samples import SAMPLES as FOUR_LEPTONS
from afspec.agc.ttbar.samples import SAMPLES
from afspec.cli.agc.generate import generate

if TYPE_CHECKING:
    from pathlib import Path


def files(found: dict[str, dict[str, dict[str, Any]]]) -> dict[str, int]:
    return {
        file["path"]: file["nevts"]
        for variations in found.values()
        for sample in variations.values()
        for file in sample["files"]
    }


@given(st.integers(1, 10**9))
def test_events_are_shared_out(events: int) -> None:
    parts = shared(events)
    assert set(parts) == set(SAMPLES) == set(PROCESSES)
    assert min(parts.values()) >= 400
    # Few events are more than were asked for, since each sample has some; many are as many.
    assert sum(parts.values()) == events or events < 30_000


def test_shares_are_those_of_a_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_all_samples_are_made_and_listed(tmp_path: Path) -> None:
    told: list[int] = []
    found = generate_fileset(tmp_path, 1000, progress=told.append)
    assert {(process, variation) for process, each in found.items() for variation in each} == set(SAMPLES)
    assert sum(told) == sum(files(found).values()) == 3600
    for path, events in files(found).items():
        with uproot.open(path) as file:
            assert file["Events"].num_entries == events


def test_what_is_there_stays_and_what_is_broken_is_made_again(tmp_path: Path) -> None:
    found = generate_fileset(tmp_path, 1000, codec="none")
    paths = sorted(tmp_path.glob("*.root"))
    before = {path: path.stat().st_ino for path in paths}
    paths[0].write_bytes(b"half")
    paths[1].unlink()
    paths[2].with_name(f"{paths[2].name}.json").write_text("no JSON")

    assert generate_fileset(tmp_path, 1000, codec="none") == found

    after = {path: path.stat().st_ino for path in sorted(tmp_path.glob("*.root"))}
    assert [path for path in paths[3:] if after[path] != before[path]] == []
    assert paths[0].stat().st_size > 1000
    assert paths[1].exists()
    assert json.loads(paths[2].with_name(f"{paths[2].name}.json").read_text())["codec"] == "none"


def test_other_parameters_make_other_files(tmp_path: Path) -> None:
    generate_fileset(tmp_path, 1000, codec="none", seed=1)
    path = tmp_path / "wjets__nominal_0.root"
    before = path.read_bytes()
    generate_fileset(tmp_path, 1000, codec="none", seed=2)
    assert path.read_bytes() != before


def test_several_files_hold_the_events_of_one(tmp_path: Path) -> None:
    one = generate_fileset(tmp_path / "one", 1000, codec="none")["wjets"]["nominal"]
    three = generate_fileset(tmp_path / "three", 1000, codec="none", files_per_sample=3)["wjets"]["nominal"]
    assert three["nevts_total"] == one["nevts_total"] == sum(file["nevts"] for file in three["files"])
    parts = []
    for file in three["files"]:
        with uproot.open(file["path"]) as opened:
            parts += opened["Events"]["Jet_pt"].array().tolist()
    with uproot.open(one["files"][0]["path"]) as opened:
        assert opened["Events"]["Jet_pt"].array().tolist() == parts


def test_numbers_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgcError):
        generate_fileset(tmp_path, 0)
    with pytest.raises(AgcError):
        generate_fileset(tmp_path, 10, files_per_sample=0)
    with pytest.raises(AgcError):
        generate_hzz_fileset(tmp_path, 0)


def test_four_lepton_samples(tmp_path: Path) -> None:
    found = generate_hzz_fileset(tmp_path, 2000, codec="none")
    assert set(found) == {*FOUR_LEPTONS, DATA}
    assert found[DATA]["nominal"]["nevts_total"] == round(sum(fourleptons.expected(name) for name in FOUR_LEPTONS))
    for path, events in files(found).items():
        with uproot.open(path) as file:
            assert file["mini"].num_entries == events


def test_the_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(generate, ["1_000", "--output", str(tmp_path), "--codec", "lz4:4", "--cluster", "500"])
    assert result.exit_code == 0, result.output
    assert "3,600 events of 9 samples in 9 files" in result.output
    listed = json.loads((tmp_path / "nanoaod_inputs.json").read_text())
    assert sum(files(listed).values()) == 3600
    with uproot.open(listed["wjets"]["nominal"]["files"][0]["path"]) as file:
        assert file["Events"]["nJet"].num_baskets == 1
        assert file.file.compression == uproot.LZ4(4)
        assert file["Events"]["Jet_pt"].compressed_bytes < file["Events"]["Jet_pt"].uncompressed_bytes


def test_the_command_refuses_what_is_no_codec(tmp_path: Path) -> None:
    result = CliRunner().invoke(generate, ["10", "--output", str(tmp_path), "--codec", "zip:1"])
    assert result.exit_code == 1
    assert "'zip:1' is no codec. Codecs are none, zstd:LEVEL" in result.output
    assert not list(tmp_path.iterdir())
