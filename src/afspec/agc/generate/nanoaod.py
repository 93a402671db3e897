"""Synthetic NanoAOD, as CMS has it: branches, types and precision of floats as in NanoAODv9."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from afspec.agc.errors import AgcError
from afspec.agc.generate.compiled import compiled
from afspec.agc.generate.detector import JETS, LEPTONS
from afspec.agc.generate.draws import state_of
from afspec.agc.generate.files import Batch, Branch, create
from afspec.agc.generate.samples import process_of, stream_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from afspec.agc.generate.files import Form

TREE: Final = "Events"
_ALL: Final = 23
# Columns of the tables of generate.detector, in their order: name, type, bits of mantissa.
_COLUMNS: Final[dict[str, tuple[tuple[str, str, int], ...]]] = {
    "Jet": (
        ("pt", "float32", 10),
        ("eta", "float32", 12),
        ("phi", "float32", 12),
        ("mass", "float32", 10),
        ("btagCSVV2", "float32", 10),
        ("jetId", "int32", _ALL),
        ("qgl", "float32", 10),
    ),
    "Electron": (
        ("pt", "float32", _ALL),
        ("eta", "float32", 12),
        ("phi", "float32", 12),
        ("mass", "float32", 10),
        ("charge", "int32", _ALL),
        ("cutBased", "int32", _ALL),
        ("sip3d", "float32", 10),
    ),
    "Muon": (
        ("pt", "float32", _ALL),
        ("eta", "float32", 12),
        ("phi", "float32", 12),
        ("mass", "float32", 10),
        ("charge", "int32", _ALL),
        ("tightId", "bool", _ALL),
        ("sip3d", "float32", 10),
        ("pfRelIso04_all", "float32", _ALL),
    ),
}
_BITS: Final = tuple(np.array([bits for _, _, bits in columns], np.int64) for columns in _COLUMNS.values())
_ROOM: Final = {"Jet": JETS, "Electron": LEPTONS, "Muon": LEPTONS}
# As in simulation: one run, and so many events in each luminosity block.
_RUN, _BLOCK = 1, 100
# Events at a time, whatever the cluster: it bounds memory, and changes nothing in what is made up.
_STEP: Final = 16_384

BRANCHES: Final = (
    Branch("run", "uint32"),
    Branch("luminosityBlock", "uint32"),
    Branch("event", "uint64"),
    *(
        branch
        for group, columns in _COLUMNS.items()
        for branch in (
            Branch(f"n{group}", "uint32"),
            *(Branch(f"{group}_{name}", dtype, f"n{group}") for name, dtype, _ in columns),
        )
    ),
)


def batch(process: str, variation: str, seed: int, start: int, events: int) -> Batch:
    """Events number start to start + events of a sample, made up.

    Raises:
        AgcError: there is no such sample.
    """
    state = state_of(seed, stream_of(process, variation))
    numbers = process_of(process, variation).numbers()
    counts = np.empty((len(_COLUMNS), events), np.int64)
    tables = [np.empty((len(columns), events * _ROOM[group]), np.float32) for group, columns in _COLUMNS.items()]
    sizes = compiled()(state, numbers, start, counts, _BITS, *tables)
    number = np.arange(start + 1, start + events + 1, dtype=np.uint64)
    columns: dict[str, NDArray[Any]] = {
        "run": np.full(events, _RUN, np.uint32),
        "luminosityBlock": (1 + (number - 1) // _BLOCK).astype(np.uint32),
        "event": number,
    }
    for (group, parts), table, size in zip(_COLUMNS.items(), tables, sizes, strict=True):
        for (name, dtype, _), column in zip(parts, table, strict=True):
            columns[f"{group}_{name}"] = column[:size].astype(dtype)
    return Batch(events, {f"n{group}": each for group, each in zip(_COLUMNS, counts, strict=True)}, columns)


def batches(process: str, variation: str, seed: int, start: int, events: int, *, size: int) -> Iterator[Batch]:
    """The same in batches of `size`; the last may be smaller."""
    for first in range(start, start + events, size):
        last = min(first + size, start + events)
        yield _joined([batch(process, variation, seed, at, min(_STEP, last - at)) for at in range(first, last, _STEP)])


def write(
    path: Path,
    events: int,
    *,
    process: str = "ttbar",
    variation: str = "nominal",
    seed: int = 1,
    codec: str = "zstd:5",
    cluster: int = 20_000,
    form: Form = "ttree",
    start: int = 0,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write made-up events of a sample to a file.

    An event depends on the seed, the sample and its own number only: neither on the codec, the clusters and the form,
    nor on where the file starts. Memory is that of a cluster.

    Of the seed, a whole number, the low 32 bits count. A cluster of so many events is one basket of each branch; the
    first event has the number `start`; `progress` is told how many events were written, cluster by cluster.

    Raises:
        AgcError: there is no such sample, codec or form, or a number is out of range.
        OSError: the file cannot be written; what was there stays.
    """
    if events < 0 or start < 0 or cluster < 1:
        raise AgcError(f"{events} events from {start} on in clusters of {cluster} cannot be written")
    process_of(process, variation)
    with create(path, TREE, BRANCHES, codec=codec, form=form, clusters=events // cluster + 1) as writer:
        for each in _ahead(batches(process, variation, seed, start, events, size=cluster)):
            writer.extend(each)
            if progress is not None:
                progress(each.events)


def _ahead(source: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches; the next is made up (without the GIL) while one is compressed and written."""
    with ThreadPoolExecutor(1, "generate") as thread:
        coming = thread.submit(next, source, None)
        while (each := coming.result()) is not None:
            coming = thread.submit(next, source, None)
            yield each


def _joined(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    return Batch(
        sum(part.events for part in parts),
        {name: np.concatenate([part.counts[name] for part in parts]) for name in parts[0].counts},
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
    )
