"""What running needs of an analysis beyond the pass over events: its normalisation, histograms and regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.hzz import samples as hzz
from afspec.agc.hzz import task as hzz_task
from afspec.agc.hzz.histograms import histograms as hzz_histograms
from afspec.agc.ttbar import task
from afspec.agc.ttbar.histograms import histograms
from afspec.agc.ttbar.samples import CROSS_SECTIONS, LUMINOSITY, NOMINAL, SAMPLES, weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.agc.analysis import Analysis
    from afspec.agc.histogram import Histogram
    from afspec.agc.run.work import Sample
    from afspec.agc.tally import Tally


_TTBAR = "ttbar"
_FOUR_LEPTONS = "4l"
# What a sample is to the analysis; "alternative" is another simulation of one that counts.
Role: TypeAlias = Literal["signal", "background", "alternative", "data"]


@dataclass(frozen=True, slots=True)
class Yield:
    """Events of a sample in a region, unweighted and as the luminosity has them.

    Attributes:
        selected: events, or their sum of weights before normalisation.
        expected: after it.
        uncertainty: of `expected`, for the number of simulated events is finite.
    """

    selected: float
    expected: float
    uncertainty: float


class Study(Protocol):
    """One analysis as those see it who run it and show what came of it."""

    @property
    def analysis(self) -> Analysis:
        """The pass over events."""

    @property
    def options(self) -> dict[str, object]:
        """How it was set up, for result.json."""

    @property
    def luminosity(self) -> float:
        """1/pb, that all is normalised to."""

    @property
    def normalised_by(self) -> str:
        """What weights are over."""

    def role(self, sample: Sample) -> Role:
        """What a sample is."""

    def check(self, sample: Sample) -> None:
        """Refuse a sample that cannot be normalised.

        Raises:
            AgcError: its process or variation is not known.
        """

    def cross_section(self, sample: Sample) -> float:
        """In pb; 0 of data."""

    def weight(self, sample: Sample, tally: Tally) -> float:
        """What an event with weight 1 counts for."""

    def histograms(self, tallies: Mapping[Sample, Tally]) -> dict[str, Histogram]:
        """All of them, normalised, under the names that upstream gives them."""

    def yields(self, sample: Sample, tally: Tally) -> dict[str, Yield]:
        """Nominal, region by region."""


@dataclass(frozen=True, slots=True)
class TtbarStudy:
    """The CMS open data ttbar analysis."""

    analysis: Analysis
    version: int = 2
    systematics: bool = True

    @property
    def options(self) -> dict[str, object]:
        """How it was set up."""
        return {"task": self.version, "systematics": self.systematics}

    @property
    def luminosity(self) -> float:
        """1/pb."""
        return LUMINOSITY

    @property
    def normalised_by(self) -> str:
        """What weights are over."""
        return "events looked at"

    def role(self, sample: Sample) -> Role:
        """The signal is ttbar."""
        if sample[1] != NOMINAL:
            return "alternative"
        return "signal" if sample[0] == _TTBAR else "background"

    def check(self, sample: Sample) -> None:
        """Refuse a sample without a cross section, or of a variation that the task does not have.

        Raises:
            AgcError: its process or variation is not known.
        """
        process, variation = sample
        if process not in CROSS_SECTIONS:
            raise AgcError(f"no cross section is known for {process!r}", f"Known are {', '.join(CROSS_SECTIONS)}")
        if sample not in SAMPLES:
            known = ", ".join(other for name, other in SAMPLES if name == process)
            raise AgcError(f"{process} has no variation {variation!r}", f"It has {known}")

    def cross_section(self, sample: Sample) -> float:
        """In pb."""
        return CROSS_SECTIONS[sample[0]]

    def weight(self, sample: Sample, tally: Tally) -> float:
        """Cross section times luminosity over the events looked at; 0 where there are none."""
        return weight(sample[0], tally.events) if tally.events else 0.0

    def histograms(self, tallies: Mapping[Sample, Tally]) -> dict[str, Histogram]:
        """All of them, normalised."""
        return histograms(tallies, systematics=self.systematics)

    def yields(self, sample: Sample, tally: Tally) -> dict[str, Yield]:
        """Nominal, region by region."""
        scale, rows = self.weight(sample, tally), len(task.VARIATIONS)
        return {region: _yield(tally, place * rows, scale) for place, region in enumerate(task.REGIONS)}


@dataclass(frozen=True, slots=True)
class HzzStudy:
    """The ATLAS open data analysis of four leptons."""

    analysis: Analysis
    systematics: bool = True

    @property
    def options(self) -> dict[str, object]:
        """How it was set up."""
        return {"systematics": self.systematics}

    @property
    def luminosity(self) -> float:
        """1/pb."""
        return hzz.LUMINOSITY

    @property
    def normalised_by(self) -> str:
        """What weights are over."""
        return "sums of weights of all events simulated"

    def role(self, sample: Sample) -> Role:
        """The signal is the Higgs boson's decay."""
        if sample[0] == hzz.DATA:
            return "data"
        return "signal" if hzz.SAMPLES[sample[0]].group == "signal" else "background"

    def check(self, sample: Sample) -> None:
        """Refuse a sample that the analysis does not have.

        Raises:
            AgcError: its process or variation is not known.
        """
        known = (hzz.DATA, *hzz.SAMPLES)
        if sample[0] not in known or sample[1] != hzz.NOMINAL:
            raise AgcError(f"hzz has no sample {' '.join(sample)}", f"It has {', '.join(known)}, all nominal")

    def cross_section(self, sample: Sample) -> float:
        """In pb; 0 of data."""
        return 0.0 if sample[0] == hzz.DATA else hzz.SAMPLES[sample[0]].cross_section

    def weight(self, sample: Sample, tally: Tally) -> float:
        """What an event of weight 1 counts for; 0 where there are none."""
        if not tally.events:
            return 0.0
        return 1.0 if sample[0] == hzz.DATA else hzz.SAMPLES[sample[0]].weight

    def histograms(self, tallies: Mapping[Sample, Tally]) -> dict[str, Histogram]:
        """All of them, normalised."""
        return hzz_histograms(tallies, systematics=self.systematics)

    def yields(self, sample: Sample, tally: Tally) -> dict[str, Yield]:
        """Of four leptons of any mass."""
        row = hzz_task.COUNTED if sample[0] == hzz.DATA else 0
        return {_FOUR_LEPTONS: _yield(tally, row, self.weight(sample, tally))}


