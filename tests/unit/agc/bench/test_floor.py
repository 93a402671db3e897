"""The decompression floor: all compressed bytes of the analysis's branches, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cramjam
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.bench.floor import Frame, frames, frames_of, measure
from afspec.agc.generate.nanoaod import write
from afspec.agc.ttbar.task import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path


def packed(codec: bytes, data: bytes) -> bytes:
    """A frame as ROOT writes it."""
    body = {
        b"ZS": lambda: bytes(cramjam.zstd.compress(data)),
        b"ZL": lambda: bytes(cramjam.zlib.compress(data)),
        b"XZ": lambda: bytes(cramjam.xz.compress(data)),
        b"L4": lambda: b"checksum" + bytes(cramjam.lz4.compress_block(data, store_size=False)),
    }[codec]()
    sizes = len(body).to_bytes(3, "little") + len(data).to_bytes(3, "little")
    return codec + b"\x01" + sizes + body


@given(
    st.lists(st.tuples(st.sampled_from([b"ZS", b"ZL", b"XZ", b"L4"]), st.integers(200, 5000)), min_size=1, max_size=4)
)
def test_frames_of_a_record_decompress_to_its_size(parts: list[tuple[bytes, int]]) -> None:
    record = b"".join(packed(codec, b"a" * size) for codec, size in parts)
    whole = sum(size for _, size in parts)
    found = list(frames(record, whole))
    assert [(frame.codec, frame.size) for frame in found] == parts
    floor = measure(found)
    assert floor.uncompressed == whole
    assert floor.compressed == sum(len(frame.packed) for frame in found) < len(record)


def test_what_is_not_compressed_has_no_frames() -> None:
    assert list(frames(b"12345", 5)) == []
    nothing = measure([])
    assert (nothing.compressed, nothing.uncompressed) == (0, 0)


@pytest.mark.parametrize("record", [b"QQ\x01" + bytes(30), b"", b"ZS\x01" + bytes(6) + bytes(30)])
def test_what_is_no_frame_is_told(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"codec|nothing"):
        list(frames(record, 100))


def test_a_broken_frame_is_told() -> None:
    with pytest.raises(cramjam.DecompressionError):
        measure([Frame(b"ZS", b"not compressed at all", 100)])


@pytest.mark.parametrize("codec", ["zstd:5", "lz4:4"])
def test_a_tree_gives_all_baskets_of_the_layout(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "tree.root"
    write(path, 2_000, codec=codec, cluster=700)
    with uproot.open(path) as file:
        tree = file["Events"]
        stored = whole = 0
        for name in LAYOUT.branches:
            branch = tree[name]
            for basket in range(branch.num_baskets):
                key = branch.basket_key(basket)
                if key.data_compressed_bytes < key.data_uncompressed_bytes:
                    whole += key.data_uncompressed_bytes
                    stored += key.data_compressed_bytes
    found = list(frames_of(str(path), LAYOUT))
    assert sum(frame.size for frame in found) == whole
    # Nine bytes before each frame, and eight in front of LZ4's.
    heads = 17 if codec.startswith("lz4") else 9
    assert sum(len(frame.packed) + heads for frame in found) == stored


def test_an_ntuple_gives_pages_of_the_layout_alone(tmp_path: Path) -> None:
    path = tmp_path / "ntuple.root"
    write(path, 2_000, cluster=700, form="rntuple")
    found = list(frames_of(str(path), LAYOUT))
    columns: Any = uproot.open(path)["Events"]
    numbers = sum(int(columns[name].array(library="np").sum()) for name in ("nJet", "nMuon", "nElectron"))
    jets = int(columns["nJet"].array(library="np").sum())
    whole = sum(frame.size for frame in found)
    # Six words of each jet, of leptons four and three with a bit; pages that do not get smaller are not compressed.
    assert jets * 4 < whole <= numbers * 6 * 4 + 3 * 4 * 2_000
    assert {frame.codec for frame in found} == {b"ZS"}
