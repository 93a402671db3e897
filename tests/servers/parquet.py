"""A Parquet file of one column: real, small, and with nothing in it that is not its column's name and values.

Source: apache/parquet-format, README and parquet.thrift; apache/thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"PAR1"
# Types of fields and elements in Thrift's compact protocol.
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
# Numbers of parquet.thrift's enumerations.
_DOUBLE, _PLAIN, _RLE, _REQUIRED, _UNCOMPRESSED, _DATA_PAGE = 5, 0, 3, 0, 0, 0


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _integer(number: int) -> bytes:
    return _varint(number << 1)


def _binary(text: str) -> bytes:
    return _varint(len(text.encode())) + text.encode()


def _sequence(kind: int, *items: bytes) -> bytes:
    return bytes([len(items) << 4 | kind]) + b"".join(items)


def _record(*fields: tuple[int, int, bytes]) -> bytes:
    """A struct: number, type and value of its fields, in the order of their numbers."""
    out, before = b"", 0
    for number, kind, value in fields:
        out += bytes([number - before << 4 | kind]) + value
        before = number
    return out + b"\0"


def _page(values: bytes, count: int) -> bytes:
    levels = [(number, _I32, _integer(_RLE)) for number in (3, 4)]
    data = _record((1, _I32, _integer(count)), (2, _I32, _integer(_PLAIN)), *levels)
    size = _integer(len(values))
    return _record((1, _I32, _integer(_DATA_PAGE)), (2, _I32, size), (3, _I32, size), (5, _STRUCT, data)) + values


def parquet(column: str, values: Sequence[float]) -> bytes:
    """A file whose one column of doubles has that name and those values."""
    count = _integer(len(values))
    page = _page(struct.pack(f"<{len(values)}d", *values), len(values))
    size, start = _integer(len(page)), _integer(len(MAGIC))
    schema = (
        _record((4, _BINARY, _binary("schema")), (5, _I32, _integer(1))),
        _record((1, _I32, _integer(_DOUBLE)), (3, _I32, _integer(_REQUIRED)), (4, _BINARY, _binary(column))),
    )
    metadata = _record(
        (1, _I32, _integer(_DOUBLE)),
        (2, _LIST, _sequence(_I32, _integer(_PLAIN), _integer(_RLE))),
        (3, _LIST, _sequence(_BINARY, _binary(column))),
        (4, _I32, _integer(_UNCOMPRESSED)),
        (5, _I64, count),
        (6, _I64, size),
        (7, _I64, size),
        (9, _I64, start),
    )
    chunk = _record((2, _I64, start), (3, _STRUCT, metadata))
    group = _record((1, _LIST, _sequence(_STRUCT, chunk)), (2, _I64, size), (3, _I64, count))
    footer = _record(
        (1, _I32, _integer(1)),
        (2, _LIST, _sequence(_STRUCT, *schema)),
        (3, _I64, count),
        (4, _LIST, _sequence(_STRUCT, group)),
        (6, _BINARY, _binary("func_adl transformer")),
    )
    return MAGIC + page + footer + struct.pack("<I", len(footer)) + MAGIC
