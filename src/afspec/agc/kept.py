"""Compiled functions that are kept from one process to the next."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def digest(*files: Path) -> int:
    """A number other than 0 that changes with what is in any of these files.

    Numba looks for changes in the file of a cached function alone, not in those whose functions and constants it uses;
    what a function closes over it does look at: so it is to close over this.
    """
    return zlib.crc32(b"".join(file.read_bytes() for file in files)) | 1


def kept(function: Callable[..., Any], signature: Any = None) -> Callable[..., Any]:
    """A function compiled without the GIL, or loaded from Numba's cache: beside the source, or in the user's cache.

    With a signature it is compiled for that one, and at once; else for what it is called with.
    """
    try:
        compiled: Callable[..., Any] = njit(signature, nogil=True, cache=True)(function)
    except RuntimeError as error:
        # Nowhere to write, as for a user without a home in a container: each process compiles for itself.
        if "no locator" not in str(error):
            raise
        compiled = njit(signature, nogil=True)(function)
    return compiled
