"""What is simulated: the hard process of each sample, in few numbers.

They are chosen so that the shares of events in the analysis's regions, and the shapes there, are near those of the CMS
open data simulation (the AGC's reference histograms of one file a process). It is no simulation to do physics with.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Final

from afspec.agc.errors import AgcError

Sample = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Process:
    """A sample; energies in GeV.

    Attributes:
        tops: how many are made, back to back if two.
        bosons: W bosons made beside them.
        bottoms: b quarks made beside a top.
        forward: light quarks at large rapidity made beside a top.
        leptonic: share of W bosons that decay to a lepton (any flavour) and a neutrino.
        hardness: of what is made: the mean of its pt is twice this.
        radiated: mean number of further jets harder than 15.
        steepness: how fast they get rarer, the power of 1/pt.
        heavy: share of events whose first two further jets hold a b quark each.
        charmed: share of further jets with a c quark.
        scale: of jets' energies.
    """

    tops: float = 0
    bosons: float = 0
    bottoms: float = 0
    forward: float = 0
    leptonic: float = 0.326
    hardness: float = 54.0
    radiated: float = 0.8
    steepness: float = 1.5
    heavy: float = 0.02
    charmed: float = 0.08
    scale: float = 1.0

    def numbers(self) -> tuple[float, ...]:
        """All of them, for compiled code."""
        return tuple(float(each) for each in astuple(self))


_TTBAR: Final = Process(tops=2)
PROCESSES: Final[dict[Sample, Process]] = {
    ("ttbar", "nominal"): _TTBAR,
    ("ttbar", "ME_var"): replace(_TTBAR, hardness=61.0, radiated=1.05),
    ("ttbar", "PS_var"): replace(_TTBAR, radiated=0.95, steepness=1.7, scale=0.98),
    ("ttbar", "scaleup"): replace(_TTBAR, radiated=0.83, scale=1.005),
    ("ttbar", "scaledown"): replace(_TTBAR, radiated=0.77, scale=0.993),
    ("single_top_s_chan", "nominal"): Process(tops=1, bottoms=1, leptonic=1.0, radiated=0.55),
    ("single_top_t_chan", "nominal"): Process(tops=1, forward=1, hardness=32.0, radiated=1.35),
    ("single_top_tW", "nominal"): Process(tops=1, bosons=1, radiated=1.2),
    ("wjets", "nominal"): Process(
        bosons=1, leptonic=1.0, hardness=9.0, radiated=1.6, steepness=1.55, heavy=0.02, charmed=0.12
    ),
}

# Parts of a file set, in the order of samples.
SHARES: Final[dict[Sample, float]] = {
    ("ttbar", "nominal"): 0.30,
    ("ttbar", "ME_var"): 0.06,
    ("ttbar", "PS_var"): 0.06,
    ("ttbar", "scaleup"): 0.06,
    ("ttbar", "scaledown"): 0.06,
    ("single_top_s_chan", "nominal"): 0.02,
    ("single_top_t_chan", "nominal"): 0.06,
    ("single_top_tW", "nominal"): 0.03,
    ("wjets", "nominal"): 0.35,
}


def process_of(process: str, variation: str) -> Process:
    """A sample's numbers.

    Raises:
        AgcError: there is no such sample.
    """
    try:
        return PROCESSES[process, variation]
    except KeyError:
        known = ", ".join("/".join(sample) for sample in PROCESSES)
        raise AgcError(f"{process}/{variation} cannot be made up", f"Samples are {known}") from None


def stream_of(process: str, variation: str) -> int:
    """The number of a sample's random numbers."""
    return list(PROCESSES).index((process, variation))


def shared(events: int, least: int = 400) -> dict[Sample, int]:
    """Events of each sample: about `events` in all, and `least` of each at least."""
    counts = {sample: max(least, round(events * share)) for sample, share in SHARES.items()}
    surplus = sum(counts.values()) - events
    largest = max(counts, key=lambda sample: counts[sample])
    return {**counts, largest: max(least, counts[largest] - surplus)}
