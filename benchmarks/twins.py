"""How long twins take to come up and to go, and how much memory they hold.

    python benchmarks/twins.py [SITE ...]

Each twin is brought up and taken down by the command line, in a folder of its own, so that those of the user are
left alone. Seconds are wall seconds of one run, on a machine that may be busy with other things. Memory is
the proportional set size of all its processes (proc(5), smaps_rollup), and what its file systems in memory hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from afspec.twin.processes import descendants, marked

MIB = 1024**2


class Figures(NamedTuple):
    """What was measured of one twin."""

    site: str
    up: float
    again: float
    down: float
    mebibytes: float
    processes: int


def afspec(*arguments: str, home: str, check: bool = True) -> tuple[float, str]:
    """Run a command; seconds and what it printed."""
    begin = time.perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("afspec")), "twin", *arguments],
        env=os.environ | {"XDG_STATE_HOME": home},
        stdout=subprocess.PIPE,
        text=True,
        check=check,
    )
    return time.perf_counter() - begin, done.stdout


def pss(pid: int) -> int:
    """Bytes of a process that are its own, with its part of what it shares; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def processes_of(folder: Path) -> set[int]:
    """Every process of the twin in a folder."""
    state = json.loads((folder / "state.json").read_text())
    if not state["private"]:
        return descendants(marked(str(folder)))
    first = state["first"][0]
    space = Path(f"/proc/{first}/ns/pid").readlink()
    found = set()
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and (path / "ns/pid").readlink() == space:
                found.add(int(path.name))
        except OSError:
            continue
    return found


def in_memory(folder: Path) -> int:
    """Bytes in the private room's file systems in memory."""
    state = json.loads((folder / "state.json").read_text())
    if not state["private"]:
        return 0
    root = Path(f"/proc/{state['first'][0]}/root")
    total = 0
    for line in (root / "proc/1/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "tmpfs" and not place.startswith("/sys"):
            size = os.statvfs(root / place.lstrip("/"))
            total += (size.f_blocks - size.f_bfree) * size.f_frsize
    return total


def measure(site: str) -> Figures:
    """Up, up once more, a look at its memory, down."""
    with tempfile.TemporaryDirectory() as home:
        try:
            up, _ = afspec("up", site, home=home)
            again, _ = afspec("up", site, home=home)
            folder = Path(home) / "afspec/twins" / site
            mine = processes_of(folder)
            held = sum(map(pss, mine)) + in_memory(folder)
        finally:
            down, _ = afspec("down", site, home=home)
    return Figures(site, up, again, down, held / MIB, len(mine))


def main() -> None:
    """Print a table."""
    print(f"{'twin':<12}{'up s':>8}{'again s':>9}{'down s':>8}{'MiB':>8}{'processes':>11}")
    for site in sys.argv[1:] or ["local", "slac", "slac-2023", "bnl"]:
        found = measure(site)
        row = f"{found.up:>8.1f}{found.again:>9.1f}{found.down:>8.1f}{found.mebibytes:>8.0f}{found.processes:>11}"
        print(f"{found.site:<12}{row}", flush=True)


if __name__ == "__main__":
    main()
