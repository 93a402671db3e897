"""Writes a ROOT file in the form of CMS NanoAOD: run in the room, by a Python that has uproot and awkward.

    python nanoaod.py PATH [EVENTS [SEED]]

The same seed gives the same events: top quark pairs they are not, but multiplicities and spectra are of their kind.
Branches are those that the AGC's ttbar analysis reads, with their types (NanoAODv9 documentation); 100,000 events are
16 MB.
"""

from __future__ import annotations

import os
import sys

import awkward as ak
import numpy as np
import uproot

EVENTS = 100_000
SEED = 20_231
_STEP = 20_000

# Mean number of objects in an event, mean pt in GeV.
_KINDS = {"Jet": (5.5, 55.0), "Electron": (0.6, 35.0), "Muon": (0.7, 35.0)}


def objects(rng: np.random.Generator, kind: str, events: int) -> ak.Array:
    """The objects of a kind in each event, the hardest first."""
    mean, hardness = _KINDS[kind]
    counts = rng.poisson(mean, events)
    total = int(counts.sum())
    pt = ak.unflatten((10 + rng.exponential(hardness, total)).astype(np.float32), counts)
    flat: dict[str, np.ndarray] = {
        "eta": rng.normal(0, 1.4, total).clip(-4.7, 4.7).astype(np.float32),
        "phi": rng.uniform(-np.pi, np.pi, total).astype(np.float32),
        "mass": rng.gamma(4.0, 2.0, total).astype(np.float32),
    }
    if kind == "Jet":
        flat["btagCSVV2"] = rng.beta(0.4, 0.8, total).astype(np.float32)
        flat["jetId"] = rng.choice(np.array([0, 2, 6], np.int32), total, p=[0.03, 0.07, 0.9])
    else:
        flat["sip3d"] = rng.exponential(1.5, total).astype(np.float32)
        flat["charge"] = rng.choice(np.array([-1, 1], np.int32), total)
    if kind == "Electron":
        flat["cutBased"] = rng.integers(0, 5, total, dtype=np.int32)
    if kind == "Muon":
        flat["tightId"] = rng.random(total) < 0.8  # noqa: PLR2004 - most muons are good ones
        flat["pfRelIso04_all"] = rng.exponential(0.1, total).astype(np.float32)
    fields = {name: ak.unflatten(values, counts) for name, values in flat.items()}
    return ak.zip({"pt": ak.sort(pt, ascending=False), **fields})


def write(path: str, events: int, seed: int) -> None:
    """Write the file whole, or not at all."""
    rng = np.random.default_rng(seed)
    new = f"{path}.new"
    with uproot.recreate(new, compression=uproot.ZLIB(1)) as file:
        for first in range(0, events, _STEP):
            size = min(_STEP, events - first)
            chunk = {
                "run": np.ones(size, np.uint32),
                "event": np.arange(first, first + size, dtype=np.uint64),
                "genWeight": rng.choice(np.array([-1, 1], np.float32), size, p=[0.1, 0.9]),
                **{kind: objects(rng, kind, size) for kind in _KINDS},
            }
            if first == 0:
                # A TTree, as NanoAOD is: left to itself, uproot writes an RNTuple.
                file.mktree("Events", chunk)
            else:
                file["Events"].extend(chunk)
    os.replace(new, path)  # noqa: PTH105 - this runs where only the standard library's barest is sure


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[2:]]
    write(sys.argv[1], *(arguments + [EVENTS, SEED][len(arguments) :]))
