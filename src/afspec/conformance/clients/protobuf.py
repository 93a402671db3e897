"""As much of the wire form of protocol buffers as a few small messages need (protobuf.dev, Encoding)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST = 10

Value = int | bytes


class WireError(ValueError):
    """Bytes that are no message."""


def varint(number: int) -> bytes:
    """A number of 64 bits, seven of them in a byte; a negative one as two's complement."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: Value | str) -> bytes:
    """A field of a message: text, bytes and messages with their length, numbers and truth values as varints."""
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def packed(number: int, values: tuple[int, ...]) -> bytes:
    """A field of repeated numbers, packed as proto3 has them."""
    return field(number, b"".join(map(varint, values)))


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a message in their order, by number.

    Raises:
        WireError: it is no message.
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind, number = tag & 7, tag >> 3
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise WireError(f"a field of the unknown kind {kind}")
        if at + size > len(data):
            raise WireError("it ends in the middle of a field")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place in range(_LONGEST):
        if at >= len(data):
            raise WireError("it ends in the middle of a number")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return number, at
    raise WireError("a number of more than 64 bits")


class Message:
    """The fields of a message that was read; what is not there has its default, as proto3 says.

    Raises:
        WireError: it is no message.
    """

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[Value]] = {}
        for number, value in fields(data):
            self._fields.setdefault(number, []).append(value)

    def texts(self, number: int) -> tuple[str, ...]:
        """A repeated field of text."""
        return tuple(data.decode("utf-8", "replace") for data in self.all_bytes(number))

    def text(self, number: int) -> str:
        """A field of text."""
        return "".join(self.texts(number)[-1:])

    def flag(self, number: int) -> bool:
        """A truth value."""
        return any(value == 1 for value in self._fields.get(number, ())[-1:])

    def all_bytes(self, number: int) -> tuple[bytes, ...]:
        """A repeated field of bytes, or of messages."""
        return tuple(value for value in self._fields.get(number, ()) if isinstance(value, bytes))

    def messages(self, number: int) -> tuple[Message, ...]:
        """A repeated field of messages."""
        return tuple(Message(data) for data in self.all_bytes(number))
