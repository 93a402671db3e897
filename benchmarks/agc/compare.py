"""afspec beside coffea and RDataFrame, on the same events in the same run: `python benchmarks/agc/compare.py`.

Every program analyses every file once before the clock runs; then they take turns, so that what disturbs the machine
disturbs all. Rates are events by seconds of CPU of one thread, without start-up and compilation, which have columns of
their own; ratios are taken within a turn, and their medians are shown. Histograms must agree bin by bin.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import peers
from measured import Job, Sample
from running import ProgramError, Running

from afspec.agc.bench.machine import describe
from afspec.agc.compare.bins import exactly
from afspec.agc.compare.sets import compare
from afspec.agc.compare.words import told
from afspec.agc.generate.nanoaod import write
from afspec.agc.histogram import of_documents

if TYPE_CHECKING:
    from collections.abc import Sequence

RELATIVE = 1e-6
CLUSTER = 20_000
# What is asked for, of 20,000 events in a cluster and all systematics: coffea, RDataFrame, share of the floor.
ASKED = {"zstd:5 ttree": (12.0, 6.0, 0.75), "lz4:4 ttree": (20.0, 10.0, None)}


@dataclass
class Measured:
    """One program on one input.

    Attributes:
        cpu, wall: seconds of each turn.
        start, compile: CPU seconds until it was ready; and of the first run, or of any, more than of analysing.
        memory: bytes of its largest resident set.
        agrees: whether its histograms are afspec's; None where it has none.
    """

    events: int = 0
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    start: float = 0.0
    compile: float = 0.0
    memory: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    agrees: bool | None = None
    differences: list[str] = field(default_factory=list)

    @property
    def khz(self) -> float:
        return self.events / median(self.cpu) / 1e3


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How much faster the second is: the median of turns."""
    return median(one / other for one, other in zip(slow, fast, strict=True))


def measure(jobs: dict[str, Job], repeats: int) -> dict[str, Measured]:
    """All programs on one input; names are those of programs, "afspec x2" is afspec on two threads.

    Raises:
        ProgramError: one of them ended.
    """
    found = {name: Measured() for name in jobs}
    with ExitStack() as stack:
        programs = {}
        for name, job in jobs.items():
            say(f"  {name}: start, and one run before the clock")
            programs[name] = stack.enter_context(Running(name.partition(" ")[0], job))
            found[name].start = programs[name].ready["cpu"]
            found[name].versions = programs[name].ready["versions"]
            first = programs[name].ask("run")
            found[name].compile = first["cpu"] + first["apart"]
        for turn in range(repeats):
            say(f"  turn {turn + 1} of {repeats}")
            for name, program in programs.items():
                run = program.ask("run")
                found[name].events, found[name].parts = run["events"], run["parts"]
                found[name].cpu.append(run["cpu"])
                found[name].wall.append(run["wall"])
        ours = of_documents(programs["afspec"].histograms())
        for name, program in programs.items():
            mine = found[name]
            mine.compile = max(0.0, mine.compile - median(mine.cpu))
            if name not in {"afspec", "floor"}:
                held = compare(ours, of_documents(program.histograms()), exactly(RELATIVE))
                mine.agrees, mine.differences = held.alike, [] if held.alike else list(told(held))
            mine.memory = program.ask("quit")["memory"]
    return found


def table(name: str, found: dict[str, Measured], events: int) -> str:
    """Markdown; ratios say how much faster afspec is."""
    ours = found["afspec"]
    rows = [
        f"{name}, {events:,} events",
        "",
        "| What | kHz a core | afspec is faster | Start-up | Compilation | Memory | Histograms |",
        "| :-- | --: | --: | --: | --: | --: | :-- |",
    ]
    for what, each in found.items():
        if what == "afspec x2":
            continue
        alike = {None: "", True: "the same", False: "differ"}[each.agrees]
        rows.append(
            f"| {what} | {each.khz:.0f} | {ratio(each.cpu, ours.cpu):.2f} | {each.start:.1f} s | {each.compile:.1f} s "
            f"| {each.memory / 1e6:.0f} MB | {alike} |"
        )
    rows.append("")
    rows += [f"- {line}" for line in verdicts(name, found)]
    for what, each in found.items():
        rows += [f"- {what}: {line}" for line in each.differences]
    return "\n".join(rows)


