"""The physics of one event, compiled: used by the pass over events on CPUs (cpu) and, as it is, on GPUs (gpu).

Functions take arrays of big-endian words as files hold them, and swap what they look at. All arithmetic is in float64,
of float32 inputs.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from afspec.agc.ttbar import task

_HARDEST = float(max(task.PT_SCALE, task.SMEARING.max()))
# Beyond this, three decimal places of pt do not fit into 64 bits.
_COUNTABLE = 9.0e15

# Rows of the scratch that an event's candidate jets are kept in: place is the jet's index in its columns.
PT, SMEARED, TAGGED, PLACE, COSINE, SINE, SINH, MASS, PX, PY, PZ, ENERGY = range(12)
ROWS = 12


@njit(cache=True, nogil=True)
def word(raw):
    """A big-endian word in the machine's order."""
    raw = np.uint32(raw)
    return np.uint32(
        (raw >> np.uint32(24))
        | ((raw >> np.uint32(8)) & np.uint32(0xFF00))
        | ((raw << np.uint32(8)) & np.uint32(0xFF0000))
        | (raw << np.uint32(24))
    )


@njit(cache=True, nogil=True)
def real(raw):
    """The float32 of a big-endian word, as float64."""
    return np.float64(np.uint32(word(raw)).view(np.float32))


@njit(cache=True, nogil=True)
def whole(raw):
    """The int32 of a big-endian word."""
    return np.int64(np.uint32(word(raw)).view(np.int32))


@njit(cache=True, nogil=True)
def good_electron(pt, eta, identification, sip3d, threshold, cleaned):
    """Whether an electron counts; `cleaned` is whether more than its pt is asked for."""
    if not real(pt) > threshold:
        return False
    return not cleaned or (
        abs(real(eta)) < task.LEPTON_ETA
        and whole(identification) == task.ELECTRON_CUT_BASED
        and real(sip3d) < task.LEPTON_SIP3D
    )


@njit(cache=True, nogil=True)
def good_muon(pt, eta, tight, sip3d, isolation, threshold, cleaned):
    """Whether a muon counts."""
    if not real(pt) > threshold:
        return False
    return not cleaned or (
        abs(real(eta)) < task.LEPTON_ETA
        and tight != 0
        and real(sip3d) < task.LEPTON_SIP3D
        and real(isolation) < task.MUON_ISOLATION
    )


@njit(cache=True, nogil=True)
def clean_jet(eta, identification):
    """Whether a jet counts once it is hard enough."""
    return abs(real(eta)) < task.JET_ETA and (whole(identification) & task.JET_TIGHT_LEPTON_VETO) != 0


@njit(cache=True, nogil=True)
def resolution(pt, smearing):
    """The factor that smears a jet's pt, of its third decimal places in float32; 1 for a pt that has none."""
    if not 0.0 < pt < _COUNTABLE:
        return 1.0
    return smearing[np.int64(np.float32(pt) * np.float32(1000.0)) % task.QUANTILES]


@njit(cache=True, nogil=True)
def bin_of(value):
    """The bin with flow: 0 below, 26 above and for what is no number (as boost-histogram's regular axis has it)."""
    z = (value - task.LOW) / (task.HIGH - task.LOW)
    if z < 1.0:
        return int(z * task.BINS) + 1 if z >= 0.0 else 0
    return task.BINS + 1


@njit(cache=True, nogil=True)
def candidates(first, last, threshold, cleaned, pt, eta, identification, btag, smearing, varied, scratch, base):
    """Write down the jets first to last that may count in any variation, from column `base` of scratch on; how many."""
    kept = 0
    hardest = _HARDEST if varied else 1.0
    for jet in range(first, last):
        energy = real(pt[jet])
        if not energy * hardest > threshold:
            continue
        if cleaned and not clean_jet(eta[jet], identification[jet]):
            continue
        scratch[PT, base + kept] = energy
        scratch[SMEARED, base + kept] = energy * resolution(energy, smearing) if varied else energy
        scratch[PLACE, base + kept] = np.float64(jet)
        scratch[TAGGED, base + kept] = 1.0 if real(btag[jet]) > task.B_TAG else 0.0
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def varied_pt(scratch, jet, kinematic):
    """A candidate's pt in a kinematic variation: 0 nominal, 1 scaled up, 2 smeared."""
    energy = scratch[PT, jet]
    if kinematic == 1:
        return energy * task.PT_SCALE
    if kinematic == 2:  # noqa: PLR2004
        return scratch[SMEARED, jet]
    return energy


