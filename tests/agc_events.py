"""Events of the ttbar analysis for tests, in plain lists: as Chunks in memory, and as files.

    events = events_of(
        event(jets=[jet(pt=80.0, btagCSVV2=0.9), jet(), jet(), jet()], electrons=[electron()]),
        event(muons=[muon(pt=float("nan"))]),
    )
    chunk = chunk_of(events)
    write_events(tmp_path / "two.root", events, form="rntuple", codec="lz4:4", cluster=1)

Objects pass every cut of task v2 unless told otherwise; jets are not b-tagged. `events` may as well be any mapping of
NanoAOD branches (without counters) to lists of lists or awkward arrays, an awkward array with such fields too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np

from afspec.agc.columns import Chunk, Objects, words
from afspec.agc.generate.files import Batch, Branch, create
from afspec.agc.ttbar.task import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afspec.agc.columns import Layout
    from afspec.agc.generate.files import Form

# As in NanoAODv9.
NUMBERS = {"float": "float32", "int": "int32", "bool": "bool"}


def electron(**changes: Any) -> dict[str, Any]:
    """An electron that counts."""
    return {"pt": 50.0, "eta": 0.5, "cutBased": 4, "sip3d": 1.0, **changes}


def muon(**changes: Any) -> dict[str, Any]:
    """A muon that counts."""
    return {"pt": 50.0, "eta": -0.5, "tightId": True, "sip3d": 1.0, "pfRelIso04_all": 0.05, **changes}


def jet(**changes: Any) -> dict[str, Any]:
    """A jet that counts, and is not b-tagged."""
    return {"pt": 60.0, "eta": 1.0, "phi": 0.3, "mass": 8.0, "btagCSVV2": 0.1, "jetId": 6, **changes}


def event(
    *,
    jets: list[dict[str, Any]] | None = None,
    electrons: list[dict[str, Any]] | None = None,
    muons: list[dict[str, Any]] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """One event."""
    return {"Electron": electrons or [], "Muon": muons or [], "Jet": jets or []}


def events_of(*rows: dict[str, list[dict[str, Any]]], layout: Layout = LAYOUT) -> dict[str, list[list[Any]]]:
    """Events as branches of lists."""
    return {
        group.branch(column): [[item[column] for item in row[group.name]] for row in rows]
        for group in layout.collections
        for column, _ in group.columns
    }


def chunk_of(
    events: Mapping[str, Any] | ak.Array, *, layout: Layout = LAYOUT, file: str = "memory", start: int = 0
) -> Chunk:
    """Events as a reader gives them."""
    found: dict[str, Objects] = {}
    size = 0
    for group in layout.collections:
        columns = {}
        for column, form in group.columns:
            counts, values = _flat(events[group.branch(column)], NUMBERS[form], jagged=bool(group.counter))
            columns[column] = words(values, form)
            size = len(counts)
        found[group.name] = Objects(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), columns)
    return Chunk(file, start, start + size, found)


def write_events(
    path: Path,
    events: Mapping[str, Any] | ak.Array,
    *,
    form: Form = "ttree",
    codec: str = "zstd:5",
    cluster: int | None = None,
    layout: Layout = LAYOUT,
) -> Path:
    """Write events to a file, all in one cluster unless told otherwise; branches that `events` lacks are left out."""
    given = set(ak.fields(events)) if isinstance(events, ak.Array) else set(events)
    branches: list[Branch] = []
    counts: dict[str, np.ndarray[Any, Any]] = {}
    columns: dict[str, Any] = {}
    for group in layout.collections:
        present = [(group.branch(column), kind) for column, kind in group.columns if group.branch(column) in given]
        if group.counter and present:
            branches.append(Branch(group.counter, "uint32"))
        for branch, kind in present:
            branches.append(Branch(branch, NUMBERS[kind], group.counter))
            columns[branch] = _flat(events[branch], NUMBERS[kind], jagged=bool(group.counter))
            if group.counter:
                counts[group.counter] = columns[branch][0]
    size = len(next(iter(columns.values()))[0])
    step = cluster or max(1, size)
    with create(path, layout.tree, branches, codec=codec, form=form, clusters=size // step + 1) as writer:
        for first in range(0, size, step):
            writer.extend(_cut(counts, columns, first, min(first + step, size)))
    return path


def _cut(counts: dict[str, Any], columns: dict[str, Any], first: int, last: int) -> Batch:
    pieces = {}
    for name, (each, values) in columns.items():
        pieces[name] = values[int(each[:first].sum()) : int(each[:last].sum())]
    return Batch(last - first, {name: each[first:last] for name, each in counts.items()}, pieces)


def _flat(values: Any, dtype: str, *, jagged: bool) -> tuple[Any, Any]:
    """How many there are in each event, and all of them; integers wider than `dtype` stay as they are."""
    array = values if isinstance(values, ak.Array) else ak.Array(values)
    counts = ak.to_numpy(ak.num(array, axis=1)) if jagged and len(array) else np.ones(len(array), np.int64)
    flat = ak.to_numpy(ak.flatten(array, axis=1)) if jagged and len(array) else ak.to_numpy(array)
    return counts.astype(np.int64), np.asarray(flat).astype(dtype)
