"""Quantities of resources (Kubernetes documentation, Quantity)."""

from __future__ import annotations

_UNITS = (("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))
_DECIMAL = (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))


def memory(size: int) -> str:
    """Bytes, exactly: 4Gi, 100G, 1500M; a plain number where no unit divides them."""
    whole = [(size // factor, unit) for unit, factor in (*_UNITS, *_DECIMAL) if size % factor == 0]
    number, unit = min(whole, default=(size, ""))
    return f"{number}{unit}"


def cores(number: float) -> str:
    """Cores: 4, or 500m for half of one."""
    return str(int(number)) if number == int(number) else f"{round(number * 1000)}m"
