"""The least that reading can take: the same compressed bytes, decompressed by the same library into one small buffer.

Whoever reads the events must decompress these bytes. The buffer is used again and again, so that it stays in the
processor's cache, and nothing else is done: no file is opened, no checksum is checked, no number is looked at.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cramjam
import numpy as np
import uproot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from afspec.agc.columns import Layout

# Bytes of compressed frames that are read at a time: they are still in the processor's cache when they are
# decompressed, as they are in the analysis.
_BATCH: Final = 1 << 20
# Of a frame: two letters of the codec, its version, three bytes each of what it takes and what comes out of it.
_HEAD: Final = 9
_LZ4_CHECKSUM: Final = 8
# fNbytes, fVersion, fObjlen, fDatime come before the size of a TKey itself.
_KEY_SIZE_AT: Final = 14


def _lz4(packed: bytes, out: Any) -> int:
    done: int = cramjam.lz4.decompress_block_into(packed, out, output_len=len(out))
    return done


_CODECS: Final[dict[bytes, Callable[[bytes, Any], int]]] = {
    b"ZS": cramjam.zstd.decompress_into,
    b"L4": _lz4,
    b"ZL": cramjam.zlib.decompress_into,
    b"XZ": cramjam.xz.decompress_into,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A compressed piece of a basket or page: its codec's letters, its bytes, and how many come out of them."""

    codec: bytes
    packed: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Floor:
    """What decompression alone took.

    Attributes:
        seconds: of one thread's CPU time.
        compressed, uncompressed: bytes; what files hold uncompressed is in neither.
    """

    seconds: float
    compressed: int
    uncompressed: int

    def __add__(self, other: Floor) -> Floor:
        return Floor(
            self.seconds + other.seconds,
            self.compressed + other.compressed,
            self.uncompressed + other.uncompressed,
        )


def frames(record: bytes, size: int) -> Iterator[Frame]:
    """The frames of a record that decompresses to `size` bytes; none, where it is not compressed.

    Raises:
        ValueError: it is no such record.
    """
    if len(record) >= size:
        return
    at = done = 0
    while done < size:
        codec, head = record[at : at + 2], record[at : at + _HEAD]
        if codec not in _CODECS or len(head) < _HEAD:
            raise ValueError(f"{codec!r} is no codec that ROOT has")
        packed, unpacked = int.from_bytes(head[3:6], "little"), int.from_bytes(head[6:], "little")
        at += _HEAD
        skipped = _LZ4_CHECKSUM if codec == b"L4" else 0
        yield Frame(codec, record[at + skipped : at + packed], unpacked)
        at += packed
        done += unpacked
        if not unpacked:
            raise ValueError("a frame that nothing comes out of")


def measure(found: Iterable[Frame]) -> Floor:
    """Decompress frames, batch by batch; only that is timed."""
    total = Floor(0.0, 0, 0)
    batch: list[Frame] = []
    held = 0
    for frame in found:
        batch.append(frame)
        held += len(frame.packed)
        if held >= _BATCH:
            total += _timed(batch)
            batch, held = [], 0
    return total + _timed(batch)


def _timed(batch: list[Frame]) -> Floor:
    buffer = np.zeros(max((frame.size for frame in batch), default=0), np.uint8)
    whole = {frame.size: buffer[: frame.size] for frame in batch}
    begun = time.thread_time()
    for frame in batch:
        _CODECS[frame.codec](frame.packed, whole[frame.size])
    seconds = time.thread_time() - begun
    return Floor(seconds, sum(len(frame.packed) for frame in batch), sum(frame.size for frame in batch))


def frames_of(file: str, layout: Layout) -> Iterator[Frame]:
    """All frames of a file that an analysis has to decompress."""
    with uproot.open(file) as opened:
        events = opened[layout.tree]
        records = _pages(events, layout) if hasattr(events, "ntuple") else _baskets(events, layout)
        for record, size in records:
            yield from frames(record, size)


def _baskets(tree: Any, layout: Layout) -> Iterator[tuple[bytes, int]]:
    """Each basket that is a record of its own, without its key, and its size when it is decompressed."""
    for name in layout.branches:
        branch = tree[name]
        seeks, sizes = branch.member("fBasketSeek"), branch.member("fBasketBytes")
        for seek, size in zip(seeks.tolist(), sizes.tolist(), strict=True):
            if not seek:
                continue
            raw = _raw(branch.file, seek, size)
            key = int.from_bytes(raw[_KEY_SIZE_AT : _KEY_SIZE_AT + 2], "big")
            yield raw[key:], int.from_bytes(raw[6:10], "big")


def _raw(file: Any, start: int, size: int) -> bytes:
    raw: bytes = file.source.chunk(start, start + size).raw_data.tobytes()
    return raw


def _pages(events: Any, layout: Layout) -> Iterator[tuple[bytes, int]]:
    """Each page of a counter's column, and of the numbers of each collection."""
    ntuple = events.ntuple
    columns = _columns(ntuple, layout)
    for cluster in ntuple.page_link_list:
        for column in columns:
            bits = ntuple.column_records[column].nbits
            for page in cluster[column].pages:
                size = -(-page.num_elements * bits // 8)
                yield _raw(ntuple.file, page.locator.offset, page.locator.num_bytes), size


def _columns(ntuple: Any, layout: Layout) -> list[int]:
    """Columns that hold numbers of the layout's fields: of lists those of what is in them, not of where they begin."""
    fields = ntuple.field_records
    wanted = set()
    for number in range(len(fields)):
        top = number
        while fields[top].parent_field_id != top:
            top = fields[top].parent_field_id
        inner = any(other.parent_field_id == number and index != number for index, other in enumerate(fields))
        if fields[top].field_name in layout.branches and not inner:
            wanted.add(number)
    return [index for index, column in enumerate(ntuple.column_records) if column.field_id in wanted]
