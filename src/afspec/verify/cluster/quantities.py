"""Quantities of resources as numbers (Kubernetes documentation, Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?P<unit>[eE][+-]?\d+|n|u|m|k|[MGTPE]|[KMGTPE]i|)",
)
_UNITS = {"": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(1000)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}


def quantity(value: Any) -> Decimal | None:
    """A quantity's number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    unit = match["unit"]
    factor = Decimal(f"1{unit}") if unit[1:].lstrip("+-").isdigit() else _UNITS[unit]
    return Decimal(match["number"]) * factor