def verdicts(name: str, found: dict[str, Measured]) -> list[str]:
    """Lines that hold ratios against what is asked for."""
    ours = found["afspec"]
    coffea, rdf, share = ASKED.get(name, (None, None, None))
    lines = []
    for what, asked in (("coffea", coffea), ("root", rdf)):
        if what in found:
            lines.append(against(f"faster than {what}", ratio(found[what].cpu, ours.cpu), asked, "x"))
    if "floor" in found:
        lines.append(against("of the decompression floor", ratio(found["floor"].cpu, ours.cpu), share, ""))
    if "afspec x2" in found:
        lines.append(against("two threads", ratio(ours.wall, found["afspec x2"].wall), 1.8, "x"))
    return lines


def against(what: str, value: float, asked: float | None, unit: str) -> str:
    """A ratio, and what is asked for."""
    limit = "" if asked is None else f" (asked for: {asked:g}{unit}, {'reached' if value >= asked else 'NOT reached'})"
    return f"{what}: {value:.2f}{unit}{limit}"


def programs(given: argparse.Namespace, path: Path) -> dict[str, Job]:
    """What is run on a file."""
    sample = Sample("ttbar", "nominal", (str(path),), given.events)
    job = Job((sample,), systematics=not given.nominal)
    found = {"afspec": job, "floor": job}
    found |= {peer: job for peer in ("coffea", "root") if peer not in given.without}
    if given.threads:
        found["afspec x2"] = Job((sample,), job.systematics, chunk=max(CLUSTER, given.events // 8), threads=2)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare afspec with coffea and ROOT's RDataFrame.")
    parser.add_argument("--events", type=int, default=1_200_000, help="in each file (default: %(default)s)")
    parser.add_argument("--codec", nargs="+", default=["zstd:5", "lz4:4"], help="default: zstd:5 lz4:4")
    parser.add_argument("--form", nargs="+", choices=["ttree", "rntuple"], default=["ttree"], help="default: ttree")
    parser.add_argument("--cluster", type=int, default=CLUSTER, help="events in a cluster (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="turns (default: %(default)s)")
    parser.add_argument("--nominal", action="store_true", help="without systematics")
    parser.add_argument("--without", nargs="*", default=[], choices=["coffea", "root"], help="peers to leave out")
    parser.add_argument("--no-threads", dest="threads", action="store_false", help="without two threads")
    parser.add_argument("--folder", type=Path, help="where to write events (default: the system's folder for such)")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write all that was measured")
    parser.add_argument("--json", action="store_true", help="print it, instead of tables")
    return parser.parse_args()


def inputs(given: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Files of the same events in each codec and form."""
    made = {}
    for form in given.form:
        for codec in given.codec:
            name = f"{codec} {form}"
            say(f"{name}: making up {given.events:,} events")
            made[name] = folder / f"{name.replace(':', '-').replace(' ', '-')}.root"
            write(made[name], given.events, codec=codec, cluster=given.cluster, form=form)
    return made


def main() -> int:
    """0 where all histograms agree."""
    given = arguments()
    for peer in {"coffea", "root"} - set(given.without):
        peers.setup(peer)
    results: dict[str, dict[str, Measured]] = {}
    with tempfile.TemporaryDirectory(prefix="afspec-agc-", dir=given.folder) as folder:
        for name, path in inputs(given, Path(folder)).items():
            say(name)
            try:
                results[name] = measure(programs(given, path), given.repeat)
            except ProgramError as error:
                raise SystemExit(str(error)) from None
            if not given.json:
                print(table(name, results[name], given.events), end="\n\n", flush=True)
    document = written(given, results)
    if given.output:
        given.output.write_text(document + "\n", encoding="utf-8")
    if given.json:
        print(document)
    return int(any(each.agrees is False for found in results.values() for each in found.values()))


def written(given: argparse.Namespace, results: dict[str, dict[str, Measured]]) -> str:
    """All as JSON."""
    told_: dict[str, Any] = {
        "format": "afspec-agc-compare/1",
        "machine": describe(),
        "events": given.events,
        "cluster": given.cluster,
        "systematics": not given.nominal,
        "inputs": {
            name: {what: {**asdict(each), "khz": each.khz} for what, each in found.items()}
            for name, found in results.items()
        },
        "ratios": {
            name: {what: ratio(each.cpu, found["afspec"].cpu) for what, each in found.items()}
            for name, found in results.items()
        },
    }
    return json.dumps(told_, indent=1)


if __name__ == "__main__":
    sys.exit(main())
