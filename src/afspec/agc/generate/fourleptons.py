"""Synthetic ATLAS open data for the four-lepton analysis: the branches of its `mini` trees, jagged with a counter.

Real files have std::vector branches in a TTree, which uproot cannot write; an RNTuple's are vectors in truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.generate.files import Batch, Branch, create
from afspec.agc.hzz.samples import DATA, LUMINOSITY, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from afspec.agc.generate.files import Form

    Reals = NDArray[np.float64]

TREE: Final = "mini"
# Events whose random numbers are drawn together.
_BLOCK: Final = 4096
_Z: Final = 91.19
_GEV: Final = 1000.0
_SCALE_FACTORS: Final = ("ELE", "MUON", "LepTRIGGER", "PILEUP")
_NEGATIVE: Final = 0.05

BRANCHES: Final = (
    Branch("runNumber", "int32"),
    Branch("eventNumber", "int32"),
    Branch("channelNumber", "int32"),
    Branch("mcWeight", "float32"),
    *(Branch(f"scaleFactor_{name}", "float32") for name in _SCALE_FACTORS),
    Branch("lep_n", "uint32"),
    *(Branch(f"lep_{name}", "float32", "lep_n") for name in ("pt", "eta", "phi", "E")),
    Branch("lep_charge", "int32", "lep_n"),
    Branch("lep_type", "uint32", "lep_n"),
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a sample's events look like.

    Attributes:
        acceptance: share of the cross section that is found with four leptons.
        peaks: (share, mass, width) of four-lepton masses in GeV; the rest falls off from `onset` on.
        real: whether all four leptons are of two Z bosons.
    """

    acceptance: float
    peaks: tuple[tuple[float, float, float], ...] = ()
    onset: float = 80.0
    real: bool = True


# Round numbers that give about as many events as the open data have; no physics is to be done with them.
_HIGGS: Final = ((1.0, 124.5, 2.0),)
_SHAPES: Final = {
    "Zee": _Shape(4e-7, real=False),
    "Zmumu": _Shape(4e-7, real=False),
    "ttbar_lep": _Shape(2e-6, real=False),
    "llll": _Shape(0.026, ((0.12, 90.5, 2.5), (0.10, 130.0, 25.0)), onset=182.0),
    "ggH125_ZZ4lep": _Shape(0.14, _HIGGS),
    "VBFH125_ZZ4lep": _Shape(0.17, _HIGGS),
    "WH125_ZZ4lep": _Shape(0.12, _HIGGS),
    "ZH125_ZZ4lep": _Shape(0.12, _HIGGS),
}


_FREQUENT: Final = ("llll", "ggH125_ZZ4lep")


def expected(process: str) -> float:
    """Events of a sample that a luminosity of 10/fb would have here."""
    return _SHAPES[process].acceptance * SAMPLES[process].cross_section * LUMINOSITY


def shared(events: int, least: int = 100) -> dict[str, int]:
    """Events of each sample: about `events` of simulation, as its parts matter, and data as the luminosity has them."""
    simulated = {name: max(least, round(events * (0.3 if name in _FREQUENT else 0.4 / 6))) for name in _SHAPES}
    return {**simulated, DATA: round(sum(expected(name) for name in _SHAPES))}


