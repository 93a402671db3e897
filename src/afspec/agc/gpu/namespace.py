"""What kernels are written in: numba-cuda's `cuda`, by another name the day its successor can simulate.

Raises:
    DeviceError: numba-cuda is not installed (on import).
"""

from __future__ import annotations

from typing import Any

from afspec.agc.errors import DeviceError

MISSING = DeviceError(
    "--device cuda needs numba-cuda, which is not installed in this Python",
    "Install it with: pip install 'afspec[agc,gpu]'",
)

try:
    from numba import cuda as _cuda
except ImportError:
    raise MISSING from None

# Much of it is made at run time.
cuda: Any = _cuda

__all__ = ["MISSING", "cuda"]
