"""A spec for a room without walls: the machine's paths become the twin's, and ports that are taken free ones."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PORT = re.compile(r"(?<![0-9.])(127\.0\.0\.1:)([0-9]{1,5})(?![0-9])")


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)
    elif isinstance(data, str):
        yield data


def _port_fields(data: Any) -> Iterator[int]:
    """Values of keys that are called a port: api_port: 8081."""
    if isinstance(data, dict):
        for key, value in data.items():
            if _is_port(key, value):
                yield value
            else:
                yield from _port_fields(value)
    elif isinstance(data, list):
        for value in data:
            yield from _port_fields(value)


def _is_port(key: str, value: Any) -> bool:
    return key.endswith("_port") and isinstance(value, int) and not isinstance(value, bool)


def ports(data: Any) -> list[int]:
    """The loopback ports that a spec names, in order, each once: in addresses, and under keys that end in _port."""
    found = [int(number) for text in _strings(data) for _, number in _PORT.findall(text)]
    return list(dict.fromkeys([*found, *_port_fields(data)]))


def relocate(data: Any, prefixes: Mapping[str, str], moved: Mapping[int, int]) -> Any:
    """The same spec with path prefixes and loopback ports replaced; what is in neither map stays as it is."""

    def text(value: str) -> str:
        value = _PORT.sub(lambda found: found[1] + str(moved.get(int(found[2]), int(found[2]))), value)
        for old, new in prefixes.items():
            if value == old or value.startswith(f"{old}/"):
                return new + value[len(old) :]
        return value

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved.get(item, item) if _is_port(key, item) else walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return text(value) if isinstance(value, str) else value

    return walk(data)


def is_free(port: int) -> bool:
    """Whether nothing listens on a loopback port, and nothing did a moment ago."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(wanted: list[int], free: Callable[[int], bool] = is_free) -> dict[int, int]:
    """A port for each wanted one: itself where it is free, else the next free one that nobody else wants.

    Raises:
        OSError: there is none.
    """
    chosen: dict[int, int] = {}
    for port in wanted:
        candidates = (port, *(other for other in range(20000, 32000) if other not in wanted))
        taken = set(chosen.values())
        found = next((other for other in candidates if other not in taken and free(other)), None)
        if found is None:
            raise OSError("no loopback port is free")
        chosen[port] = found
    return chosen
