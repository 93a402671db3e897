"""NVIDIA GPUs: the one place that knows which library reaches them, today numba-cuda.

`devices` says what is there, or why there is nothing; `compiling` turns kernels into PTX and weighs them without a GPU;
`simulating` lets kernels run in numba-cuda's simulator (NUMBA_ENABLE_CUDASIM=1). Kernels take `cuda` from `namespace`.
"""

from afspec.agc.gpu.devices import Device, is_simulator, require

__all__ = ["Device", "is_simulator", "require"]
