"""How much passes each cut alone: the analysis's very predicates, one at a time, to compare with other programs'."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from afspec.agc.kept import digest, kept
from afspec.agc.ttbar import task
from afspec.agc.ttbar.analysis import columns_of, options_of
from afspec.agc.ttbar.event import (
    electron_tight,
    good_electron,
    good_jet,
    good_muon,
    harder,
    jet_central,
    jet_tagged,
    jet_vetoes_leptons,
    lepton_central,
    lepton_prompt,
    muon_isolated,
    muon_tight,
)

if TYPE_CHECKING:
    from afspec.agc.columns import Chunk

_HERE = Path(__file__).parent
_ELECTRONS = ("electron pt", "electron eta", "electron cutBased", "electron sip3d")
_MUONS = ("muon pt", "muon eta", "muon tightId", "muon sip3d", "muon pfRelIso04_all")
_JETS = ("jet pt", "jet eta", "jet jetId", "jet btagCSVV2")
_EVENTS = ("exactly 1 lepton", "at least 4 jets", "at least 1 b-tag")
CUTS = (*_ELECTRONS, *_MUONS, *_JETS, *_EVENTS)
# Those that version 1 has.
_LOOSE = ("electron pt", "muon pt", "jet pt", "jet btagCSVV2", *_EVENTS)


@njit(nogil=True)
def count_cuts(electrons, muons, jets, lepton_pt, jet_pt, loose, counts):
    """Add to int64[cuts] how much of a chunk passes each."""
    offsets, pt, eta, identification, sip3d = electrons
    for i in range(offsets[0], offsets[-1]):
        counts[0] += harder(pt[i], lepton_pt)
        counts[1] += lepton_central(eta[i])
        counts[2] += electron_tight(identification[i])
        counts[3] += lepton_prompt(sip3d[i])
    offsets, pt, eta, tight, sip3d, isolation = muons
    for i in range(offsets[0], offsets[-1]):
        counts[4] += harder(pt[i], lepton_pt)
        counts[5] += lepton_central(eta[i])
        counts[6] += muon_tight(tight[i])
        counts[7] += lepton_prompt(sip3d[i])
        counts[8] += muon_isolated(isolation[i])
    offsets, pt, eta, _, _, btag, identification = jets
    for i in range(offsets[0], offsets[-1]):
        counts[9] += harder(pt[i], jet_pt)
        counts[10] += jet_central(eta[i])
        counts[11] += jet_vetoes_leptons(identification[i])
        counts[12] += jet_tagged(btag[i])
    count_events(electrons, muons, jets, lepton_pt, jet_pt, loose, counts[13:])


@njit(nogil=True)
def count_events(electrons, muons, jets, lepton_pt, jet_pt, loose, counts):
    """Add to int64[3] how many events have one good lepton, at least four good jets, a b-tag among good jets."""
    electron_offsets, e_pt, e_eta, e_id, e_sip = electrons
    muon_offsets, m_pt, m_eta, m_id, m_sip, m_iso = muons
    jet_offsets, j_pt, j_eta, _, _, j_btag, j_id = jets
    for event in range(len(jet_offsets) - 1):
        leptons = 0
        for i in range(electron_offsets[event], electron_offsets[event + 1]):
            leptons += good_electron(e_pt[i], e_eta[i], e_id[i], e_sip[i], lepton_pt, loose)
        for i in range(muon_offsets[event], muon_offsets[event + 1]):
            leptons += good_muon(m_pt[i], m_eta[i], m_id[i], m_sip[i], m_iso[i], lepton_pt, loose)
        good = 0
        tagged = 0
        for i in range(jet_offsets[event], jet_offsets[event + 1]):
            is_good = good_jet(j_pt[i], j_eta[i], j_id[i], jet_pt, 1.0, loose)
            good += is_good
            tagged += is_good & jet_tagged(j_btag[i])
        counts[0] += leptons == 1
        counts[1] += good >= task.JETS
        counts[2] += tagged > 0


@functools.cache
def compiled():
    """The counting, compiled."""
    known = digest(*(_HERE / f"{name}.py" for name in ("task", "event", "cuts")))

    def count(electrons, muons, jets, lepton_pt, jet_pt, loose, counts):
        if known:
            count_cuts(electrons, muons, jets, lepton_pt, jet_pt, loose, counts)

    return kept(count)


def cut_counts(chunk: Chunk, version: int) -> dict[str, int]:
    """Objects of a chunk that pass each cut on objects alone, and events that pass each cut on events alone."""
    counts = np.zeros(len(CUTS), np.int64)
    lepton_pt, jet_pt, loose, _ = options_of(version, varied=False)
    compiled()(*columns_of(chunk), lepton_pt, jet_pt, loose, counts)
    told = dict(zip(CUTS, counts.tolist(), strict=True))
    return {name: told[name] for name in (_LOOSE if loose else CUTS)}
