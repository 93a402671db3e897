"""The whole measurement: inputs, turns, start-up, and a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.agc.bench import machine, memory, startup
from afspec.agc.bench.passes import Case, Turn, analyse, turn
from afspec.agc.bench.report import Report, figures
from afspec.agc.errors import AgcError
from afspec.agc.run.filelist import File, FileList
from afspec.agc.ttbar.samples import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from afspec.agc.generate.files import Form
    from afspec.agc.ttbar.analysis import Ttbar


def generated(folder: Path, events: int, codecs: Sequence[str], forms: Sequence[Form], cluster: int) -> list[Case]:
    """A file of ttbar events in each codec and form: the sample with all systematics, which is the slowest one.

    Raises:
        AgcError: a codec or form is none, or there is no event.
    """
    from afspec.agc.generate.nanoaod import write  # noqa: PLC0415 - compiles

    if events < 1:
        raise AgcError(f"{events} events cannot be measured", "Give --generate 1 or more")
    cases = []
    for form in forms:
        for codec in codecs:
            path = folder / f"{codec.replace(':', '-')}-{form}.root"
            write(path, events, codec=codec, cluster=cluster, form=form)
            sample = ("ttbar", NOMINAL)
            cases.append(Case(f"{codec} {form}", FileList({sample: (File(str(path), events),)}, "generated events")))
    return cases


def run(
    analysis: Ttbar,
    cases: Sequence[Case],
    *,
    repeats: int,
    threads: int,
    start_up: bool,
    progress: Callable[[str], object],
) -> Report:
    """Measure cases, in turns.

    Arguments:
        analysis: with its options.
        cases: what it reads.
        repeats: how many turns; before them each case is read once, so that it is compiled and in the page cache.
        threads: how many are held against one; 1 measures none.
        start_up: whether fresh processes are started to measure compilation and memory.
        progress: is told what is done next.

    Raises:
        AgcError: a file cannot be read, or there is nothing to measure.
    """
    for case in cases:
        if not case.files.events:
            raise AgcError(f"{case.name}: there is no event to measure", "Give files that have some")
        progress(f"{case.name}: {case.files.events:,} events, once before the clock runs")
        analyse(analysis, case.files, 1, max(file.events for _, file in case.files))
    turns: dict[str, list[Turn]] = {case.name: [] for case in cases}
    for number in range(repeats):
        for case in cases:
            progress(f"{case.name}: turn {number + 1} of {repeats}")
            turns[case.name].append(turn(analysis, case, threads))
    started = None
    if start_up:
        progress("start-up: two fresh processes")
        (_, variation), file = next(iter(cases[0].files))
        started = startup.measure(analysis, file.path, variation)
    progress("memory bandwidth")
    return Report(
        analysis.name,
        machine.describe(),
        repeats,
        memory.bandwidth(),
        started,
        tuple(figures(case, turns[case.name], threads) for case in cases),
    )