def write_hzz(
    path: Path,
    events: int,
    process: str,
    *,
    seed: int = 1,
    codec: str = "zstd:5",
    cluster: int = 20_000,
    form: Form = "ttree",
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write made-up events of a sample, or of all together as "data", to a file.

    Weights are such that a whole file has the yield of the luminosity, however many events it has; data have none.

    Raises:
        AgcError: there is no such sample, codec or form, or a number is out of range.
        OSError: the file cannot be written; what was there stays.
    """
    if process not in (*SAMPLES, DATA):
        raise AgcError(f"{process!r} cannot be made up", f"Samples are {', '.join((*SAMPLES, DATA))}")
    if events < 0 or cluster < 1:
        raise AgcError(f"{events} events in clusters of {cluster} cannot be written")
    with create(path, TREE, BRANCHES, codec=codec, form=form, clusters=events // cluster + 1) as writer:
        held: list[Batch] = []
        for number, first in enumerate(range(0, events, _BLOCK)):
            held.append(_block(process, seed, number, min(_BLOCK, events - first), events))
            last = first + held[-1].events == events
            while (ready := sum(each.events for each in held)) >= cluster or (last and ready):
                whole = _joined(held)
                size = min(cluster, ready)
                writer.extend(_part(whole, 0, size))
                held = [_part(whole, size, ready)] if size < ready else []
                if progress is not None:
                    progress(size)


def _block(process: str, seed: int, number: int, events: int, total: int) -> Batch:
    """Some events, always of the same random numbers."""
    names = list(_SHAPES)
    stream = 100 + len(names) if process == DATA else 100 + names.index(process)
    random = np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFF, stream], counter=[0, 0, 0, number]))
    weights = np.zeros(events)
    if process == DATA:
        shares = np.array([expected(name) for name in names])
        which = random.choice(len(names), events, p=shares / shares.sum())
    else:
        which = np.full(events, names.index(process))
        sign = np.where(random.random(events) < _NEGATIVE, -1.0, 1.0)
        weights = sign * SAMPLES[process].weights * _SHAPES[process].acceptance / total / (1.0 - 2.0 * _NEGATIVE)
    mass = np.empty(events)
    real = np.empty(events, np.bool_)
    for index, name in enumerate(names):
        here = which == index
        mass[here] = _masses(random, _SHAPES[name], int(here.sum()))
        real[here] = _SHAPES[name].real
    counts, columns = _leptons(random, mass, real)
    return Batch(
        events,
        {"lep_n": counts},
        {
            "runNumber": np.full(events, 284500),
            "eventNumber": number * _BLOCK + 1 + np.arange(events),
            "channelNumber": np.full(events, 0 if process == DATA else SAMPLES[process].number),
            "mcWeight": weights,
            **{
                f"scaleFactor_{name}": np.zeros(events) if process == DATA else random.normal(0.98, 0.02, events)
                for name in _SCALE_FACTORS
            },
            **columns,
        },
    )


def _masses(random: np.random.Generator, shape: _Shape, events: int) -> Reals:
    """GeV, of four leptons."""
    mass = shape.onset + random.exponential(45.0, events) + random.normal(0.0, 3.0, events)
    pick = random.random(events)
    low = 0.0
    for share, centre, width in shape.peaks:
        here = (pick >= low) & (pick < low + share)
        mass[here] = random.normal(centre, width, int(here.sum()))
        low += share
    return np.maximum(mass, 30.0)


def _leptons(random: np.random.Generator, mass: Reals, real: NDArray[np.bool_]) -> tuple[Any, dict[str, Any]]:
    """How many in each event, and their columns, the hardest first: four of two Z bosons, and now and then a fifth."""
    events = len(mass)
    pt, eta, phi = random.gamma(2.0, 20.0, events), random.normal(0.0, 1.0, events), _angles(random, events)
    parent = _four(pt, eta, phi, mass)
    first = np.minimum(_Z + random.normal(0.0, 2.5, events), mass - 5.0)
    second = (mass - first) * random.uniform(0.35, 0.98, events)
    pair, other = _decay(random, parent, mass, first, second)
    momenta = np.stack(
        [
            *_decay(random, pair, first, 0.0 * first, 0.0 * first),
            *_decay(random, other, second, 0.0 * first, 0.0 * first),
        ]
    )
    extra = _four(
        5.0 + random.exponential(4.0, events), random.normal(0.0, 1.2, events), _angles(random, events), 0.0 * mass
    )
    momenta = np.concatenate([momenta, extra[np.newaxis]])
    charge = np.tile([1, -1, 1, -1, 1], (events, 1))
    kind = np.where(random.random((events, 3)) < 0.5, 11, 13)[:, [0, 0, 1, 1, 2]]  # noqa: PLR2004
    # Leptons that are none, or of other origin, have any charge and kind.
    odd = ~real[:, np.newaxis] & np.array([False, False, False, True, False])
    charge = np.where(odd & (random.random((events, 5)) < 0.3), -charge, charge)  # noqa: PLR2004
    kind = np.where(odd & (random.random((events, 5)) < 0.3), 24 - kind, kind)  # noqa: PLR2004
    counts = np.where(random.random(events) < 0.05, 5, 4)  # noqa: PLR2004
    values = _measured(momenta)
    kept = np.arange(5) < counts[:, np.newaxis]
    order = np.argsort(np.where(kept, -values["pt"], np.inf), axis=1, kind="stable")
    columns = {f"lep_{name}": np.take_along_axis(each, order, 1) for name, each in values.items()}
    columns["lep_charge"] = np.take_along_axis(charge, order, 1)
    columns["lep_type"] = np.take_along_axis(kind, order, 1)
    return counts, {name: each[kept] for name, each in columns.items()}


def _measured(momenta: Reals) -> dict[str, Reals]:
    """MeV, of four-momenta [leptons, 4, events]."""
    x, y, z, energy = (momenta[:, axis].T for axis in range(4))
    pt = np.maximum(np.hypot(x, y), 1e-3)
    return {"pt": pt * _GEV, "eta": np.arcsinh(z / pt), "phi": np.arctan2(y, x), "E": energy * _GEV}


def _angles(random: np.random.Generator, events: int) -> Reals:
    return random.uniform(-np.pi, np.pi, events)


def _four(pt: Reals, eta: Reals, phi: Reals, mass: Reals) -> Reals:
    """Four-momenta [4, events]."""
    z = pt * np.sinh(eta)
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), z, np.sqrt(pt**2 + z**2 + mass**2)])


def _decay(random: np.random.Generator, parent: Reals, mass: Reals, one: Reals, two: Reals) -> tuple[Reals, Reals]:
    """Four-momenta of two daughters of these masses, isotropic in their parent's frame."""
    square = (mass**2 - (one + two) ** 2) * (mass**2 - (one - two) ** 2)
    momentum = np.sqrt(np.maximum(square, 0.0)) / (2.0 * mass)
    cosine, angle = random.uniform(-1.0, 1.0, len(mass)), _angles(random, len(mass))
    sine = np.sqrt(1.0 - cosine**2)
    space = momentum * np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine])
    energy = np.sqrt(momentum**2 + one**2)
    along = (parent[:3] * space).sum(0) / mass
    boosted = space + parent[:3] * (along / (parent[3] + mass) + energy / mass)
    first = np.concatenate([boosted, (energy * parent[3] / mass + along)[np.newaxis]])
    return first, parent - first


def _joined(parts: Sequence[Batch]) -> Batch:
    return Batch(
        sum(part.events for part in parts),
        {"lep_n": np.concatenate([part.counts["lep_n"] for part in parts])},
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
    )


def _part(whole: Batch, first: int, last: int) -> Batch:
    """The events first to last."""
    places = np.concatenate([[0], np.cumsum(whole.counts["lep_n"])])
    jagged = {branch.name for branch in BRANCHES if branch.counter}
    return Batch(
        last - first,
        {"lep_n": whole.counts["lep_n"][first:last]},
        {
            name: column[places[first] : places[last]] if name in jagged else column[first:last]
            for name, column in whole.columns.items()
        },
    )
