"""PTX of kernels, and what it asks of a device, on machines without one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from afspec.agc.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Needs:
    """What a kernel needs of a device.

    Attributes:
        registers: of a thread.
        shared: bytes of a block.
        spilled: bytes of registers that a thread writes to memory for want of room.
    """

    registers: int
    shared: int
    spilled: int


def compile_ptx(kernel: Callable[..., Any], signature: tuple[Any, ...], capability: tuple[int, int]) -> str:
    """A kernel's PTX for a compute capability; neither driver nor device is needed.

    Arguments:
        kernel: the Python function, or its dispatcher.
        signature: Numba types of its arguments.
        capability: (major, minor).

    Raises:
        DeviceError: numba-cuda is not installed, or simulates.
    """
    from afspec.agc.gpu.namespace import cuda  # noqa: PLC0415 - takes half a second, and needs an extra

    if not hasattr(cuda, "compile_ptx"):
        raise DeviceError("PTX cannot be compiled in the simulator", "Unset NUMBA_ENABLE_CUDASIM")
    with _pretended(capability):
        text, _ = cuda.compile_ptx(getattr(kernel, "py_func", kernel), signature, cc=capability)
    return str(text)


@contextmanager
def _pretended(capability: tuple[int, int]) -> Iterator[None]:
    """Let what a kernel calls be compiled for a capability: numba-cuda would ask the current device for its own."""
    from numba.cuda import dispatcher  # noqa: PLC0415 - as above

    with mock.patch.object(
        dispatcher, "get_current_device", return_value=SimpleNamespace(compute_capability=capability)
    ):
        yield


def shared_bytes(ptx: str) -> int:
    """Bytes of statically shared memory that PTX declares."""
    declared = re.findall(r"\.shared\s+\.align\s+\d+\s+\.b8\s+[\w$]+\[(\d+)\]", ptx)
    return sum(map(int, declared))


def needs(ptx: str, capability: tuple[int, int]) -> Needs | None:
    """What ptxas says of PTX; None where there is no ptxas.

    Raises:
        DeviceError: it refuses the PTX.
    """
    ptxas = _ptxas()
    if ptxas is None:
        return None
    major, minor = capability
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "kernel.ptx")
        source.write_text(ptx)
        done = subprocess.run(  # noqa: S603 - a program of the installation, on a file of our own
            [ptxas, "-v", f"-arch=sm_{major}{minor}", "-o", "kernel.cubin", source.name],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise DeviceError(f"ptxas refuses the kernel for sm_{major}{minor}: {done.stderr.strip()}")
    return Needs(*(_figure(pattern, done.stderr) for pattern in (r"(\d+) registers", r"(\d+) bytes smem", _SPILLED)))


_SPILLED = r"(\d+) bytes spill stores"


def _figure(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def _ptxas() -> str | None:
    for entry in sys.path:
        for program in Path(entry).glob("nvidia/cu*/bin/ptxas"):
            return str(program)
    return shutil.which("ptxas")