def _yield(tally: Tally, row: int, weight: float) -> Yield:
    selected = float(tally.sums[row].sum())
    return Yield(selected, weight * selected, weight * float(np.sqrt(tally.squares[row].sum())))


def study_of(analysis: Analysis) -> Study:
    """The study that an analysis belongs to, by its name; on whatever device it runs.

    Raises:
        AgcError: there is none.
    """
    kind = analysis.name.partition("-")[0]
    if kind == "ttbar":
        return TtbarStudy(analysis, getattr(analysis, "version", 2), getattr(analysis, "systematics", True))
    if kind == "hzz":
        return HzzStudy(analysis, getattr(analysis, "systematics", True))
    raise AgcError(f"nothing is known of the analysis {analysis.name!r}", "Known are ttbar and hzz")


def analysis_of(kind: str, *, version: int = 2, systematics: bool = True, device: str = "cpu") -> Analysis:
    """The analysis that was asked for; what is compiled is imported here, and not before.

    Raises:
        AgcError: it does not run on that device.
        DeviceError: the device is not there.
    """
    if kind == "ttbar" and device == "cuda":
        from afspec.agc.gpu import require  # noqa: PLC0415 - numba-cuda is not needed, nor there, without a GPU
        from afspec.agc.ttbar.gpu import TtbarCuda  # noqa: PLC0415

        require()
        return TtbarCuda(version, systematics)
    if device != "cpu":
        raise AgcError(f"{kind} does not run on {device}", "Leave --device out")
    if kind == "hzz":
        from afspec.agc.hzz import Hzz  # noqa: PLC0415 - numba takes its time

        return Hzz(systematics)
    from afspec.agc.ttbar.analysis import Ttbar  # noqa: PLC0415 - numba takes its time

    return Ttbar(version, systematics)
