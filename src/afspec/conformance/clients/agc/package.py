"""afspec.agc as the far side gets it: a zip file of the installed package, for a Python that lacks it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import afspec

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe

# Bytes of a part: an argument of a command is at most 128 KiB long (execve(2)), and it travels as base64.
_PART = 90_000
_JOIN = 'to=$1 && shift && cat -- "$@" >"$to.new" && mv -- "$to.new" "$to" && rm -- "$@"'


@cache
def archive() -> bytes:
    """The package, the same bytes for the same files."""
    from afspec.agc.run.dask.ship import archive as packed  # noqa: PLC0415 - only who runs the analysis pays for it

    return packed(Path(afspec.__path__[0]))


def send(probe: Probe, path: str) -> None:
    """Put it at a path of the far side, in parts that fit into a command."""
    data = archive()
    parts = []
    for number, first in enumerate(range(0, len(data), _PART)):
        parts.append(f"{path}.{number}")
        probe.put(parts[-1], data[first : first + _PART])
    probe.sh(_JOIN, path, *parts, check=True)
