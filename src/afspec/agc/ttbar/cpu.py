"""The pass over events on a CPU: leptons of a whole chunk at once, then the jets of events that have one lepton.

Lepton cuts are loops over flat columns, which compilers turn into vector instructions; sums of what passes tell, at
each event's offsets, how many leptons it has. Nine events in ten end there and their jets are never looked at.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numba import njit, types

from afspec.agc.kept import digest, kept
from afspec.agc.ttbar import task
from afspec.agc.ttbar.event import HARD_PT, good_electron, good_muon, observed, prepared

_HERE = Path(__file__).parent
_ALL, _LEPTON, _JETS, _TAGGED, _REGIONS = range(5)
_KINEMATIC = len(task.KINEMATIC)
_VARIATIONS = len(task.VARIATIONS)


@njit(nogil=True)
def running_sums(flags, count, before):
    """How many of the first 0, 1, ... count flags are set, into int32[count + 1]."""
    total = np.int32(0)
    before[0] = 0
    for i in range(count):
        total += np.int32(flags[i])
        before[i + 1] = total


@njit(nogil=True)
def electrons_before(electrons, threshold, loose, flags, before):
    """How many of a chunk's first 0, 1, ... electrons count."""
    offsets, pt, eta, identification, sip3d = electrons
    first, last = offsets[0], offsets[-1]
    # Slices from 0 on let the compiler see that no index is negative.
    pt, eta, identification, sip3d = pt[first:last], eta[first:last], identification[first:last], sip3d[first:last]
    for i in range(len(pt)):
        flags[i] = good_electron(pt[i], eta[i], identification[i], sip3d[i], threshold, loose)
    running_sums(flags, len(pt), before)


@njit(nogil=True)
def muons_before(muons, threshold, loose, flags, before):
    """How many of a chunk's first 0, 1, ... muons count."""
    offsets, pt, eta, tight, sip3d, isolation = muons
    first, last = offsets[0], offsets[-1]
    pt, eta, tight = pt[first:last], eta[first:last], tight[first:last]
    sip3d, isolation = sip3d[first:last], isolation[first:last]
    for i in range(len(pt)):
        flags[i] = good_muon(pt[i], eta[i], tight[i], sip3d[i], isolation[i], threshold, loose)
    running_sums(flags, len(pt), before)


@njit(nogil=True)
def with_one_lepton(electron_offsets, electrons, muon_offsets, muons, chosen):
    """Note the events that have exactly one lepton that counts; how many."""
    first_electron, first_muon = electron_offsets[0], muon_offsets[0]
    count = 0
    for event in range(len(electron_offsets) - 1):
        leptons = (
            electrons[electron_offsets[event + 1] - first_electron]
            - electrons[electron_offsets[event] - first_electron]
            + muons[muon_offsets[event + 1] - first_muon]
            - muons[muon_offsets[event] - first_muon]
        )
        chosen[count] = event
        count += leptons == 1
    return count


@njit(nogil=True)
def fill_weights(sums, squares, region, where, scratch):
    """Add an event once for each b-tag variation: its first four jets' pt weigh it up and down."""
    row = region * _VARIATIONS + _KINEMATIC
    for jet in range(task.JETS):
        change = task.B_TAG_SLOPE * scratch[HARD_PT, jet]
        for weight in (1.0 + change, 1.0 - change):
            sums[row, where] += weight
            squares[row, where] += weight * weight
            row += 1


def _column(kind):
    # Of the loosest kind that there is, so that any reader's columns are taken without compiling again: arrays convert
    # from writeable to read-only and from aligned to not, never back.
    return types.Array(kind, 1, "C", readonly=True, aligned=False)


def _signature():
    offsets, word, byte = (_column(kind) for kind in (types.int64, types.uint32, types.uint8))
    forms = {"float": word, "int": word, "bool": byte}
    groups = (types.Tuple((offsets, *(forms[form] for _, form in group.columns))) for group in task.LAYOUT.collections)
    options = types.Tuple((types.float32, types.float64, types.boolean, types.boolean))
    counts, table = types.int32[::1], types.float64[:, ::1]
    room = types.Tuple((types.uint8[::1], counts, counts, counts, table))
    return (*groups, options, types.float64[::1], room, table, table, types.int64[::1])


@njit(nogil=True)
def tally_events(electrons, muons, jets, options, smearing, room, sums, squares, flow):
    """Add events to a tally.

    Arguments:
        electrons: offsets (int64[events + 1]) and the columns of the task's layout, in its order.
        muons: likewise.
        jets: likewise.
        options: (GeV of leptons, GeV of jets, whether pt is all that objects are selected by, whether systematics are
            wanted).
        smearing: float64[1000], factors of the resolution.
        room: where to work: uint8[leptons of a kind], int32[electrons + 1], int32[muons + 1], int32[events],
            float64[ROWS, jets of the largest event].
        sums: the tally's, added to.
        squares: likewise.
        flow: likewise.
    """
    flags, before_electrons, before_muons, chosen, scratch = room
    lepton_pt, jet_pt, loose, varied = options
    offsets = jets[0]
    electrons_before(electrons, lepton_pt, loose, flags, before_electrons)
    muons_before(muons, lepton_pt, loose, flags, before_muons)
    count = with_one_lepton(electrons[0], before_electrons, muons[0], before_muons, chosen)
    flow[_ALL] += len(offsets) - 1
    flow[_LEPTON] += count
    for event in chosen[:count]:
        kept = prepared(offsets[event], offsets[event + 1], jet_pt, loose, varied, jets, smearing, scratch, 0)
        if kept == 0:
            continue
        for kinematic in range(_KINEMATIC if varied else 1):
            n, tagged, where = observed(scratch, 0, kept, kinematic, jet_pt)
            region = 0 if tagged == 1 else 1
            if kinematic == 0 and n >= task.JETS:
                flow[_JETS] += 1
                if where >= 0:
                    flow[_TAGGED] += 1
                    flow[_REGIONS + region] += 1
            if where < 0:
                continue
            row = region * _VARIATIONS + kinematic
            sums[row, where] += 1.0
            squares[row, where] += 1.0
            if kinematic == 0 and varied:
                fill_weights(sums, squares, region, where, scratch)


@functools.cache
def compiled():
    """The pass, compiled for the one signature that it has: in seconds, or in a fraction of one if it was before."""
    known = digest(*(_HERE / f"{name}.py" for name in ("task", "event", "cpu")))

    def tally(electrons, muons, jets, options, smearing, room, sums, squares, flow):
        if known:
            tally_events(electrons, muons, jets, options, smearing, room, sums, squares, flow)

    return kept(tally, _signature())
