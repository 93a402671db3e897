"""The ATLAS open data analysis of H -> ZZ* -> four leptons: cuts, samples, and the compiled pass over events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afspec.agc.hzz.analysis import Hzz

__all__ = ["Hzz"]


def __getattr__(name: str) -> Any:
    # Samples and cuts are looked up without Numba, which takes its time.
    if name == "Hzz":
        from afspec.agc.hzz.analysis import Hzz  # noqa: PLC0415

        return Hzz
    raise AttributeError(name)
