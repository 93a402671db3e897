"""The pass over events on an NVIDIA GPU: a thread an event, histograms in each block's shared memory.

The physics is event.py's, the same source as on CPUs. Each thread keeps its event's jets in global memory, at the
place that the jets have in their columns. Sums differ from the CPU's by rounding alone: b-tag weights are added in
whatever order threads come.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import types

from afspec.agc.gpu import is_simulator, require
from afspec.agc.gpu.namespace import cuda
from afspec.agc.gpu.simulating import device
from afspec.agc.ttbar import event as physics
from afspec.agc.ttbar import task
from afspec.agc.ttbar.analysis import Ttbar, columns_of, options_of
from afspec.agc.ttbar.samples import NOMINAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afspec.agc.columns import Chunk
    from afspec.agc.tally import Tally

_ALL, _LEPTON, _JETS, _TAGGED, _REGIONS = range(5)
_KINEMATIC = len(task.KINEMATIC)
_VARIATIONS = len(task.VARIATIONS)
_BINS = task.FLOW_BINS
_CELLS = len(task.REGIONS) * _VARIATIONS * _BINS
_STEPS = len(task.STEPS)
_LOCAL = threading.local()

# Threads of a block, and blocks; the simulator starts a thread of the operating system for each.
_THREADS, _MOST_BLOCKS = (16, 2) if is_simulator() else (128, 1024)

good_electron = device(physics.good_electron)
good_muon = device(physics.good_muon)
prepared = device(physics.prepared)
observed = device(physics.observed)


@cuda.jit
def tally_events(
    electron_offsets,
    e_pt,
    e_eta,
    e_id,
    e_sip,
    muon_offsets,
    m_pt,
    m_eta,
    m_id,
    m_sip,
    m_iso,
    jet_offsets,
    j_pt,
    j_eta,
    j_phi,
    j_mass,
    j_btag,
    j_id,
    lepton_pt,
    jet_pt,
    loose,
    varied,
    smearing,
    scratch,
    sums,
    squares,
    flow,
):
    """Add events to sums and squares (float64[cells]) and to flow (int64[steps]); offsets begin at 0."""
    # Each on a line of its own: the simulator tells shared arrays from another by their line.
    shared_sums = cuda.shared.array(_CELLS, types.float64)
    shared_squares = cuda.shared.array(_CELLS, types.float64)
    shared_flow = cuda.shared.array(_STEPS, types.int64)
    for cell in range(cuda.threadIdx.x, _CELLS, cuda.blockDim.x):
        shared_sums[cell] = 0.0
        shared_squares[cell] = 0.0
    for step in range(cuda.threadIdx.x, _STEPS, cuda.blockDim.x):
        shared_flow[step] = 0
    cuda.syncthreads()
    jets = (jet_offsets, j_pt, j_eta, j_phi, j_mass, j_btag, j_id)
    seen = with_lepton = with_jets = with_tag = in_first = 0
    for event in range(cuda.grid(1), len(jet_offsets) - 1, cuda.gridsize(1)):
        seen += 1
        leptons = 0
        for i in range(electron_offsets[event], electron_offsets[event + 1]):
            leptons += good_electron(e_pt[i], e_eta[i], e_id[i], e_sip[i], lepton_pt, loose)
        for i in range(muon_offsets[event], muon_offsets[event + 1]):
            leptons += good_muon(m_pt[i], m_eta[i], m_id[i], m_sip[i], m_iso[i], lepton_pt, loose)
        if leptons != 1:
            continue
        with_lepton += 1
        base = jet_offsets[event]
        kept = prepared(base, jet_offsets[event + 1], jet_pt, loose, varied, jets, smearing, scratch, base)
        if kept == 0:
            continue
        for kinematic in range(_KINEMATIC if varied else 1):
            n, tagged, where = observed(scratch, base, kept, kinematic, jet_pt)
            region = 0 if tagged == 1 else 1
            if kinematic == 0 and n >= task.JETS:
                with_jets += 1
                with_tag += where >= 0
                in_first += where >= 0 and region == 0
            if where < 0:
                continue
            cell = (region * _VARIATIONS + kinematic) * _BINS + where
            cuda.atomic.add(shared_sums, cell, 1.0)
            cuda.atomic.add(shared_squares, cell, 1.0)
            if kinematic == 0 and varied:
                cell += _KINEMATIC * _BINS
                for jet in range(task.JETS):
                    change = task.B_TAG_SLOPE * scratch[physics.HARD_PT, base + jet]
                    for weight in (1.0 + change, 1.0 - change):
                        cuda.atomic.add(shared_sums, cell, weight)
                        cuda.atomic.add(shared_squares, cell, weight * weight)
                        cell += _BINS
    cuda.atomic.add(shared_flow, _ALL, seen)
    cuda.atomic.add(shared_flow, _LEPTON, with_lepton)
    cuda.atomic.add(shared_flow, _JETS, with_jets)
    cuda.atomic.add(shared_flow, _TAGGED, with_tag)
    cuda.atomic.add(shared_flow, _REGIONS, in_first)
    cuda.atomic.add(shared_flow, _REGIONS + 1, with_tag - in_first)
    cuda.syncthreads()
    for cell in range(cuda.threadIdx.x, _CELLS, cuda.blockDim.x):
        if shared_squares[cell] != 0.0:
            cuda.atomic.add(sums, cell, shared_sums[cell])
            cuda.atomic.add(squares, cell, shared_squares[cell])
    for step in range(cuda.threadIdx.x, _STEPS, cuda.blockDim.x):
        cuda.atomic.add(flow, step, shared_flow[step])


def signature() -> tuple[Any, ...]:
    """Numba types of the kernel's arguments."""
    forms = {"float": types.uint32[::1], "int": types.uint32[::1], "bool": types.uint8[::1]}
    columns = [(types.int64[::1], *(forms[form] for _, form in group.columns)) for group in task.LAYOUT.collections]
    options = (types.float32, types.float64, types.boolean, types.boolean)
    table = types.float64[::1]
    results = (table, table, types.int64[::1])
    return (*(each for group in columns for each in group), *options, table, types.float64[:, ::1], *results)


