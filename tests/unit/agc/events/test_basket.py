"""Baskets come out as they went in, in every codec, and broken ones are told."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.agc.events.made import CODECS, basket, frame

from afspec.agc.events.basket import CorruptError, head, unpack

NUMBERS = bytes(range(200)) * 40
TABLE = struct.pack(">50i", *range(50))


def unpacked(raw: bytes, entries: int = 3) -> bytes:
    """The numbers of a basket."""
    key = head(memoryview(raw), entries)
    out = np.empty(key.size, np.uint8)
    unpack(memoryview(raw)[key.key :], key.size, key.border, out)
    return out[: key.border].tobytes()


@pytest.mark.parametrize("codec", ["", *CODECS])
@pytest.mark.parametrize("longest", [1000, 7999, (1 << 24) - 1])
def test_numbers_come_out_as_they_went_in(codec: str, longest: int) -> None:
    assert unpacked(basket(NUMBERS, TABLE, 3, codec, longest)) == NUMBERS


@given(
    st.binary(max_size=300),
    st.binary(max_size=100),
    st.sampled_from(["", *CODECS]),
    st.integers(1, 400),
    st.integers(1, 9),
)
def test_any_numbers_do(numbers: bytes, table: bytes, codec: str, longest: int, times: int) -> None:
    assert unpacked(basket(numbers * times, table, 3, codec, longest)) == numbers * times


@pytest.mark.parametrize("size", [131_072, 131_073, 200_000, 393_216])
def test_blocks_after_the_numbers_need_not_be_looked_at(size: int) -> None:
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 99, size, np.uint8).tobytes()
    table = np.arange(100_000, dtype=">i4").tobytes()
    raw = bytearray(basket(numbers, table, 3))
    assert unpacked(bytes(raw)) == numbers
    raw[-1] ^= 0xFF
    assert unpacked(bytes(raw)) == numbers


def test_a_zstd_frame_that_ends_too_early_is_told() -> None:
    numbers = np.random.default_rng(3).integers(0, 99, 300_000, np.uint8).tobytes()
    raw = bytearray(basket(numbers, b"\0" * 300_000, 3))
    key = head(memoryview(raw), 3)
    short = frame(numbers[:1000], "ZS")[9:]
    raw[key.key + 9 : key.key + 9 + len(short)] = short
    with pytest.raises(CorruptError, match="ZSTD"):
        unpacked(bytes(raw))


@pytest.mark.parametrize("codec", CODECS)
def test_bad_frames_are_told(codec: str) -> None:
    good = basket(NUMBERS, TABLE, 3, codec)
    key = head(memoryview(good), 3).key
    for at, value in [(0, ord("?")), (3, 0xEE), (5, 0xEE), (6, 0xEE), (8, 0xEE)]:
        raw = bytearray(good)
        raw[key + at] = value
        with pytest.raises(CorruptError):
            unpacked(bytes(raw))


@pytest.mark.parametrize("codec", CODECS)
def test_a_frame_that_becomes_less_than_it_tells_is_told(codec: str) -> None:
    raw = bytearray(basket(NUMBERS, TABLE, 3, codec))
    key = head(memoryview(raw), 3)
    # Both the key and the frame tell 100 bytes more than there are.
    raw[6:10] = (key.size + 100).to_bytes(4, "big")
    raw[key.key + 6 : key.key + 9] = (key.size + 100).to_bytes(3, "little")
    with pytest.raises(CorruptError, match=rf"becomes {key.size} bytes, not {key.size + 100}"):
        unpacked(bytes(raw))


@pytest.mark.parametrize("codec", ["L4", "ZL", "XZ"])
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_checksums_tell_any_flipped_byte(codec: str, place: int, flip: int) -> None:
    raw = bytearray(basket(NUMBERS, TABLE, 3, codec))
    key = head(memoryview(raw), 3).key
    body = range(key + 9, len(raw))
    raw[body[place % len(body)]] ^= flip
    try:
        found = unpacked(bytes(raw))
    except CorruptError:
        return
    # Padding and flags of a container may be flipped without harm.
    assert found == NUMBERS


@given(st.binary(max_size=200))
def test_bytes_that_are_no_basket_are_told(raw: bytes) -> None:
    with pytest.raises(CorruptError):
        unpacked(raw)


def test_a_basket_of_other_entries_is_told() -> None:
    with pytest.raises(CorruptError, match="3 entries where the tree tells 4"):
        unpacked(basket(NUMBERS, TABLE, 3), 4)


@given(st.integers(0, 64), st.integers(0, 255))
def test_a_flipped_key_is_told_or_does_no_harm(at: int, flip: int) -> None:
    raw = bytearray(basket(NUMBERS, TABLE, 3))
    raw[at] ^= flip
    try:
        found = unpacked(bytes(raw))
    except CorruptError:
        return
    assert NUMBERS.startswith(found) or found.startswith(NUMBERS)
