"""Only decompression of what the analysis reads (see afspec.agc.bench.floor): `python with_floor.py JOB.json`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from measured import Job, Run, serve

from afspec.agc.bench.floor import frames_of, measure
from afspec.agc.ttbar.task import LAYOUT


class Program:
    """All samples of a job; reading is told apart, so that CPU is that of decompression."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def versions(self) -> dict[str, str]:
        return {"cramjam": version("cramjam")}

    def run(self) -> Run:
        found = [measure(frames_of(file, LAYOUT)) for sample in self._job.samples for file in sample.files]
        events = sum(sample.events for sample in self._job.samples)
        return Run(events, only=sum(each.seconds for each in found))

    def histograms(self) -> dict[str, Any]:
        return {}


if __name__ == "__main__":
    serve(Program)
