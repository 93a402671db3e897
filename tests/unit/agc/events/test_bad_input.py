"""What is wrong with a file is told with the file, the branch and the entry, and what to do."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.events.made import LAYOUT, events, same, together, wanted, write

from afspec.agc.columns import Collection, Layout
from afspec.agc.errors import InputError
from afspec.agc.events import cuts, open_events

if TYPE_CHECKING:
    from pathlib import Path


def trouble(path: Path, layout: Layout = LAYOUT) -> InputError:
    """What reading a file says."""
    with pytest.raises(InputError) as caught, open_events(str(path), layout) as file:
        list(file.chunks(0, None))
    assert caught.value.file == str(path)
    assert str(caught.value).startswith(str(path))
    # Whoever pickles an error with what it came of, as Dask does, must come to an end.
    assert caught.value.__cause__ is not caught.value
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 (as Dask does)
    return caught.value


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "a.root", [events(200, 1), events(200, 2), events(200, 3)], uproot.ZSTD(3))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no such file" in str(trouble(tmp_path / "none.root"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    found = trouble(tmp_path)
    assert "directory" in str(found)
    assert not found.transient


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.root").touch()
    assert "empty, 0 bytes" in str(trouble(tmp_path / "a.root"))


@pytest.mark.parametrize("text", [b"x", b"root", b"<html>not found</html>" * 50])
def test_a_file_of_something_else(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.root").write_bytes(text)
    assert "not a ROOT file" in str(trouble(tmp_path / "a.root"))


def test_a_file_without_the_tree_tells_what_it_has(good: Path) -> None:
    found = trouble(good, Layout("mini", LAYOUT.collections))
    assert "no tree mini, it has Events" in str(found)


def test_a_file_without_any_tree(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file["Events"] = np.histogram([1.0, 2.0], bins=3)
        file["h"] = np.histogram([1.0, 2.0], bins=3)
    assert "Events is no tree, but a TH1D" in str(trouble(tmp_path / "a.root"))
    assert "no tree at all" in str(trouble(tmp_path / "a.root", Layout("mini", LAYOUT.collections)))


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_missing_branches_are_told_all_at_once_with_what_is_like_them(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / "a.root", [events(20)], form=form)
    layout = Layout(
        "Events",
        (
            Collection("Jet", "nJet", (("pt", "float"), ("jetIds", "int"), ("btagCSVV2", "float"))),
            *LAYOUT.collections[1:],
        ),
    )
    text = str(trouble(path, layout))
    near = "Jet_jetId" if form == "ttree" else "Jet.jetId"
    assert f"Jet_jetIds (it has {near}" in text
    assert "Jet_btagCSVV2" in text
    assert "Muon" not in text


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file(good: Path, part: float) -> None:
    raw = good.read_bytes()
    good.write_bytes(raw[: int(len(raw) * part)])
    found = trouble(good)
    assert f"truncated, {int(len(raw) * part)} bytes of {len(raw)}" in str(found)
    assert not found.transient


def test_a_file_that_is_truncated_while_it_is_read(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts.cuts, "__defaults__", (200, 200))
    with uproot.open(good) as file:
        seek = int(file["Events"]["Jet_jetId"].member("fBasketSeek")[2])
    with open_events(str(good), LAYOUT) as opened:
        chunks = opened.chunks(0, None)
        assert [next(chunks).start, next(chunks).start] == [0, 200]
        good.write_bytes(good.read_bytes()[: seek + 20])
        with pytest.raises(InputError, match="truncated") as caught:
            next(chunks)
    assert (caught.value.branch, caught.value.entry) == ("Jet_jetId", 400)


def test_a_file_that_is_deleted_while_it_is_read_is_read_to_its_end(good: Path) -> None:
    with open_events(str(good), LAYOUT) as opened:
        good.unlink()
        found = together(opened.chunks(0, None), LAYOUT)
    for name, values in wanted([events(200, 1), events(200, 2), events(200, 3)]).items():
        assert same(found[name], values)


def plain(number: int, seed: int) -> dict[str, Any]:
    """Events with a few different numbers."""
    some = events(number, seed)
    for name, column in (("Jet", "pt"), ("Muon", "pt")):
        some[name][column] = ak.values_astype(some[name][column] // 20 * 20, "float32")
    return {**some, "weight": np.round(some["weight"])}


@settings(max_examples=25)
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@pytest.mark.parametrize("codec", ["lz4", "zlib"])
def test_a_flipped_byte_is_told_or_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, codec: str, place: float, flip: int
) -> None:
    """Codecs with a checksum: whatever byte is wrong, numbers are right or there is an error of ours."""
    # Few different numbers: what does not compress is stored as it is, without a checksum.
    made = [plain(150, 1), plain(150, 2)]
    path = tmp_path_factory.getbasetemp() / f"flipped-{codec}.root"
    if not path.exists():
        write(path, made, {"lz4": uproot.LZ4(1), "zlib": uproot.ZLIB(1)}[codec])
    raw = bytearray(path.read_bytes())
    damaged = path.with_suffix(".damaged.root")
    raw[int(place * len(raw))] ^= flip
    damaged.write_bytes(raw)
    try:
        with open_events(str(damaged), LAYOUT) as opened:
            found = together(opened.chunks(0, None), LAYOUT)
            entries = opened.entries
    except InputError:
        return
    if entries == 300:
        for name, values in wanted(made).items():
            assert same(found[name], values), name
