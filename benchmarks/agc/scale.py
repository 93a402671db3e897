"""Whole runs over ever more events: `python benchmarks/agc/scale.py --folder SCRATCH`, which takes long.

A file of a million events is made up once; a list of ten or a hundred million has it under as many names (hard links:
every byte of every file is read and analysed, but for the disk, whose cache holds it after the first time). CPU and
memory of a run must follow: CPU with the events, memory not at all. With --dask, 5 million events are given to one
worker process and to two.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from afspec.agc.bench.machine import describe
from afspec.agc.compare.files import read
from afspec.agc.generate.nanoaod import write

HERE = Path(__file__).resolve().parent
AFSPEC = str(Path(sys.executable).with_name("afspec"))
MILLION = 1_000_000
# Bytes an event takes on disk, generously.
ROOM = 250


@dataclass(frozen=True)
class Whole:
    """A run of `afspec agc run`.

    Attributes:
        cpu, wall: seconds of the whole command, start-up and histograms included; CPU of all its processes.
        loop: wall seconds from the first unit handed out to the last that came back.
        memory: bytes of its largest process.
    """

    what: str
    events: int
    cpu: float
    wall: float
    loop: float
    memory: int


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def base_file(folder: Path, events: int, codec: str) -> Path:
    """The file that all others are links to; made unless it is there.

    Raises:
        SystemExit: the disk has no room for it.
    """
    path = folder / f"base-{events}-{codec.replace(':', '-')}.root"
    if not path.exists():
        free = shutil.disk_usage(folder).free
        if free < events * ROOM:
            raise SystemExit(f"{folder} has {free / 1e9:.1f} GB free, {events * ROOM / 1e9:.1f} GB are needed")
        say(f"making up {events:,} events")
        write(path, events, codec=codec)
    return path


def file_list(folder: Path, base: Path, each: int, events: int) -> Path:
    """A list of `events` events, or the next whole number of files."""
    files = []
    for number in range(-(-events // each)):
        link = folder / f"link-{number:04}.root"
        if not link.exists():
            os.link(base, link)
        files.append({"path": str(link), "nevts": each})
    path = folder / f"files-{events}.json"
    sample = {"nevts_total": each * len(files), "files": files}
    path.write_text(json.dumps({"ttbar": {"nominal": sample}}), encoding="utf-8")
    return path


def run(what: str, files: Path, output: Path, options: list[str]) -> Whole:
    """Run the analysis, and have the kernel tell what it took.

    Raises:
        SystemExit: it failed.
    """
    say(f"{what}: {files.stem}")
    command = [AFSPEC, "agc", "run", str(files), "--output", str(output), "--fresh", "--no-plots", *options]
    done = subprocess.run([sys.executable, str(HERE.parent / "usage.py"), *command], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.decode()[-2000:]}")
    used = json.loads(done.stdout)
    result = json.loads((output / "result.json").read_text(encoding="utf-8"))
    events = sum(sample["events"] for sample in result["samples"])
    cpu = used["user"] + used["kernel"]
    return Whole(what, events, cpu, used["wall"], result["times"]["loop"], used["memory"])


def same_shape(one: Path, other: Path) -> bool:
    """Whether normalised contents are alike: the same events, once or many times, are the same distribution."""
    first, second = read(one / "histograms.json"), read(other / "histograms.json")
    return first.keys() == second.keys() and all(
        abs(a - b) <= 1e-9 * abs(b)
        for name in first
        for a, b in zip(first[name].contents.tolist(), second[name].contents.tolist(), strict=True)
    )


def linear(given: argparse.Namespace, folder: Path, base: Path) -> list[Whole]:
    """One run of each size, on one thread.

    Raises:
        SystemExit: a larger run has other histograms.
    """
    found = []
    for events in given.events:
        files = file_list(folder, base, given.base, events)
        found.append(run("one thread", files, folder / f"out-{events}", ["--threads", "1"]))
        if not same_shape(folder / f"out-{events}", folder / f"out-{given.events[0]}"):
            raise SystemExit(f"histograms of {events:,} events are not those of {given.events[0]:,}")
    return found


def dask(given: argparse.Namespace, folder: Path, base: Path) -> list[Whole]:
    """One worker process and two, in turns."""
    files = file_list(folder, base, given.base, given.dask)
    found = []
    for _ in range(given.repeat):
        for workers in (1, 2):
            # Small enough that neither worker waits for the other at the end.
            options = ["--executor", "dask", "--workers", str(workers), "--chunk-events", "250_000"]
            found.append(run(f"Dask, {workers}", files, folder / f"out-dask-{workers}", options))
    return found


def table(found: list[Whole]) -> str:
    """Markdown; the ratio is that of CPU an event to the first row of the kind."""
    rows = [
        "| What | Events | CPU | Wall | Loop | CPU an event | to the first | Memory |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    first: dict[str, float] = {}
    for each in found:
        cost = each.cpu / each.events
        base = first.setdefault(each.what, cost)
        rows.append(
            f"| {each.what} | {each.events:,} | {each.cpu:.1f} s | {each.wall:.1f} s | {each.loop:.1f} s "
            f"| {1e9 * cost:.0f} ns | {cost / base:.2f} | {each.memory / 1e6:.0f} MB |"
        )
    return "\n".join(rows)


def gains(found: list[Whole]) -> list[float]:
    """Of two Dask workers over one, turn by turn."""
    one, two = ([each.loop for each in found if each.what == f"Dask, {workers}"] for workers in (1, 2))
    return [slow / fast for slow, fast in zip(one, two, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Whole runs over 1, 10 and 100 million events, and Dask's workers.")
    parser.add_argument("--folder", type=Path, required=True, help="where to write; a quarter of a GB a million events")
    parser.add_argument("--events", type=int, nargs="*", default=[MILLION, 10 * MILLION, 100 * MILLION])
    parser.add_argument("--base", type=int, default=MILLION, help="events in the file that is linked")
    parser.add_argument("--codec", default="zstd:5", help="default: %(default)s")
    parser.add_argument("--dask", type=int, metavar="EVENTS", help="also give so many (5000000) to one worker and two")
    parser.add_argument("--repeat", type=int, default=3, help="turns of Dask (default: %(default)s)")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write all that was measured")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    base = base_file(given.folder, given.base, given.codec)
    told: dict[str, Any] = {"format": "afspec-agc-scale/1", "machine": describe()}
    # Links must be on the disk that the file is on.
    with tempfile.TemporaryDirectory(prefix="links-", dir=given.folder) as folder:
        found = linear(given, Path(folder), base)
        if given.dask:
            found += dask(given, Path(folder), base)
    print(table(found))
    if given.dask:
        told["dask_gain"] = median(gains(found))
        print(f"\nTwo Dask workers over one: {told['dask_gain']:.2f} (asked for: 1.6)")
    if given.output:
        told["runs"] = [asdict(each) for each in found]
        given.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
