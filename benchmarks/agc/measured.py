"""A program that is measured: it reads words from standard input and answers each with one line of JSON.

The programs beside this file analyse the same events with different tools, each in the environment of its tool, so
this module needs nothing but Python. Whoever measures them (compare.py, tests) starts them all, and asks each in turn:

    run               analyse all events once; {"cpu": s, "wall": s, "apart": s, "events": n, "parts": {...}}
    histograms FILE   write what the last run filled, in the form of afspec's histograms.json; {"histograms": n}
    job FILE          take another job; {"samples": n}
    quit              {"memory": bytes of the largest resident set}

The first line comes by itself when everything is imported: {"cpu": s, "versions": {...}}.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Sample:
    """Files of one process and variation; `events` is what its normalisation divides by."""

    process: str
    variation: str
    files: tuple[str, ...]
    events: int


@dataclass(frozen=True)
class Job:
    """What is to be analysed.

    Attributes:
        samples: of the ttbar analysis.
        systematics: whether variations are filled besides the nominal histograms.
        chunk: events that are held in memory at a time, where a tool wants to be told.
        device: "cpu", or "cuda" for those who can.
        threads: for those who can; the others have one.
    """

    samples: tuple[Sample, ...]
    systematics: bool = True
    chunk: int = 200_000
    device: str = "cpu"
    threads: int = 1

    @classmethod
    def read(cls, path: Path) -> Job:
        """One that `write` wrote."""
        told = json.loads(path.read_text(encoding="utf-8"))
        samples = tuple(Sample(**{**sample, "files": tuple(sample["files"])}) for sample in told.pop("samples"))
        return cls(samples=samples, **told)

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


@dataclass(frozen=True)
class Run:
    """What one pass over all events took.

    Attributes:
        events: how many were analysed.
        apart: CPU seconds of it that are compilation, in tools that compile in every run.
        only: CPU seconds that count, where most do not.
        parts: seconds of parts, where a tool tells them.
    """

    events: int
    apart: float = 0.0
    only: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


class Program(Protocol):
    """An analysis, done with some tool."""

    def versions(self) -> dict[str, str]:
        """Of what it is made of."""

    def run(self) -> Run:
        """Analyse all events, from the beginning."""

    def histograms(self) -> dict[str, Any]:
        """What the last run filled: name -> edges, contents with flow, variances."""


def peak() -> int:
    """Bytes of this process's largest resident set; not that of the process that started it, which getrusage has."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def add_pseudodata(found: dict[str, Any]) -> None:
    """The mean of the two alternative ttbar simulations and W+jets, where all are there, as the notebook makes it."""
    for region in ("4j1b", "4j2b"):
        parts = [found.get(f"{region}_{name}") for name in ("ttbar_ME_var", "ttbar_PS_var", "wjets")]
        if any(part is None for part in parts):
            continue
        one, other, background = (part for part in parts if part is not None)
        made = {"edges": one["edges"]}
        for what, half in (("contents", 0.5), ("variances", 0.25)):
            columns = zip(one[what], other[what], background[what], strict=True)
            made[what] = [half * (a + b) + c for a, b, c in columns]
        found[f"{region}_pseudodata"] = made


def histogram(edges: Sequence[float], contents: Sequence[float], variances: Sequence[float]) -> dict[str, list[float]]:
    """One of histograms.json."""
    return {"edges": list(edges), "contents": list(contents), "variances": list(variances)}


def answer(program: Program, word: str, rest: str) -> dict[str, Any]:
    """Do what a line asks for."""
    if word == "run":
        wall, cpu = time.perf_counter(), time.process_time()
        run = program.run()
        used = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        return {**used, **asdict(run), "cpu": used["cpu"] - run.apart if run.only is None else run.only}
    if word == "histograms":
        found = program.histograms()
        Path(rest).write_text(json.dumps(found), encoding="utf-8")
        return {"histograms": len(found)}
    raise SystemExit(f"{word!r} is nothing to be asked for: run, histograms FILE, quit")


def serve(begin: Callable[[Job], Program]) -> None:
    """Answer until it is told to stop, or nobody asks any more; the first job is named on the command line."""
    program = begin(Job.read(Path(sys.argv[1])))
    # Libraries print what they like: answers have a channel of their own.
    answers = sys.stdout
    sys.stdout = sys.stderr

    def say(told: dict[str, Any]) -> None:
        print(json.dumps(told), file=answers, flush=True)

    say({"cpu": time.process_time(), "versions": program.versions()})
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "quit":
            say({"memory": peak()})
            return
        if word == "job":
            job = Job.read(Path(rest))
            program = begin(job)
            say({"samples": len(job.samples)})
            continue
        say(answer(program, word, rest))
