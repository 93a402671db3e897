"""The wire form of protocol buffers: what is written is read back, and nothing that is sent breaks the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients.protobuf import Message, WireError, field, fields, packed, varint

NUMBERS = st.integers(1, 2**29 - 1)
VALUES = st.integers(0, 2**64 - 1) | st.binary(max_size=40)


def test_the_examples_of_the_documentation() -> None:
    # protobuf.dev, Encoding: 150 in field 1, "testing" in field 2, [3, 270, 86942] packed in field 6, -2 as int32.
    assert field(1, 150) == bytes.fromhex("089601")
    assert field(2, "testing") == bytes.fromhex("120774657374696e67")
    assert packed(6, (3, 270, 86942)) == bytes.fromhex("3206038e029ea705")
    assert varint(-2) == bytes.fromhex("feffffffffffffffff01")


@given(st.lists(st.tuples(NUMBERS, VALUES), max_size=8))
def test_what_is_written_is_read(pairs: list[tuple[int, int | bytes]]) -> None:
    assert list(fields(b"".join(field(number, value) for number, value in pairs))) == pairs


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_message_or_refused(data: bytes) -> None:
    try:
        message = Message(data)
        for number in range(1, 9):
            message.texts(number)
            message.flag(number)
            message.messages(number)
    except WireError:
        return


@pytest.mark.parametrize("data", ["0a05616263", "08", "0b", "08ffffffffffffffffffff01", "0d0000"])
def test_what_is_cut_or_of_no_known_kind_is_refused(data: str) -> None:
    with pytest.raises(WireError):
        Message(bytes.fromhex(data))


def test_what_is_not_there_has_its_default_and_the_last_of_several_counts() -> None:
    message = Message(field(1, "a") + field(1, "b") + field(2, 1) + field(2, 0))
    assert (message.text(1), message.texts(1), message.flag(2)) == ("b", ("a", "b"), False)
    assert (message.text(7), message.flag(7), message.messages(7)) == ("", False, ())
