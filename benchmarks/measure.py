"""Figures of whole afspec processes as a table: `python benchmarks/measure.py` (--json, --large).

Every figure is that of processes as a user starts them, by the kernel's account (usage.py). Times are medians of a few
runs. Nothing is asserted: read the ratios, and compare seconds only with those of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent
AFSPEC = str(Path(sys.executable).with_name("afspec"))
SITE = str(HERE.parent / "specs" / "sites" / "slac.yaml")
CLUSTER = str(HERE.parent / "specs" / "sites" / "uchicago.yaml")
LOCK = "afspec.lock.json"
MB = 10**6


class Usage(NamedTuple):
    """What a process took: CPU seconds, wall seconds, bytes of memory."""

    user: float
    kernel: float
    wall: float
    memory: int

    @property
    def cpu(self) -> float:
        return self.user + self.kernel


class Figure(NamedTuple):
    """A row of the table; `aim` is the most that it should be."""

    what: str
    value: float
    unit: str
    aim: str = ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Usage:
    """One process of afspec."""
    command = [sys.executable, str(HERE / "usage.py"), AFSPEC, *arguments]
    env = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[2:])} failed:\n{done.stderr[-2000:]}")
    return Usage(**json.loads(done.stdout))


def median(runs: list[Usage]) -> Usage:
    """The middle of each column."""
    return Usage(*(statistics.median(column) for column in zip(*runs, strict=True)))


def files(folder: Path) -> int:
    """How many files afspec wrote below a folder, its locks aside."""
    return sum(path.is_file() and path.name != LOCK for path in folder.rglob("*"))


class Bench:
    """Measurements in a folder that is removed at the end.

    Nothing is removed before: on some ext4 file systems, making files costs the kernel ten times more just after many
    were deleted.
    """

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder = folder
        self.runs = runs
        self.outputs = 0

    def fresh(self) -> Path:
        """A folder that is not there yet."""
        self.outputs += 1
        return self.folder / f"out-{self.outputs}"

    def cold(self) -> list[Figure]:
        """Single commands, each from the start of its process; the system has its files in memory."""
        say("cold starts")
        run("--help")  # byte-code is compiled once
        helped = median([run("--help") for _ in range(2 * self.runs + 1)])
        validated = median([run("validate", SITE) for _ in range(self.runs)])
        first = median([run("compile", SITE, "-o", str(self.fresh())) for _ in range(self.runs)])
        again = median([run("compile", SITE, "-o", str(self.folder / "out-1")) for _ in range(self.runs)])
        return [
            Figure("afspec --help, wall", helped.wall, "s", "0.2 s"),
            Figure("afspec validate sites/slac.yaml, wall", validated.wall, "s"),
            Figure("afspec compile sites/slac.yaml into a new folder, wall", first.wall, "s", "0.5 s"),
            Figure("the same, CPU", first.cpu, "s"),
            Figure("the same, memory", first.memory / MB, "MB"),
            Figure("the same again, unchanged, wall", again.wall, "s"),
        ]

    def verified(self) -> list[Figure]:
        """One site's manifests by every tool that is here, then again: nothing is asked of an unchanged site."""
        say("verify")
        out = self.fresh()
        run("compile", CLUSTER, "-o", str(out))
        folder = str(out / Path(CLUSTER).stem)
        first = run("verify", folder, environment={"AFSPEC_NO_CACHE": "1"})
        run("verify", folder)
        again = median([run("verify", folder) for _ in range(self.runs)])
        nothing = median([run("verify", folder, "--only", "ssh") for _ in range(self.runs)])
        return [
            Figure("afspec verify of uchicago, nothing remembered, CPU", first.cpu, "s"),
            Figure("the same, unchanged, CPU", again.cpu, "s"),
            Figure("the same, unchanged, CPU over that of one remembered check", again.cpu / nothing.cpu, ""),
        ]

    def fleet(self, count: int, runs: int) -> tuple[list[Figure], float]:
        """A fleet's first compile and an unchanged one; also the CPU seconds of the first."""
        say(f"a fleet of {count:,} sites")
        specs = self.folder / f"fleet-{count}"
        subprocess.run([sys.executable, str(HERE / "fleet.py"), str(count), str(specs)], check=True)
        pattern = str(specs / "sites" / "*.yaml")
        firsts, seconds = [], []
        for number in range(1, runs + 1):
            out = self.fresh()
            firsts.append(run("compile", pattern, "-o", str(out)))
            seconds.append(run("compile", pattern, "-o", str(out)))
            say(f"  run {number} of {runs}: {firsts[-1].cpu:.1f} s CPU, then {seconds[-1].cpu:.1f} s unchanged")
        first, second, outputs = median(firsts), median(seconds), files(out)
        sites = f"{count:,} sites"
        rows = [
            Figure(f"{sites}, output files", outputs, ""),
            Figure(f"{sites}, first compile, CPU", first.cpu, "s", "40 s" if count == 1000 else ""),  # noqa: PLR2004
            Figure(f"{sites}, first compile, of which in the kernel", first.kernel, "s"),
            Figure(f"{sites}, CPU a site", 1000 * first.cpu / count, "ms", "40 ms"),
            Figure(f"{sites}, CPU an output file", 1000 * first.cpu / outputs, "ms", "1 ms"),
            Figure(f"{sites}, first compile, memory", first.memory / MB, "MB", "400 MB"),
            Figure(f"{sites}, unchanged, CPU", second.cpu, "s"),
            Figure(f"{sites}, unchanged over first, CPU", second.cpu / first.cpu, "", "0.1"),
        ]
        return rows, first.cpu


def markdown(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = []
    for row in figures:
        value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"  # noqa: PLR2004 - three digits
        rows.append(f"| {row.what} | {f'{value} {row.unit}'.strip()} | {row.aim} |")
    return "\n".join(["| What | Measured | At most |", "| :-- | --: | --: |", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure afspec's speed and memory, process by process.")
    parser.add_argument("--sites", type=int, default=1000, help="size of the fleet (default: %(default)s)")
    parser.add_argument("--large", action="store_true", help="also a fleet ten times as large, once")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is given (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's folder for such files)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="afspec-bench-", dir=given.folder) as folder:
        bench = Bench(Path(folder), given.runs)
        figures = [*bench.cold(), *bench.verified()]
        rows, seconds = bench.fleet(given.sites, given.runs)
        figures += rows
        if given.large:
            rows, many = bench.fleet(10 * given.sites, 1)
            figures += [*rows, Figure("Ten times the sites, CPU over ten times the CPU", many / (10 * seconds), "")]
        say("removing what was written")
    print(json.dumps([row._asdict() for row in figures], indent=2) if given.json else markdown(figures))


if __name__ == "__main__":
    main()