@njit(cache=True, nogil=True)
def counted(scratch, base, kept, kinematic, threshold):
    """Jets, b-tagged jets, and the sum of pt, of the candidates that are hard enough in a variation."""
    jets = 0
    tagged = 0
    ht = 0.0
    for jet in range(base, base + kept):
        energy = varied_pt(scratch, jet, kinematic)
        if energy > threshold:
            jets += 1
            ht += energy
            if scratch[TAGGED, jet] != 0.0:
                tagged += 1
    return jets, tagged, ht


@njit(cache=True, nogil=True)
def directions(scratch, base, kept, eta, phi, mass):
    """Look up where each candidate flies, and its mass."""
    for jet in range(base, base + kept):
        place = np.int64(scratch[PLACE, jet])
        angle = real(phi[place])
        scratch[COSINE, jet] = math.cos(angle)
        scratch[SINE, jet] = math.sin(angle)
        scratch[SINH, jet] = math.sinh(real(eta[place]))
        scratch[MASS, jet] = real(mass[place])


@njit(cache=True, nogil=True)
def momenta(scratch, base, kept, kinematic):
    """Each candidate's four-momentum in a variation; masses do not vary, and a negative one lowers the energy."""
    for jet in range(base, base + kept):
        pt = varied_pt(scratch, jet, kinematic)
        mass = scratch[MASS, jet]
        scratch[PX, jet] = pt * scratch[COSINE, jet]
        scratch[PY, jet] = pt * scratch[SINE, jet]
        scratch[PZ, jet] = pt * scratch[SINH, jet]
        square = scratch[PX, jet] ** 2 + scratch[PY, jet] ** 2 + scratch[PZ, jet] ** 2 + mass * abs(mass)
        scratch[ENERGY, jet] = math.sqrt(max(square, 0.0))


@njit(cache=True, nogil=True)
def trijet_mass(scratch, base, kept, kinematic, threshold):
    """GeV, the mass of the three jets, one of them b-tagged at least, whose sum has the largest pt; the first of such.

    A sum that is spacelike by rounding has a negative mass, as vector's and ROOT's have.
    """
    momenta(scratch, base, kept, kinematic)
    best = -1.0
    first = second = third = -1
    for i in range(base, base + kept):
        if not varied_pt(scratch, i, kinematic) > threshold:
            continue
        for j in range(i + 1, base + kept):
            if not varied_pt(scratch, j, kinematic) > threshold:
                continue
            x = scratch[PX, i] + scratch[PX, j]
            y = scratch[PY, i] + scratch[PY, j]
            tagged = scratch[TAGGED, i] + scratch[TAGGED, j]
            for k in range(j + 1, base + kept):
                if tagged + scratch[TAGGED, k] == 0.0 or not varied_pt(scratch, k, kinematic) > threshold:
                    continue
                pt = (x + scratch[PX, k]) ** 2 + (y + scratch[PY, k]) ** 2
                # The first is taken whatever it is: no comparison holds for what is no number.
                if first < 0 or pt > best:
                    best = pt
                    first, second, third = i, j, k
    x = scratch[PX, first] + scratch[PX, second] + scratch[PX, third]
    y = scratch[PY, first] + scratch[PY, second] + scratch[PY, third]
    z = scratch[PZ, first] + scratch[PZ, second] + scratch[PZ, third]
    energy = scratch[ENERGY, first] + scratch[ENERGY, second] + scratch[ENERGY, third]
    square = energy * energy - x * x - y * y - z * z
    return math.copysign(math.sqrt(abs(square)), square)
