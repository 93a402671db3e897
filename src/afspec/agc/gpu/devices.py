"""Whether there is a GPU, and what it is."""

from __future__ import annotations

import os
from dataclasses import dataclass

from afspec.agc.errors import DeviceError

# Compute capability that kernels need: atomic additions of float64 came with it.
LEAST_CAPABILITY = (6, 0)


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU, or the simulator that stands in for one.

    Attributes:
        name: as its maker calls it.
        capability: compute capability, (major, minor).
        memory: bytes in all; 0 where it cannot be told.
        simulated: whether kernels run on the CPU, for tests, slowly.
    """

    name: str
    capability: tuple[int, int]
    memory: int
    simulated: bool = False

    def __str__(self) -> str:
        if self.simulated:
            return f"{self.name} (no GPU: kernels run slowly on the CPU)"
        major, minor = self.capability
        return f"{self.name} (compute capability {major}.{minor}, {self.memory / 2**30:.0f} GiB)"


def is_simulator() -> bool:
    """Whether numba-cuda's simulator was asked for; it looks at the environment once, when it is first imported."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in {"", "0"}


def require() -> Device:
    """The GPU that kernels of this thread run on.

    Raises:
        DeviceError: there is none, or one that cannot run them; the message says what is missing.
    """
    from afspec.agc.gpu.namespace import cuda  # noqa: PLC0415 - takes half a second, and needs an extra

    if is_simulator():
        return Device("CUDA simulator", cuda.get_current_device().compute_capability, 0, simulated=True)
    hint = "Run where nvidia-smi lists a GPU, or with --device cpu, which gives the same histograms"
    # Errors of the driver have no common base class but this.
    try:
        device = cuda.get_current_device()
        memory = int(cuda.current_context().get_memory_info().total)
    except Exception as error:
        reason = " ".join(str(error).split()).removeprefix("Error at driver init: ").rstrip(":. ")
        raise DeviceError(f"--device cuda: no NVIDIA GPU can be used on this machine: {reason}", hint) from error
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    found = Device(name, tuple(device.compute_capability), memory)
    if found.capability < LEAST_CAPABILITY:
        raise DeviceError(f"--device cuda: {found} is too old, it cannot add float64 atomically", hint)
    return found
