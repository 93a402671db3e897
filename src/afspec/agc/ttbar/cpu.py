"""The pass over events on a CPU: one loop, three kinematic variations and all weights in it."""

from __future__ import annotations

import numpy as np
from numba import njit

from afspec.agc.ttbar import task
from afspec.agc.ttbar.event import (
    bin_of,
    candidates,
    counted,
    directions,
    good_electron,
    good_muon,
    trijet_mass,
    varied_pt,
)

_ALL, _LEPTON, _JETS, _TAGGED, _REGIONS = 0, 1, 2, 3, 4
_KINEMATIC = len(task.KINEMATIC)
_VARIATIONS = len(task.VARIATIONS)
_JETS_OF_A_REGION = task.JETS
_SLOPE = task.B_TAG_SLOPE


@njit(cache=True, nogil=True)
def one_lepton(
    event, electron_offsets, e_pt, e_eta, e_id, e_sip, muon_offsets, m_pt, m_eta, m_id, m_sip, m_iso, pt, cleaned
):
    """Whether an event has exactly one lepton that counts."""
    leptons = 0
    for i in range(electron_offsets[event], electron_offsets[event + 1]):
        if good_electron(e_pt[i], e_eta[i], e_id[i], e_sip[i], pt, cleaned):
            leptons += 1
    for i in range(muon_offsets[event], muon_offsets[event + 1]):
        if good_muon(m_pt[i], m_eta[i], m_id[i], m_sip[i], m_iso[i], pt, cleaned):
            leptons += 1
    return leptons == 1


@njit(cache=True, nogil=True)
def fill_weights(sums, squares, region, where, scratch, base, kept, threshold):
    """Add an event once for each b-tag variation: its first four jets' pt weigh it up and down."""
    row = region * _VARIATIONS + _KINEMATIC
    found = 0
    for jet in range(base, base + kept):
        pt = varied_pt(scratch, jet, 0)
        if pt > threshold:
            up = 1.0 + _SLOPE * pt
            down = 1.0 - _SLOPE * pt
            sums[row, where] += up
            squares[row, where] += up * up
            sums[row + 1, where] += down
            squares[row + 1, where] += down * down
            row += 2
            found += 1
            if found == _JETS_OF_A_REGION:
                return


@njit(cache=True, nogil=True)
def tally_events(electrons, muons, jets, options, smearing, scratch, sums, squares, flow):
    """Add events to a tally.

    Arguments:
        electrons, muons, jets: offsets (int64[events + 1]) and the columns of the task's layout, in its order.
        options: (GeV of leptons, GeV of jets, whether objects are cleaned, whether systematics are wanted).
        smearing: float64[1000], factors of the resolution.
        scratch: float64[ROWS, jets of the largest event].
        sums, squares, flow: the tally's, added to.
    """
    electron_offsets, e_pt, e_eta, e_id, e_sip = electrons
    muon_offsets, m_pt, m_eta, m_id, m_sip, m_iso = muons
    offsets, j_pt, j_eta, j_phi, j_mass, j_btag, j_id = jets
    lepton_pt, jet_pt, cleaned, varied = options
    for event in range(len(offsets) - 1):
        flow[_ALL] += 1
        if not one_lepton(
            event,
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
            lepton_pt,
            cleaned,
        ):
            continue
        flow[_LEPTON] += 1
        if offsets[event + 1] - offsets[event] < _JETS_OF_A_REGION:
            continue
        kept = candidates(
            offsets[event], offsets[event + 1], jet_pt, cleaned, j_pt, j_eta, j_id, j_btag, smearing, varied, scratch, 0
        )
        if kept < _JETS_OF_A_REGION:
            continue
        directed = False
        for kinematic in range(_KINEMATIC if varied else 1):
            n, tagged, ht = counted(scratch, 0, kept, kinematic, jet_pt)
            if kinematic == 0 and n >= _JETS_OF_A_REGION:
                flow[_JETS] += 1
                if tagged > 0:
                    flow[_TAGGED] += 1
                    flow[_REGIONS + (0 if tagged == 1 else 1)] += 1
            if n < _JETS_OF_A_REGION or tagged == 0:
                continue
            region = 0 if tagged == 1 else 1
            if region == 1:
                if not directed:
                    directions(scratch, 0, kept, j_eta, j_phi, j_mass)
                    directed = True
                where = bin_of(trijet_mass(scratch, 0, kept, kinematic, jet_pt))
            else:
                where = bin_of(ht)
            row = region * _VARIATIONS + kinematic
            sums[row, where] += 1.0
            squares[row, where] += 1.0
            if kinematic == 0 and varied:
                fill_weights(sums, squares, region, where, scratch, 0, kept, jet_pt)
