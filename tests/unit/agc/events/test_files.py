"""Files as uproot writes them, in every codec and both forms: each column is what was written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.events.made import LAYOUT, events, expected, same, together, wanted, write

from afspec.agc.columns import Collection, Layout
from afspec.agc.errors import InputError
from afspec.agc.events import cuts, ntuple, open_events

if TYPE_CHECKING:
    from pathlib import Path

CODECS = {
    "zstd": uproot.ZSTD(5),
    "lz4": uproot.LZ4(1),
    "zlib": uproot.ZLIB(6),
    "lzma": uproot.LZMA(1),
    "none": None,
}
FORMS = ("ttree", "rntuple")


def check(path: Path, batches: list[dict[str, Any]], part: slice = slice(None)) -> None:
    """Read a part of a file and compare it with what was written."""
    with open_events(str(path), LAYOUT) as file:
        assert file.entries == sum(len(each["weight"]) for each in batches)
        found = together(file.chunks(part.start or 0, part.stop), LAYOUT)
        assert file.stats.fallbacks == {}
    for name, values in wanted(batches, part=part).items():
        assert same(found[name], values), name


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codec", list(CODECS))
def test_every_codec_gives_what_was_written(tmp_path: Path, codec: str, form: str) -> None:
    batches = [events(700, 1), events(20, 2), events(1500, 3)]
    check(write(tmp_path / "a.root", batches, CODECS[codec], form), batches)


@pytest.fixture(scope="module", params=FORMS)
def several(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """A file of several clusters, and what it has."""
    batches = [events(size, size) for size in (40, 1, 55, 30)]
    path = tmp_path_factory.mktemp("several") / f"{request.param}.root"
    return write(path, batches, uproot.ZSTD(1), request.param), batches


@settings(max_examples=40)
@given(start=st.integers(0, 130), stop=st.integers(0, 130), target=st.integers(9, 60))
def test_any_range_of_entries_is_uproots_slice(
    several: tuple[Path, list[Any]], start: int, stop: int, target: int
) -> None:
    path, batches = several
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts.cuts, "__defaults__", (target, 2 * target))
        patch.setattr(ntuple, "_TARGET", target)
        patch.setattr(ntuple, "_MOST", 2 * target)
        if start < min(stop, 126):
            check(path, batches, slice(start, stop))
        else:
            with open_events(str(path), LAYOUT) as file:
                assert list(file.chunks(start, stop)) == []


def test_boundaries_are_those_of_clusters(several: tuple[Path, list[Any]]) -> None:
    with open_events(str(several[0]), LAYOUT) as file:
        assert file.boundaries == [0, 40, 41, 96, 126]
        assert file.entries == 126


@pytest.mark.parametrize("form", FORMS)
def test_no_events_are_no_chunk(tmp_path: Path, form: str) -> None:
    empty = events(0)
    path = write(tmp_path / "a.root", [empty], form=form)
    with open_events(str(path), LAYOUT) as file:
        assert file.entries == 0
        assert file.boundaries == [0]
        assert list(file.chunks(0, None)) == []


def test_a_tree_that_never_saw_an_event_is_no_chunk(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree(
            "Events",
            {
                "Jet": "var * {pt: float32, jetId: int32}",
                "Muon": "var * {pt: float32, tightId: bool}",
                "weight": "float32",
            },
        )
    with open_events(str(tmp_path / "a.root"), LAYOUT) as opened:
        assert list(opened.chunks(0, None)) == []


@pytest.mark.parametrize("form", FORMS)
def test_columns_may_be_lists_beside_their_counter(tmp_path: Path, form: str) -> None:
    """As ROOT writes NanoAOD; the counter's own field may be there in an RNTuple or not."""
    jets = ak.Array([[1.5, 2.5], [], [3.5]])
    layout = Layout("Events", (Collection("Jet", "nJet", (("pt", "float"),)),))
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        if form == "ttree":
            file.mktree("Events", {"Jet": "var * {pt: float64}"}).extend({"Jet": ak.zip({"pt": jets})})
        else:
            file.mkrntuple("Events", {"nJet": ak.num(jets), "Jet_pt": jets})
    with open_events(str(path), layout) as opened:
        found = together(opened.chunks(0, None), layout)
    assert same(found["Jet_pt"], expected(jets, "float"))


