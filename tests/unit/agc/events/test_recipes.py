"""Which branches are read basket by basket, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from unit.agc.events.made import LAYOUT

from afspec.agc.errors import InputError
from afspec.agc.events.metadata import Branch, Leaf, Tree, record
from afspec.agc.events.recipes import recipe
from afspec.agc.events.tree import groups

if TYPE_CHECKING:
    from afspec.agc.columns import Form


def array(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


FLOAT = Leaf("TLeafF", 1, unsigned=False, counter="nJet")
JETS = Branch("Jet_pt", "TBranch", 50, (FLOAT,), array(0, 20, 50), array(100, 300), array(200, 200), 400)


def test_plain_numbers_are_read_basket_by_basket() -> None:
    found = recipe(JETS, 50, "float", "nJet")
    assert (found.edges, found.own, found.direct, found.reason) == ([0, 20, 50], 2, True, "")
    assert (found.seeks, found.sizes) == ([100, 300], [200, 200])


@pytest.mark.parametrize(
    ("kind", "unsigned", "form", "dtype", "direct"),
    [
        ("TLeafF", False, "float", ">f4", True),
        ("TLeafD", False, "float", ">f8", False),
        ("TLeafI", False, "int", ">i4", True),
        ("TLeafI", True, "int", ">u4", False),
        ("TLeafI", False, "float", ">i4", False),
        ("TLeafB", True, "int", "u1", False),
        ("TLeafB", False, "int", "i1", False),
        ("TLeafB", True, "bool", "u1", False),
        ("TLeafS", False, "int", ">i2", False),
        ("TLeafL", True, "int", ">u8", False),
        ("TLeafO", False, "bool", "u1", True),
        ("TLeafO", False, "int", "u1", False),
        ("TLeafF", False, "bool", ">f4", False),
    ],
)
def test_only_the_kernels_own_words_are_left_as_they_are(
    kind: str, *, unsigned: bool, form: Form, dtype: str, direct: bool
) -> None:
    found = recipe(replace(JETS, leaves=(Leaf(kind, 1, unsigned, "nJet"),)), 50, form, "nJet")
    assert (found.dtype, found.direct, found.reason) == (np.dtype(dtype), direct, "")


def test_a_counter_may_be_unsigned() -> None:
    counter = replace(JETS, name="nJet", leaves=(Leaf("TLeafI", 1, unsigned=True, counter=""),))
    assert recipe(counter, 50, "int", "", counts=True).direct


@pytest.mark.parametrize(
    ("branch", "reason"),
    [
        (replace(JETS, kind="TBranchElement"), "objects"),
        (replace(JETS, branches=3), "objects"),
        (replace(JETS, leaves=(FLOAT, FLOAT)), "2 leaves"),
        (replace(JETS, leaves=(replace(FLOAT, length=3),)), "arrays of 3"),
        (replace(JETS, leaves=(replace(FLOAT, kind="TLeafC"),)), "TLeafC"),
        (replace(JETS, leaves=(replace(FLOAT, counter=""),)), "counted by no branch, not by nJet"),
        (replace(JETS, leaves=(replace(FLOAT, counter="nJets"),)), "counted by nJets"),
        (replace(JETS, elsewhere="b.root"), "b.root"),
        (replace(JETS, edges=array(0, 30, 20)), "out of order"),
        (replace(JETS, edges=array(5, 20, 50)), "out of order"),
    ],
)
def test_what_is_not_understood_is_uproots(branch: Branch, reason: str) -> None:
    found = recipe(branch, 50, "float", "nJet")
    assert reason in found.reason
    assert found.own == 0
    assert found.edges[0] == 0
    assert found.edges[-1] == 50
    assert found.edges == sorted(found.edges)


def test_embedded_baskets_are_uproots_and_those_before_them_ours() -> None:
    found = recipe(replace(JETS, edges=array(0, 20, 45)), 50, "float", "nJet")
    assert (found.edges, found.own) == ([0, 20, 45, 50], 2)
    assert "5 entries lie in the tree's own record" in found.reason


def test_a_branch_with_fewer_entries_than_its_tree_is_an_error() -> None:
    branches = {name: replace(JETS, name=name) for name in LAYOUT.branches}
    branches["Muon_pt"] = replace(JETS, name="Muon_pt", entries=40)
    with pytest.raises(InputError, match="40 entries where Events has 50") as caught:
        groups(Tree(50, tuple(branches), branches), LAYOUT, "a.root")
    assert caught.value.branch == "Muon_pt"


@pytest.mark.parametrize(
    ("entry", "seek", "written", "edges"),
    [
        ((0, 20, 50, 0, 0), (9, 99, 0, 0, 0), 2, [0, 20, 50]),
        # All room is taken: there is no number after the last basket's.
        ((0, 20), (9, 99), 2, [0, 20, 50]),
        # A basket that was not written: what is left lies in the record.
        ((0, 20, 45, 0), (9, 0, 0, 0), 2, [0, 20]),
        ((0, 0), (0, 0), 0, [0]),
    ],
)
def test_arrays_of_baskets_are_longer_than_these_are_many(
    entry: tuple[int, ...], seek: tuple[int, ...], written: int, edges: list[int]
) -> None:
    found = record(
        "Jet_pt",
        kind="TBranch",
        entries=50,
        leaves=(FLOAT,),
        baskets=(array(*entry), array(*seek), array(*seek)),
        written=written,
        size=10,
        branches=0,
        elsewhere="",
    )
    assert found.edges.tolist() == edges
    assert found.seeks.tolist() == list(seek[: len(edges) - 1])
