"""Events made by hand or at random, as chunks for kernels and as columns for everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from afspec.agc.columns import Chunk, Objects, words
from afspec.agc.ttbar import task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_NATIVE = {"float": np.float32, "int": np.int32, "bool": np.bool_}
FORMS = {group.name: dict(group.columns) for group in task.LAYOUT.collections}

ELECTRON = {"pt": 50.0, "eta": 0.0, "cutBased": 4, "sip3d": 1.0}
MUON = {"pt": 50.0, "eta": 0.0, "tightId": True, "sip3d": 1.0, "pfRelIso04_all": 0.01}
JET = {"pt": 40.0, "eta": 0.0, "phi": 0.0, "mass": 5.0, "btagCSVV2": 0.1, "jetId": 6}

Event = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Made:
    """Events: for each collection how many objects each has, and all objects' numbers."""

    counts: Mapping[str, NDArray[np.int64]]
    columns: Mapping[str, Mapping[str, NDArray[Any]]]

    def __len__(self) -> int:
        return len(self.counts["Jet"])

    @cached_property
    def _objects(self) -> dict[str, Objects]:
        return {
            name: Objects(
                np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                {key: words(values, FORMS[name][key]) for key, values in self.columns[name].items()},
            )
            for name, counts in self.counts.items()
        }

    def chunk(self, start: int = 0, stop: int | None = None) -> Chunk:
        """Events start to stop; the columns are those of all events, as a reader's are of all that it has read."""
        stop = len(self) if stop is None else stop
        objects = {
            name: Objects(group.offsets[start : stop + 1], group.columns) for name, group in self._objects.items()
        }
        return Chunk("made.root", start, stop, objects)

    def __add__(self, other: Made) -> Made:
        return Made(
            {name: np.concatenate([self.counts[name], other.counts[name]]) for name in self.counts},
            {
                name: {key: np.concatenate([values, other.columns[name][key]]) for key, values in columns.items()}
                for name, columns in self.columns.items()
            },
        )


def of_events(events: Sequence[Event]) -> Made:
    """Events from lists of objects."""
    counts = {name: np.array([len(event.get(name, [])) for event in events], np.int64) for name in FORMS}
    columns: dict[str, dict[str, NDArray[Any]]] = {
        name: {
            key: np.array([each[key] for event in events for each in event.get(name, [])], _NATIVE[form])
            for key, form in forms.items()
        }
        for name, forms in FORMS.items()
    }
    return Made(counts, columns)


def semileptonic(*jets: Mapping[str, Any]) -> Event:
    """An event with one good muon and these jets, each told by what it has that others have not."""
    return {"Muon": [MUON], "Jet": [{**JET, **jet} for jet in jets]}


def at_random(seed: int, events: int, *, odd: float = 0.0, jets: float = 5.5) -> Made:
    """Events most of which pass the first cuts; `odd` is the share of numbers that are not of this world."""
    rng = np.random.default_rng(seed)
    counts = {
        "Electron": rng.poisson(0.6, events).astype(np.int64),
        "Muon": rng.poisson(0.6, events).astype(np.int64),
        "Jet": rng.poisson(jets, events).astype(np.int64),
    }
    columns: dict[str, dict[str, NDArray[Any]]] = {}
    for name, forms in FORMS.items():
        total = int(counts[name].sum())
        columns[name] = {key: _column(rng, key, total, odd).astype(_NATIVE[form]) for key, form in forms.items()}
    return Made(counts, columns)


ODD = (np.nan, np.inf, -np.inf, 0.0, -1.0, 30.0, 25.0, 2.1, 2.4, 0.5, 0.15, 4.0, 1e6, 3e38)
# Of a finite momentum of 1e6 GeV and more, rounding alone decides what the mass is.
_ODD = {"pt": ODD[:-2], "eta": (np.nan, np.inf, -np.inf, 0.0, -1.0, 2.1, -2.1, 2.4, -2.4, 4.0)}


def _column(rng: np.random.Generator, key: str, total: int, odd: float) -> NDArray[Any]:
    match key:
        case "jetId":
            return rng.choice([0, 2, 4, 6, -1, 3], total, p=[0.03, 0.05, 0.1, 0.8, 0.01, 0.01])
        case "cutBased":
            return rng.choice([0, 3, 4], total, p=[0.1, 0.1, 0.8])
        case "tightId":
            return rng.random(total) < 0.85
        case "pt":
            values = 22.0 + rng.exponential(30.0, total)
        case "eta":
            values = rng.normal(0.0, 1.3, total)
        case "phi":
            values = rng.uniform(-np.pi, np.pi, total)
        case "mass":
            values = rng.normal(8.0, 6.0, total)
        case "btagCSVV2":
            values = rng.beta(0.5, 0.8, total)
        case "sip3d":
            values = rng.exponential(1.6, total)
        case _:
            values = rng.exponential(0.07, total)
    return np.where(rng.random(total) < odd, rng.choice(_ODD.get(key, ODD), total), values)
