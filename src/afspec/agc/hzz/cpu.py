"""The pass over events of the four-lepton analysis: all variations in one loop."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
from numba import njit

from afspec.agc.hzz import task
from afspec.agc.kept import digest, kept
from afspec.agc.ttbar.event import real as single
from afspec.agc.ttbar.event import whole

_ALL, _FOUR, _NEUTRAL, _TYPED, _FINITE = range(5)
_NOMINAL, _SF_UP, _SF_DOWN, _M4L_UP, _M4L_DOWN, _COUNTED = range(6)


@njit(nogil=True)
def real(raw):
    """The number of a big-endian word of 32 bits, as float64: all arithmetic is in these."""
    return np.float64(single(raw))


@njit(nogil=True)
def bin_of(value):
    """The bin with flow: 0 below, 35 above and for what is no number (as boost-histogram's regular axis has it)."""
    z = (value - task.LOW) / (task.HIGH - task.LOW)
    if z < 1.0:
        return int(z * task.BINS) + 1 if z >= 0.0 else 0
    return task.BINS + 1


@njit(nogil=True)
def four_lepton_mass(first, pts, etas, phis, energies):
    """GeV, of four leptons from `first` on; negative where their sum is spacelike, as vector has it."""
    x = y = z = total = 0.0
    for lepton in range(first, first + task.LEPTONS):
        pt = real(pts[lepton])
        phi = real(phis[lepton])
        x += pt * math.cos(phi)
        y += pt * math.sin(phi)
        z += pt * math.sinh(real(etas[lepton]))
        total += real(energies[lepton])
    square = total * total - x * x - y * y - z * z
    return math.copysign(math.sqrt(abs(square)), square) / task.GEV


@njit(nogil=True)
def fill(sums, squares, row, value, weight):
    """Add a weight to a histogram."""
    where = bin_of(value)
    sums[row, where] += weight
    squares[row, where] += weight * weight


@njit(nogil=True)
def tally_events(leptons, weights, varied, sums, squares, flow):
    """Add events to a tally.

    Arguments:
        leptons: offsets (int64[events + 1]) and the columns of the layout's leptons, in its order.
        weights: offsets and the columns of its event weights, which are multiplied.
        varied: whether variations are wanted.
        sums: float64[ROWS, FLOW_BINS], added to, as are the next two.
        squares: of the same shape.
        flow: int64[STEPS].
    """
    offsets, pt, eta, phi, energy, charge, kind = leptons
    starts, generated, electrons, muons, trigger, pile_up = weights
    for event in range(len(offsets) - 1):
        flow[_ALL] += 1
        first = offsets[event]
        if offsets[event + 1] - first != task.LEPTONS:
            continue
        flow[_FOUR] += 1
        charges = kinds = 0
        for lepton in range(first, first + task.LEPTONS):
            charges += whole(charge[lepton])
            kinds += whole(kind[lepton])
        if charges != 0:
            continue
        flow[_NEUTRAL] += 1
        if kinds not in task.TYPES:
            continue
        flow[_TYPED] += 1
        mass = four_lepton_mass(first, pt, eta, phi, energy)
        fill(sums, squares, _COUNTED, mass, 1.0)
        at = starts[event]
        scale = real(electrons[at]) * real(muons[at]) * real(trigger[at]) * real(pile_up[at])
        weight = real(generated[at]) * scale
        # Such a weight would take the whole bin with it; data may have any.
        if not np.isfinite(weight):
            continue
        flow[_FINITE] += 1
        fill(sums, squares, _NOMINAL, mass, weight)
        if varied:
            fill(sums, squares, _SF_UP, mass, weight * (1.0 + task.SCALE_FACTOR))
            fill(sums, squares, _SF_DOWN, mass, weight * (1.0 - task.SCALE_FACTOR))
            fill(sums, squares, _M4L_UP, mass * (1.0 + task.MASS_SCALE), weight)
            fill(sums, squares, _M4L_DOWN, mass * (1.0 - task.MASS_SCALE), weight)


@functools.cache
def compiled():
    """The pass, compiled or loaded from Numba's cache."""
    here = Path(__file__)
    sources = digest(here, here.with_name("task.py"), here.parents[1] / "ttbar" / "event.py")

    def tally(leptons, weights, varied, sums, squares, flow):
        if sources:
            tally_events(leptons, weights, varied, sums, squares, flow)

    return kept(tally)