class TtbarCuda(Ttbar):
    """The CMS open data ttbar analysis on a GPU: as Ttbar, and gives the same but for rounding.

    Raises:
        DeviceError: there is no GPU (on `process`).
    """

    @property
    def name(self) -> str:
        """A word that tells it from others, options included."""
        return f"{super().name}-cuda"

    def process(self, chunk: Chunk, tally: Tally, variation: str) -> None:
        """Add a chunk of a sample of that variation to a tally."""
        room = _room()
        options = options_of(self.version, varied=self.systematics and variation == NOMINAL)
        if not chunk.events:
            return
        columns = room.columns(columns_of(chunk))
        jets = int(np.diff(chunk.objects["Jet"].offsets[[0, -1]])[0])
        results = [cuda.to_device(np.zeros(size, kind), stream=room.stream) for size, kind in _RESULTS]
        blocks = min(_MOST_BLOCKS, -(-chunk.events // _THREADS))
        tally_events[blocks, _THREADS, room.stream](*columns, *options, room.smearing, room.scratch(jets), *results)
        sums, squares, flow = (each.copy_to_host(stream=room.stream) for each in results)
        room.stream.synchronize()
        tally.sums[:] += sums.reshape(tally.sums.shape)
        tally.squares[:] += squares.reshape(tally.squares.shape)
        tally.flow[:] += flow


_RESULTS = ((_CELLS, np.float64), (_CELLS, np.float64), (_STEPS, np.int64))


class _Room:
    """A thread's stream, and its memory on host and device, which grows as it must and is kept for the next chunk."""

    def __init__(self) -> None:
        self.device = require()
        self.stream = cuda.stream()
        self.smearing = cuda.to_device(task.SMEARING, stream=self.stream)
        self._staged: dict[np.dtype[Any], tuple[NDArray[Any], Any]] = {}
        self._scratch: Any = None

    def columns(self, groups: tuple[tuple[NDArray[Any], ...], ...]) -> list[Any]:
        """Offsets, which begin at 0, and columns on the device: gathered in page-locked memory, one copy a type."""
        wanted = [each for offsets, *columns in groups for each in (offsets - offsets[0], *(_cut(offsets, columns)))]
        begins: dict[np.dtype[Any], int] = {}
        places = []
        for array in wanted:
            begin = begins.get(array.dtype, 0)
            places.append((array.dtype, begin, begin + len(array)))
            begins[array.dtype] = begin + len(array)
        for dtype, size in begins.items():
            staging, _ = self._room(dtype, size)
            for array, (kind, begin, end) in zip(wanted, places, strict=True):
                if kind == dtype:
                    staging[begin:end] = array
        on_device = {}
        for dtype, size in begins.items():
            staging, memory = self._staged[dtype]
            if size:
                memory[:size].copy_to_device(staging[:size], stream=self.stream)
            on_device[dtype] = memory
        return [on_device[dtype][begin:end] for dtype, begin, end in places]

    def _room(self, dtype: np.dtype[Any], size: int) -> tuple[NDArray[Any], Any]:
        held = self._staged.get(dtype)
        if held is None or len(held[0]) < size:
            roomy = max(1024, size + size // 4)
            held = cuda.pinned_array(roomy, dtype), cuda.device_array(roomy, dtype)
            self._staged[dtype] = held
        return held

    def scratch(self, jets: int) -> Any:
        """float64[ROWS, jets or more]."""
        if self._scratch is None or self._scratch.shape[1] < jets:
            self._scratch = cuda.device_array((physics.ROWS, max(1024, jets + jets // 4)), np.float64)
        return self._scratch


def _cut(offsets: NDArray[np.int64], columns: list[NDArray[Any]]) -> list[NDArray[Any]]:
    return [column[offsets[0] : offsets[-1]] for column in columns]


def _room() -> _Room:
    room: _Room | None = getattr(_LOCAL, "room", None)
    if room is None:
        room = _LOCAL.room = _Room()
    return room
