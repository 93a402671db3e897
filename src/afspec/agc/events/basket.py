"""Baskets as they lie in a file: a key, then compressed frames of numbers, and of where each entry begins.

Source: ROOT's TKey, TBasket and RZip (https://root.cern/doc/master/classTBasket.html, core/zip/src/RZip.cxx).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cramjam
import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# fNbytes, fVersion, fObjlen, fDatime, fKeylen: where a key starts.
_KEY: Final = struct.Struct(">ihiIh")
# fNevBuf, fLast, and a flag: where a basket's key ends. What is before them is longer where a file uses TIOFeatures.
_BASKET: Final = struct.Struct(">iiB")
_FRAME: Final = 9
# Bytes. ROOT writes no larger record.
_LARGEST: Final = 1 << 30
_CHECKSUM: Final = 8
# Of a ZSTD frame (RFC 8878): the largest block, where its descriptor lies, and the bit that tells of a checksum.
_BLOCK: Final = 128 * 1024
_DESCRIPTOR: Final = 4
_HAS_CHECKSUM: Final = 4
# What the library says when all of the output is filled, and there is more.
_FULL: Final = "failed to write whole buffer"


class CorruptError(Exception):
    """Bytes are not what a basket has."""


class Head(NamedTuple):
    """What the key of a basket says.

    Attributes:
        key: bytes of the key itself.
        stored: bytes after it, compressed.
        size: bytes that they decompress to.
        border: how many of these are numbers; what follows says where entries begin.
        entries: how many.
    """

    key: int
    stored: int
    size: int
    border: int
    entries: int


def head(raw: memoryview, expected: int) -> Head:
    """Read the key of a basket, which should have so many entries.

    Raises:
        CorruptError: there is none, or it is another basket's.
    """
    if len(raw) < _KEY.size + _BASKET.size:
        raise CorruptError(f"{len(raw)} bytes are no basket")
    size, _, unpacked, _, key = _KEY.unpack_from(raw)
    if size != len(raw) or not _KEY.size + _BASKET.size <= key <= size:
        raise CorruptError(f"its key tells {size} bytes, {key} of them the key's, where the tree tells {len(raw)}")
    entries, last, _ = _BASKET.unpack_from(raw, key - _BASKET.size)
    found = Head(key, size - key, unpacked, last - key, entries)
    if entries != expected:
        raise CorruptError(f"it has {entries} entries where the tree tells {expected}")
    if not 0 <= found.border <= found.size <= _LARGEST:
        raise CorruptError(f"its key tells {found.border} bytes of numbers in {found.size}")
    return found


def unpack(stored: memoryview, size: int, border: int, out: NDArray[np.uint8]) -> None:
    """Decompress what follows a basket's key, without the GIL.

    Arguments:
        stored: the bytes after the key.
        size: what they become.
        border: how many of these are wanted, the first ones; the others may be decompressed too, or not.
        out: at least of that size, filled.

    Raises:
        CorruptError: a frame is broken, or is compressed in a way that is not known.
    """
    if len(stored) == size:
        out[:border] = np.frombuffer(stored, np.uint8, border)
        return
    at = written = 0
    while written < border:
        if at + _FRAME > len(stored):
            raise CorruptError(f"it ends after {written} of {size} bytes")
        codec = bytes(stored[at : at + 2])
        packed = int.from_bytes(stored[at + 3 : at + 6], "little")
        unpacked = int.from_bytes(stored[at + 6 : at + _FRAME], "little")
        at += _FRAME
        if at + packed > len(stored) or written + unpacked > size or unpacked == 0:
            raise CorruptError(f"a frame tells {packed} bytes that become {unpacked}, which do not fit")
        frame = stored[at : at + packed]
        wanted = border - written
        if codec == b"ZS" and _may_stop(frame, wanted, unpacked):
            _first_of_zstd(frame, out[written:border])
        else:
            _whole(codec, frame, out[written : written + unpacked])
        at += packed
        written += unpacked


def _whole(codec: bytes, frame: memoryview, out: Any) -> None:
    """Decompress a frame."""
    decompress = _CODECS.get(codec)
    if decompress is None:
        raise CorruptError(f"{codec!r} is no compression that is known here")
    try:
        done = decompress(frame, out)
    except (cramjam.DecompressionError, ValueError) as error:
        raise CorruptError(f"its {_NAMES[codec]} frame does not decompress: {error}") from None
    if done != len(out):
        raise CorruptError(f"its {_NAMES[codec]} frame becomes {done} bytes, not {len(out)}")


def _may_stop(frame: memoryview, wanted: int, unpacked: int) -> bool:
    """Whether some blocks of a ZSTD frame are not wanted, and no checksum wants them."""
    if (wanted - 1) // _BLOCK == (unpacked - 1) // _BLOCK or len(frame) <= _DESCRIPTOR:
        return False
    return not frame[_DESCRIPTOR] & _HAS_CHECKSUM


def _first_of_zstd(frame: memoryview, out: Any) -> None:
    """Decompress the first bytes of a ZSTD frame, as many as fit; the blocks after them are never looked at."""
    try:
        done = cramjam.zstd.decompress_into(frame, out)
    except cramjam.DecompressionError as error:
        if _FULL not in str(error):
            raise CorruptError(f"its ZSTD frame does not decompress: {error}") from None
    else:
        raise CorruptError(f"its ZSTD frame becomes {done} bytes, which are too few")


def _lz4(packed: memoryview, out: Any) -> int:
    """An LZ4 block, after the xxHash64 of it."""
    block = packed[_CHECKSUM:]
    if xxhash.xxh64_intdigest(block) != int.from_bytes(packed[:_CHECKSUM], "big"):
        raise CorruptError("the checksum of its LZ4 frame is wrong")
    done: int = cramjam.lz4.decompress_block_into(block, out, output_len=len(out))
    return done


_CODECS: Final[dict[bytes, Callable[[memoryview, Any], int]]] = {
    b"ZS": cramjam.zstd.decompress_into,
    b"L4": _lz4,
    b"ZL": cramjam.zlib.decompress_into,
    b"XZ": cramjam.xz.decompress_into,
}
_NAMES: Final = {b"ZS": "ZSTD", b"L4": "LZ4", b"ZL": "ZLIB", b"XZ": "LZMA"}
