"""Kernels and functions that call compiled ones, in the simulator too."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from afspec.agc.gpu.devices import is_simulator

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F")


def device(function: _F) -> _F:
    """A function compiled for CPUs, as kernels may call it: numba-cuda compiles its source for the device.

    The simulator runs kernels as plain Python, on arrays that compiled functions do not know; there the function gets
    the NumPy arrays that are behind them.
    """
    return _unwrapping(function) if is_simulator() else function  # type: ignore[arg-type,return-value]


def _unwrapping(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def unwrapped(*arguments: Any) -> Any:
        return function(*map(_plain, arguments))

    return unwrapped


def _plain(argument: Any) -> Any:
    if isinstance(argument, tuple):
        return tuple(map(_plain, argument))
    # Within kernels an array is wrapped twice.
    for layer in ("_item", "_ary"):
        argument = vars(argument).get(layer, argument) if hasattr(argument, "__dict__") else argument
    return argument
