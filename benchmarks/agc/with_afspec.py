"""The ttbar analysis with afspec, as the other programs here do it: `python with_afspec.py JOB.json`.

With more than one thread a file is cut into units, as `afspec agc run` does; with one, a file is one unit.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from measured import Job, Run, serve

from afspec.agc.events import open_events
from afspec.agc.run.executors.threads import in_process
from afspec.agc.run.filelist import File, FileList
from afspec.agc.run.plan import plan
from afspec.agc.run.work import Partial, merge
from afspec.agc.ttbar.analysis import Ttbar
from afspec.agc.ttbar.histograms import histograms
from afspec.agc.ttbar.task import LAYOUT

if TYPE_CHECKING:
    from afspec.agc.analysis import Analysis


def analysis_of(job: Job) -> Analysis:
    """On the device that the job names."""
    if job.device == "cpu":
        return Ttbar(systematics=job.systematics)
    from afspec.agc.ttbar.gpu import TtbarCuda  # noqa: PLC0415 - it wants a GPU, or the simulator

    return TtbarCuda(systematics=job.systematics)


def listed(path: str) -> File:
    """A file, with the number of its events."""
    with open_events(path, LAYOUT) as events:
        return File(path, events.entries)


class Program:
    """All samples of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._analysis = analysis_of(job)
        self._total = Partial()

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("afspec", "numba", "uproot", "numpy", "cramjam")}

    def run(self) -> Run:
        units = plan(self._files(), self._job.chunk if self._job.threads > 1 else sys.maxsize)
        with in_process(self._job.threads, tries=1) as executor:
            self._total = merge(executor.run(self._analysis, units))
        if self._total.failures:
            raise SystemExit("\n".join(failure.error for failure in self._total.failures))
        stats = self._total.stats
        parts = {part: getattr(stats, part) for part in ("open", "read", "decompress", "kernel")}
        return Run(sum(self._total.done.values()), parts=parts)

    def _files(self) -> FileList:
        return FileList({(s.process, s.variation): tuple(map(listed, s.files)) for s in self._job.samples})

    def histograms(self) -> dict[str, Any]:
        found = histograms(self._total.tallies, systematics=self._job.systematics)
        return {name: each.document() for name, each in found.items()}


if __name__ == "__main__":
    serve(Program)
