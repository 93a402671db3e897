"""What a run gives: histograms, and the account of how they came about that result.json holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from afspec.agc.histogram import Histogram
    from afspec.agc.run.studies import Role, Yield

SCHEMA: Final = "afspec-agc-result/1"


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample.

    Attributes:
        process, variation: its name in the file list.
        role: "signal", "background", "alternative" (another simulation of one of these) or "data".
        files: how many were to be read.
        listed: events that the list says they have.
        events: events that were looked at.
        cross_section: pb; 0 of data.
        weight: what an event counts for: cross section x luminosity / what Result.normalised_by says.
        flow: step of the selection -> events that pass it and those before it.
        yields: region -> what is left in the nominal selection.
    """

    process: str
    variation: str
    role: Role
    files: int
    listed: int
    events: int
    cross_section: float
    weight: float
    flow: dict[str, int]
    yields: dict[str, Yield]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of wall time, of this run alone: what a former one did is not in them, but for the four parts of reading.

    Attributes:
        startup: from the start of the process to the work's planning: Python, imports.
        jit: compiling kernels, or loading them from the cache of compiled code.
        first: from the start of the process to the first chunk in histograms; None where workers are elsewhere.
        loop: from the first unit handed out to the last one come back.
        cpu: of all threads of this process, in the loop.
        open, read, decompress, kernel: of the threads that worked, added up, all runs of a resumed one together.
    """

    startup: float
    jit: float
    first: float | None
    loop: float
    cpu: float
    open: float
    read: float
    decompress: float
    kernel: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second of this run: all in all (over Times.loop), by worker, and by second of CPU time of this process.

    The last is None where workers are elsewhere.
    """

    events: float
    per_worker: float
    per_cpu_second: float | None


@dataclass(frozen=True, slots=True)
class FailureResult:
    """Something that was not done, or not done right, and is not in the histograms, or should not be.

    Attributes:
        process, variation, file: what it is of; addresses without secrets.
        start, stop: entries concerned.
        error: what went wrong.
        tries: how often it was tried.
    """

    process: str
    variation: str
    file: str
    start: int
    stop: int | None
    error: str
    tries: int


@dataclass(frozen=True, slots=True)
class Input:
    """What was read: where the list is from, its SHA-256, how many files and events it has."""

    source: str
    digest: str
    files: int
    events: int
    units: int
    chunk_events: int


@dataclass(frozen=True, slots=True)
class Result:
    """A run. Every field but `histograms` is in result.json, under its name.

    Attributes:
        histograms: normalised, by upstream's names; in histograms.json.
        histograms_sha256: of that file.
        afspec: version.
        analysis: its name with its options.
        complete: every event of the list is in the histograms, once.
        luminosity: 1/pb.
        normalised_by: what weights are over.
        resumed: events taken over from an interrupted run.
        bytes: compressed and uncompressed, of baskets that afspec's own reader read, and how many baskets.
        fallbacks: branch -> why uproot had to read it.
        notes: what is odd about the input.
        executor: what did the work.
        versions: of Python and of libraries that matter.
        started, finished: UTC.
    """

    histograms: dict[str, Histogram]
    histograms_sha256: str
    afspec: str
    analysis: str
    options: dict[str, object]
    complete: bool
    luminosity: float
    normalised_by: str
    samples: tuple[SampleResult, ...]
    resumed: int
    times: Times
    rates: Rates
    bytes: dict[str, int]
    fallbacks: dict[str, str]
    failures: tuple[FailureResult, ...]
    notes: tuple[str, ...]
    input: Input
    executor: dict[str, object]
    versions: dict[str, str]
    started: str
    finished: str

    @property
    def events(self) -> int:
        """That were looked at, all samples together."""
        return sum(sample.events for sample in self.samples)

    @property
    def regions(self) -> tuple[str, ...]:
        """Those of the samples' yields."""
        return tuple(dict.fromkeys(region for sample in self.samples for region in sample.yields))

    def document(self) -> dict[str, Any]:
        """What result.json holds."""
        shown = [field.name for field in fields(self) if field.name != "histograms"]
        return {"schema": SCHEMA, **{name: _plain(getattr(self, name)) for name in shown}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
