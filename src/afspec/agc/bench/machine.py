"""What a machine is, for figures that are compared: processor, cores, versions; no names of hosts or folders."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from afspec.agc.run.executors.threads import cores

LIBRARIES: Final = ("afspec", "awkward", "cramjam", "llvmlite", "numba", "numpy", "uproot")


def describe() -> dict[str, object]:
    """Processor, cores of the machine and of this process, memory in bytes, system, versions."""
    return {
        "cpu": processor(),
        "cores": os.cpu_count() or 1,
        "usable_cores": cores(),
        "memory": memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(LIBRARIES),
    }


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Its model as Linux tells it, the architecture elsewhere."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.machine()


def memory() -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def peak() -> int:
    """Bytes of this process's largest resident set; 0 where the system does not tell.

    Not getrusage's, which starts with that of the process that started this one (proc_pid_status(5)).
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)
