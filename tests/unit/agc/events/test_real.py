"""Real NanoAOD: every column is what uproot has, and the record of a tree says the same to uproot and to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.agc.events.made import expected, same, together

from afspec.agc.columns import Collection, Layout
from afspec.agc.events import open_events
from afspec.agc.events.metadata import tree_of_uproot
from afspec.agc.events.streamer import UnknownError, tree_of_bytes
from afspec.agc.ttbar.task import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path

    from afspec.agc.columns import Form

# Interpretations of NanoAOD that fit into 32 bits.
FORMS: dict[str, Form] = {
    ">f4": "float",
    ">i4": "int",
    "bool": "bool",
    "|i1": "int",
    "|u1": "int",
    ">i2": "int",
    ">u2": "int",
}


def layout_of(tree: Any) -> Layout:
    """What the ttbar analysis reads, and a third of all else that a file has and our words can hold."""
    plain: list[tuple[str, Form]] = []
    lists: dict[str, list[tuple[str, Form]]] = {}
    needed = {name for name in LAYOUT.branches if name in tree}
    for name in [each for at, each in enumerate(tree.keys()) if at % 3 == 0 or each in needed]:
        branch = tree[name]
        counter = branch.count_branch
        shape = branch.interpretation if counter is None else branch.interpretation.content
        text = "bool" if "bool" in str(shape) else getattr(shape, "from_dtype", np.dtype(object)).str
        if text not in FORMS or shape.inner_shape if hasattr(shape, "inner_shape") else False:
            continue
        if counter is None:
            plain.append((name, FORMS[text]))
        elif name.startswith(f"{counter.name[1:]}_"):
            lists.setdefault(counter.name, []).append((name.removeprefix(f"{counter.name[1:]}_"), FORMS[text]))
    return Layout(
        "Events",
        (
            Collection("", "", tuple(plain)),
            *(Collection(counter[1:], counter, tuple(columns)) for counter, columns in lists.items()),
        ),
    )


def test_every_column_is_uproots(real: Path) -> None:
    with uproot.open(real) as file:
        tree = file["Events"]
        layout = layout_of(tree)
        assert len(layout.branches) > 250
        with open_events(str(real), layout) as opened:
            found = together(opened.chunks(0, None), layout)
            embedded = {name for name in layout.branches if tree[name].embedded_baskets}
            assert opened.stats.fallbacks.keys() == embedded
            assert all("embedded" in reason for reason in opened.stats.fallbacks.values())
            assert len(embedded) in {0, len(layout.branches)}
        for collection in layout.collections:
            for column, form in collection.columns:
                name = collection.branch(column)
                assert same(found[name], expected(tree[name].array(), form)), name


def record_of(path: Path) -> tuple[bytes, int]:
    """A tree's record, and bytes of its key."""
    with uproot.open(path) as file:
        key = file.key("Events")
        chunk, _ = key.get_uncompressed_chunk_cursor()
        return bytes(chunk.raw_data), key.fKeylen


def test_the_record_of_a_tree_says_what_uproot_says(real: Path) -> None:
    with uproot.open(real) as file:
        names = file["Events"].keys(recursive=False)
        wanted = tree_of_uproot(file["Events"], names)
    found = tree_of_bytes(*record_of(real), set(names))
    assert found.entries == wanted.entries
    assert list(found.names) == names
    for name in names:
        one, other = found.branches[name], wanted.branches[name]
        for what in ("name", "kind", "entries", "leaves", "size", "branches", "elsewhere"):
            assert getattr(one, what) == getattr(other, what), (name, what)
        for what in ("edges", "seeks", "sizes"):
            assert getattr(one, what).tolist() == getattr(other, what).tolist(), (name, what)


@settings(max_examples=20)
@given(data=st.data())
def test_a_damaged_record_is_unknown_and_nothing_else(real: Path, data: st.DataObject) -> None:
    raw, key = record_of(real)
    damaged = bytearray(raw)
    for at in data.draw(st.lists(st.integers(0, 3000), min_size=1, max_size=3)):
        damaged[at] ^= data.draw(st.integers(1, 255))
    try:
        found = tree_of_bytes(bytes(damaged), key, {"nJet", "Jet_pt"})
    except UnknownError:
        return
    assert isinstance(found.entries, int)
    with pytest.raises(UnknownError):
        tree_of_bytes(raw[: data.draw(st.integers(0, len(raw) // 2))], key, {"nJet"})