def test_uproot_reads_vectors_and_says_so(tmp_path: Path) -> None:
    """Fields of lists without a common counter become branches with counters of their own."""
    pt = ak.Array([[1.5, 2.5], [], [3.5]])
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", {"Jet_pt": "var * float32", "nJet": "int32", "two": "2 * float32"})
        tree.extend({"Jet_pt": pt, "nJet": ak.num(pt), "two": np.arange(6, dtype="f4").reshape(3, 2)})
    layout = Layout("Events", (Collection("Jet", "nJet", (("pt", "float"),)),))
    with open_events(str(path), layout) as opened:
        found = together(opened.chunks(0, None), layout)
        assert opened.stats.fallbacks == {"Jet_pt": "it is counted by nJet_pt, not by nJet"}
    assert same(found["Jet_pt"], expected(pt, "float"))
    two = Layout("Events", (Collection("", "", (("two", "float"),)),))
    with open_events(str(path), two) as opened, pytest.raises(InputError, match="not one number each") as caught:
        list(opened.chunks(0, None))
    assert caught.value.branch == "two"


@pytest.mark.parametrize("form", FORMS)
def test_columns_that_disagree_are_an_error(tmp_path: Path, form: str) -> None:
    pt = ak.Array([[1.5, 2.5], [], [3.5]])
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        columns = {"Jet_pt": pt, "Jet_eta": ak.Array([[1.5], [2.5], [3.5]]), "nJet": ak.num(pt)}
        if form == "ttree":
            tree = file.mktree("Events", {"Jet_pt": "var * float32", "Jet_eta": "var * float32", "nJet": "int32"})
            tree.extend(columns)
        else:
            file.mkrntuple("Events", columns)
    layout = Layout("Events", (Collection("Jet", "nJet", (("pt", "float"), ("eta", "float"))),))
    with open_events(str(path), layout) as opened, pytest.raises(InputError, match="not as many numbers") as caught:
        list(opened.chunks(0, None))
    assert (caught.value.branch, caught.value.entry) == ("Jet_eta", 0)


def test_figures_of_reading_add_up(tmp_path: Path) -> None:
    batches = [events(500, 1), events(500, 2)]
    path = write(tmp_path / "a.root", batches, uproot.ZSTD(1))
    with open_events(str(path), LAYOUT) as file:
        list(file.chunks(0, None))
        stats = file.stats
    # Seven branches, two clusters.
    assert stats.baskets == 14
    assert 0 < stats.compressed < path.stat().st_size
    numbers = sum(values.nbytes for _, values in wanted(batches).values())
    assert numbers < stats.uncompressed < 3 * numbers
    assert min(stats.open, stats.read, stats.decompress) > 0


def test_several_files_can_be_read_at_once(tmp_path: Path) -> None:
    written = []
    for number in range(4):
        batches = [events(400, 10 * number + at) for at in range(5)]
        written.append((write(tmp_path / f"{number}.root", batches, uproot.ZSTD(1)), batches))
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            list(pool.map(lambda each: check(*each), written))


def test_two_readers_of_a_file_do_not_mix(tmp_path: Path) -> None:
    batches = [events(300, 1), events(300, 2), events(300, 3)]
    path = write(tmp_path / "a.root", batches, uproot.ZSTD(1))
    with pytest.MonkeyPatch.context() as patch, open_events(str(path), LAYOUT) as file:
        patch.setattr(cuts.cuts, "__defaults__", (100, 100))
        first, second = file.chunks(0, None), file.chunks(300, 600)
        one = next(first)
        before = one.objects["Jet"].values("pt", "float")
        assert next(second).start == 300
        assert np.array_equal(one.objects["Jet"].values("pt", "float"), before)
