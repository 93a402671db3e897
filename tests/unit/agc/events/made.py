"""Baskets, trees and files made by hand, and what a reader should get out of them."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import awkward as ak
import cramjam
import numpy as np
import uproot
import xxhash

from afspec.agc.columns import DTYPES, Collection, Layout
from afspec.agc.events.metadata import Branch, Leaf, Tree
from afspec.agc.events.source import Source
from afspec.agc.events.stats import ReadStats
from afspec.agc.events.storage import Local
from afspec.agc.events.through_uproot import ThroughUproot
from afspec.agc.events.tree import TreeFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from afspec.agc.columns import Chunk, Form

CODECS = ("ZS", "L4", "ZL", "XZ")
LAYOUT = Layout(
    "Events",
    (
        Collection("Jet", "nJet", (("pt", "float"), ("jetId", "int"))),
        Collection("Muon", "nMuon", (("pt", "float"), ("tightId", "bool"))),
        Collection("", "", (("weight", "float"),)),
    ),
)


def frame(data: bytes, codec: str) -> bytes:
    """One compressed frame as ROOT writes it."""
    match codec:
        case "ZS":
            packed = bytes(cramjam.zstd.compress(data, level=3))
        case "L4":
            block = bytes(cramjam.lz4.compress_block(data, store_size=False))
            packed = xxhash.xxh64_digest(block) + block
        case "ZL":
            packed = bytes(cramjam.zlib.compress(data))
        case _:
            packed = bytes(cramjam.xz.compress(data))
    return codec.encode() + b"\1" + len(packed).to_bytes(3, "little") + len(data).to_bytes(3, "little") + packed


def frames(data: bytes, codec: str, longest: int = (1 << 24) - 1) -> bytes:
    """Data in as many frames as it takes; as it is, where codec is empty."""
    if not codec:
        return data
    return b"".join(frame(data[at : at + longest], codec) for at in range(0, len(data), longest))


def basket(numbers: bytes, table: bytes, entries: int, codec: str = "ZS", longest: int = (1 << 24) - 1) -> bytes:
    """A basket: its key, then its numbers and the table of where entries begin."""
    name = b"\7TBasket\3any\6Events"
    key = 18 + 8 + len(name) + 19
    stored = frames(numbers + table, codec, longest)
    if len(stored) >= len(numbers) + len(table):
        stored = numbers + table
    return (
        struct.pack(">ihiIhhii", key + len(stored), 4, len(numbers) + len(table), 0, key, 0, 100, 100)
        + name
        + struct.pack(">HiiiiB", 3, 32000, 4, entries, key + len(numbers), 0)
        + stored
    )


def branch(file: bytearray, name: str, values: Sequence[bytes], edges: Sequence[int], leaf: Leaf) -> Branch:
    """Write a branch's baskets at the end of a file's bytes; `values` are the bytes of each entry."""
    seeks, sizes = [], []
    for start, stop in pairwise(edges):
        table = b"" if not leaf.counter else struct.pack(f">{stop - start + 2}i", *range(stop - start + 2))
        made = basket(b"".join(values[start:stop]), table, stop - start)
        seeks.append(len(file))
        sizes.append(len(made))
        file += made
    return Branch(
        name,
        "TBranch",
        len(values),
        (leaf,),
        np.array(edges, np.int64),
        np.array(seeks, np.int64),
        np.array(sizes, np.int64),
        sum(map(len, values)),
    )


def by_hand(path: Path, tree: Tree, layout: Layout) -> TreeFile:
    """A reader of a tree that nothing but a test knows of."""
    return TreeFile(
        tree, layout, Source(str(path), Local(str(path)), ThroughUproot({}, "Events", str(path)), ReadStats())
    )


def together(chunks: Iterable[Chunk], layout: Layout) -> dict[str, tuple[NDArray[np.int64], NDArray[Any]]]:
    """All chunks' columns, by branch: how many numbers each event has, and the numbers."""
    parts: dict[str, list[tuple[NDArray[np.int64], NDArray[Any]]]] = {}
    end = None
    for chunk in chunks:
        assert end is None or chunk.start == end
        assert chunk.events > 0
        end = chunk.stop
        for collection in layout.collections:
            objects = chunk.objects[collection.name]
            assert objects.offsets.dtype == np.int64
            assert len(objects.offsets) == chunk.events + 1
            for column, form in collection.columns:
                words = objects.columns[column]
                assert words.dtype == (np.uint8 if form == "bool" else np.uint32)
                assert words.flags.aligned
                assert words.flags.c_contiguous
                values = objects.values(column, form)
                parts.setdefault(collection.branch(column), []).append((np.diff(objects.offsets), values))
    return {
        name: (np.concatenate([counts for counts, _ in found]), np.concatenate([values for _, values in found]))
        for name, found in parts.items()
    }


def expected(array: Any, form: Form) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The same from an awkward array."""
    jagged = array.ndim > 1
    counts = ak.to_numpy(ak.num(array)) if jagged else np.ones(len(array), np.int64)
    numbers = ak.to_numpy(ak.flatten(array) if jagged else array)
    dtype = np.dtype(np.bool_) if form == "bool" else DTYPES[form].newbyteorder("=")
    return counts.astype(np.int64), numbers.astype(dtype)


def same(found: tuple[NDArray[np.int64], NDArray[Any]], wanted: tuple[NDArray[np.int64], NDArray[Any]]) -> bool:
    """Whether counts and numbers are, to the last bit."""
    return (
        np.array_equal(found[0], wanted[0])
        and found[1].dtype == wanted[1].dtype
        and (found[1].tobytes() == wanted[1].tobytes())
    )


def events(number: int, seed: int = 1) -> dict[str, Any]:
    """Events of LAYOUT, and a std::vector's worth of more."""
    rng = np.random.default_rng(seed)
    jets, muons = rng.poisson(4, number), rng.poisson(0.5, number)
    some = {
        "Jet": {
            "pt": rng.exponential(40, jets.sum()).astype("f4"),
            "jetId": rng.integers(-3, 7, jets.sum()).astype("i4"),
        },
        "Muon": {"pt": rng.exponential(30, muons.sum()).astype("f4"), "tightId": rng.random(muons.sum()) < 0.7},
    }
    counts = {"Jet": jets, "Muon": muons}
    lists = {
        name: ak.zip({column: ak.unflatten(values, counts[name]) for column, values in columns.items()})
        for name, columns in some.items()
    }
    return {**lists, "weight": rng.normal(1, 0.5, number).astype("f4")}


def write(path: Path, batches: Sequence[dict[str, Any]], compression: Any = None, form: str = "ttree") -> Path:
    """Write events with uproot, a cluster a batch."""
    with uproot.recreate(path, compression=compression) as file:
        if form == "rntuple":
            tree = file.mkrntuple("Events", batches[0])
            rest = batches[1:]
        else:
            types = {
                "Jet": "var * {pt: float32, jetId: int32}",
                "Muon": "var * {pt: float32, tightId: bool}",
                "weight": "float32",
            }
            tree = file.mktree("Events", {name: types[name] for name in batches[0]})
            rest = batches
        for each in rest:
            tree.extend(each)
    return path


def wanted(batches: Sequence[dict[str, Any]], layout: Layout = LAYOUT, part: slice = slice(None)) -> dict[str, Any]:
    """What a reader should find in events that were written."""
    return {
        collection.branch(column): expected(
            ak.concatenate(
                [batch[collection.name][column] if collection.name else ak.Array(batch[column]) for batch in batches]
            )[part],
            form,
        )
        for collection in layout.collections
        for column, form in collection.columns
    }
