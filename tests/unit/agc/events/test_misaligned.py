"""Baskets of branches need not align: whatever their edges, every chunk has just the events that it tells."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.agc.events.made import branch, by_hand, same, together

from afspec.agc.columns import Collection, Layout
from afspec.agc.errors import InputError
from afspec.agc.events import cuts
from afspec.agc.events.metadata import Branch, Leaf, Tree

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.events.tree import TreeFile

LAYOUT = Layout(
    "Events",
    (
        Collection("Jet", "nJet", (("pt", "float"), ("good", "bool"), ("wide", "int"), ("small", "int"))),
        Collection("", "", (("weight", "float"),)),
    ),
)
LEAVES = {
    "nJet": Leaf("TLeafI", 1, unsigned=True, counter=""),
    "Jet_pt": Leaf("TLeafF", 1, unsigned=False, counter="nJet"),
    "Jet_good": Leaf("TLeafO", 1, unsigned=False, counter="nJet"),
    "Jet_wide": Leaf("TLeafL", 1, unsigned=False, counter="nJet"),
    "Jet_small": Leaf("TLeafB", 1, unsigned=True, counter="nJet"),
    "weight": Leaf("TLeafD", 1, unsigned=False, counter=""),
}
DTYPES = {"nJet": ">u4", "Jet_pt": ">f4", "Jet_good": "?", "Jet_wide": ">i8", "Jet_small": "u1", "weight": ">f8"}
WORDS = {"Jet_pt": "=f4", "Jet_good": "?", "Jet_wide": "=i4", "Jet_small": "=i4", "weight": "=f4"}


class Made:
    """Some events, and a file that has them in baskets of any edges."""

    def __init__(self, path: Path, entries: int, edges: dict[str, list[int]]) -> None:
        rng = np.random.default_rng(entries)
        counts = rng.poisson(2, entries)
        ends = np.cumsum(counts)
        values: dict[str, Any] = {
            "nJet": counts.astype(">u4"),
            "Jet_pt": rng.exponential(40, ends[-1]).astype(">f4"),
            "Jet_good": rng.random(ends[-1]) < 0.5,
            "Jet_wide": rng.integers(-(1 << 31), 1 << 31, ends[-1]).astype(">i8"),
            "Jet_small": rng.integers(0, 256, ends[-1]).astype("u1"),
            "weight": rng.normal(0, 1, entries).astype(">f8"),
        }
        self.values = values
        self.counts, self.ends = counts, ends
        file = bytearray(b"root")
        branches: dict[str, Branch] = {}
        for name, leaf in LEAVES.items():
            by_entry = np.split(values[name], ends[:-1] if leaf.counter else np.arange(1, entries))
            branches[name] = branch(file, name, [each.tobytes() for each in by_entry], edges[name], leaf)
        path.write_bytes(file)
        self.path = path
        self.tree = Tree(entries, tuple(branches), branches)

    def reader(self) -> TreeFile:
        return by_hand(self.path, self.tree, LAYOUT)

    def wanted(self, start: int, stop: int) -> dict[str, Any]:
        first, last = (int(self.ends[at - 1]) if at else 0 for at in (start, stop))
        jets = {name: (self.counts[start:stop], self.values[name][first:last]) for name in WORDS if name != "weight"}
        whole = {**jets, "weight": (np.ones(stop - start, np.int64), self.values["weight"][start:stop])}
        return {name: (counts, values.astype(WORDS[name])) for name, (counts, values) in whole.items()}


@st.composite
def edges(draw: st.DrawFn, entries: int) -> dict[str, list[int]]:
    inner = st.lists(st.integers(1, entries), max_size=8)
    return {name: sorted({0, entries, *draw(inner)}) for name in LEAVES}


@given(st.integers(1, 60) | st.integers(30, 60), st.data())
def test_chunks_of_any_range_have_just_its_events(
    tmp_path_factory: pytest.TempPathFactory, entries: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "misaligned.root"
    made = Made(path, entries, data.draw(edges(entries)))
    start = data.draw(st.just(0) | st.integers(0, entries - 1))
    stop = data.draw(st.just(entries) | st.integers(start + 1, entries))
    target = data.draw(st.integers(4, 12))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts.cuts, "__defaults__", (target, target + 2))
        reader = made.reader()
        found = together(reader.chunks(start, stop), LAYOUT)
    reader.source.storage.close()
    assert found.keys() == made.wanted(start, stop).keys()
    for name, wanted in made.wanted(start, stop).items():
        assert same(found[name], wanted), name
    assert reader.stats.fallbacks == {}


def test_each_basket_is_decompressed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = 300
    layouts = {name: sorted({0, entries, *range(7 + at, entries, 40 + at)}) for at, name in enumerate(LEAVES)}
    made = Made(tmp_path / "a.root", entries, {**layouts, "Jet_pt": [0, entries]})
    monkeypatch.setattr(cuts.cuts, "__defaults__", (10, 20))
    reader = made.reader()
    assert len(list(reader.chunks())) == 29
    assert reader.stats.baskets == sum(len(each.seeks) for each in made.tree.branches.values())
    assert reader.stats.compressed == sum(int(each.sizes.sum()) for each in made.tree.branches.values())
    reader.source.storage.close()


def test_boundaries_are_where_all_baskets_begin(tmp_path: Path) -> None:
    layouts = {name: [0, 20, 30 + at, 40, 50] for at, name in enumerate(LEAVES)}
    reader = Made(tmp_path / "a.root", 50, layouts).reader()
    assert reader.boundaries == [0, 20, 40, 50]
    reader.source.storage.close()


class Broken:
    """A file whose baskets of one branch can be replaced."""

    def __init__(self, path: Path) -> None:
        self.made = Made(path, 40, {name: [0, 10, 20, 30, 40] for name in LEAVES})

    def message(self) -> InputError:
        """What reading all of it says; the chunks before are right."""
        reader = self.made.reader()
        chunks: list[int] = []

        def read() -> None:
            for chunk in reader.chunks():
                chunks.append(chunk.start)
                one = together([chunk], LAYOUT)
                assert same(one["Jet_pt"], self.made.wanted(chunk.start, chunk.stop)["Jet_pt"])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cuts.cuts, "__defaults__", (10, 10))
            with pytest.raises(InputError) as caught:
                read()
        reader.source.storage.close()
        assert caught.value.entry is not None
        assert chunks == list(range(0, caught.value.entry, 10))
        return caught.value


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    return Broken(tmp_path / "a.root")


@pytest.mark.parametrize("name", list(LEAVES))
def test_a_corrupt_basket_is_named_with_its_branch_and_entry(broken: Broken, name: str) -> None:
    seek, size = (
        int(each[2]) for each in (broken.made.tree.branches[name].seeks, broken.made.tree.branches[name].sizes)
    )
    raw = bytearray(broken.made.path.read_bytes())
    raw[seek : seek + size] = bytes(size)
    broken.made.path.write_bytes(raw)
    found = broken.message()
    assert (found.branch, found.entry, found.transient) == (name, 20, False)
    assert "corrupt" in str(found)
    assert str(broken.made.path) in str(found)


def test_a_truncated_file_is_named(broken: Broken) -> None:
    seek = int(broken.made.tree.branches["Jet_good"].seeks[1])
    broken.made.path.write_bytes(broken.made.path.read_bytes()[: seek + 5])
    found = broken.message()
    # Branches lie one after the other here: those behind Jet_good are gone altogether.
    assert (found.branch, found.entry) == ("Jet_wide", 0)
    assert "truncated" in str(found)


def test_baskets_whose_numbers_are_not_those_that_are_counted_are_corrupt(broken: Broken) -> None:
    pt = broken.made.tree.branches["Jet_pt"]
    pt.seeks[1:3] = pt.seeks[[2, 1]]
    pt.sizes[1:3] = pt.sizes[[2, 1]]
    found = broken.message()
    assert (found.branch, found.entry) == ("Jet_pt", 10)
    assert re.search(r"has \d+ numbers where \d+ are counted", str(found))


def test_an_event_with_fewer_than_no_jets_is_corrupt(tmp_path: Path) -> None:
    made = Made(tmp_path / "a.root", 40, {name: [0, 40] for name in LEAVES})
    file = bytearray(made.path.read_bytes())
    values = [each.tobytes() for each in np.split(made.values["nJet"], np.arange(1, 40))]
    values[17] = np.array([-1], ">i4").tobytes()
    made.tree.branches["nJet"] = branch(file, "nJet", values, [0, 40], LEAVES["nJet"])  # type: ignore[index]
    made.path.write_bytes(file)
    reader = made.reader()
    with pytest.raises(InputError) as caught:
        list(reader.chunks())
    reader.source.storage.close()
    assert (caught.value.branch, caught.value.entry) == ("nJet", 17)


def test_numbers_that_a_kernel_cannot_see_are_told(tmp_path: Path) -> None:
    made = Made(tmp_path / "a.root", 40, {name: [0, 20, 40] for name in LEAVES})
    file = bytearray(made.path.read_bytes())
    wide = made.values["Jet_wide"]
    wide[-1] = 1 << 40
    values = [each.tobytes() for each in np.split(wide, made.ends[:-1])]
    made.tree.branches["Jet_wide"] = branch(file, "Jet_wide", values, [0, 20, 40], LEAVES["Jet_wide"])  # type: ignore[index]
    made.path.write_bytes(file)
    reader = made.reader()
    with pytest.raises(InputError, match="too large") as caught:
        list(reader.chunks())
    reader.source.storage.close()
    assert (caught.value.branch, caught.value.entry) == ("Jet_wide", 20)


def test_edges_are_of_a_file_with_baskets_of_any_size(tmp_path: Path) -> None:
    """A check of this file's own helper: baskets lie where the tree says."""
    made = Made(tmp_path / "a.root", 10, {name: [0, 3, 10] for name in LEAVES})
    for each in made.tree.branches.values():
        assert all(high > low for low, high in pairwise(each.edges.tolist()))
        assert int(each.seeks[-1] + each.sizes[-1]) <= made.path.stat().st_size
