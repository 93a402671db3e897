"""Two sets of histograms, held side by side to the last bit of reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Sums of other orders differ in their last bits, and in no more (float64).
TOLERANCE = 1e-12


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where histograms, as JSON has them, are not the same, a line each: names, bins, contents, variances."""
    return list(_differences(wanted, found))


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found or name not in wanted:
            yield f"{name} is {'missing' if name not in found else 'one too many'}"
            continue
        for part in sorted(wanted[name].keys() | found[name].keys()):
            yield from _parts(f"{name} {part}", wanted[name].get(part), found[name].get(part))


def _parts(name: str, wanted: Any, found: Any) -> Iterator[str]:
    if not isinstance(wanted, list) or not isinstance(found, list) or len(wanted) != len(found):
        yield f"{name}: not of the same length"
        return
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        if not _same(one, other):
            yield f"{name}[{number}] is {other!r}, not {one!r}"


def _same(one: Any, other: Any) -> bool:
    """What is no number is never the same."""
    return isinstance(other, int | float) and math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=0.0)
