"""Events from their numbers to columns: the compiled loop, sorting, and the precision that NanoAOD keeps."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numba import njit

from afspec.agc.generate.detector import COLUMNS, JETS, LEPTONS, PT, TRUE, measure
from afspec.agc.generate.draws import begin
from afspec.agc.generate.hard import PARTONS, hard_process
from afspec.agc.kept import digest, kept

_MANTISSA = 23


@njit(nogil=True)
def rounded(value, bits):
    """The float32 with so many bits of mantissa that is nearest; a real file's writer drops the others, too."""
    word = np.float32(value).view(np.uint32)
    if bits < _MANTISSA:
        dropped = np.uint32(_MANTISSA - bits)
        word = np.uint32(word + (np.uint32(1) << (dropped - np.uint32(1))))
        word = np.uint32((word >> dropped) << dropped)
    return np.uint32(word).view(np.float32)


@njit(nogil=True)
def ordered(objects, count, order):
    """Fill `order` with the objects' places, the hardest first."""
    for i in range(count):
        place = i
        while place > 0 and objects[order[place - 1], PT] < objects[i, PT]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = i


@njit(nogil=True)
def written(objects, count, order, bits, columns, at):
    """Write the objects to columns from `at` on, the hardest first; where the next event's begin."""
    ordered(objects, count, order)
    for i in range(count):
        for column in range(len(bits)):
            columns[column, at + i] = rounded(objects[order[i], column], bits[column])
    return at + count


@njit(nogil=True)
def fill(state, numbers, first, counts, bits, jets, electrons, muons):
    """Make up events from number `first` on; how many jets, electrons and muons there are.

    The state (draws.state_of) and the numbers (samples.Process.numbers) say of which seed and sample. Set are counts,
    int64[3, events], of jets, electrons and muons, and the columns of these, float32[columns, room], from 0 on, with
    room for JETS or LEPTONS of each event; bits are int64[columns] for each, how much of mantissas is kept.
    """
    partons = np.zeros((PARTONS, 5))
    jet_table, electron_table, muon_table = (
        np.zeros((JETS, COLUMNS)),
        np.zeros((LEPTONS, COLUMNS)),
        np.zeros((LEPTONS, COLUMNS)),
    )
    truth = np.zeros((2, TRUE, 5))
    order = np.zeros(max(JETS, LEPTONS), np.int64)
    found = np.zeros(3, np.int64)
    at_jet = at_electron = at_muon = 0
    for event in range(counts.shape[1]):
        begin(state, first + event)
        count = hard_process(state, numbers, partons)
        measure(state, numbers, partons, count, truth, jet_table, electron_table, muon_table, found)
        counts[:, event] = found
        at_jet = written(jet_table, found[0], order, bits[0], jets, at_jet)
        at_electron = written(electron_table, found[1], order, bits[1], electrons, at_electron)
        at_muon = written(muon_table, found[2], order, bits[2], muons, at_muon)
    return at_jet, at_electron, at_muon


@functools.cache
def compiled():
    """`fill`, compiled or loaded from Numba's cache."""
    here = Path(__file__)
    sources = digest(*(here.with_name(f"{name}.py") for name in ("draws", "hard", "detector", "compiled")))

    def filled(state, numbers, first, counts, bits, jets, electrons, muons):
        if sources:
            return fill(state, numbers, first, counts, bits, jets, electrons, muons)
        return 0, 0, 0

    return kept(filled)
