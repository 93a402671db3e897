"""The physics of one event, compiled: used by the pass over events on CPUs (cpu) and, as it is, on GPUs (gpu).

Functions take big-endian words as files hold them and swap what they look at. Cuts compare in float32, as NumPy
compares a float32 column with a Python number; all arithmetic after them is in float64. Sums of conditions are written
without branches where most objects could go either way: a wrong guess costs a processor more than a comparison.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from afspec.agc.ttbar import task

_LEPTON_ETA = np.float32(task.LEPTON_ETA)
_LEPTON_SIP3D = np.float32(task.LEPTON_SIP3D)
_MUON_ISOLATION = np.float32(task.MUON_ISOLATION)
_JET_ETA = np.float32(task.JET_ETA)
_B_TAG = np.float32(task.B_TAG)
_HARDEST = float(max(task.PT_SCALE, task.SMEARING.max()))
# Beyond this, three decimal places of pt do not fit into 64 bits.
_COUNTABLE = 9.0e15
# The region whose observable is a trijet's mass has so many at least.
_B_TAGS_OF_A_TRIJET = 2
_SMEARED_VARIATION = task.KINEMATIC.index("pt_res_up")
_SCALED_VARIATION = task.KINEMATIC.index("pt_scale_up")

# Rows of the scratch that an event's jets are kept in. The first ones are of its candidates, hard enough in one
# variation at least; PLACE is the jet's index in its columns, TAG 1, 0, or no number where the discriminant is none.
PLACE, PT, SMEARED, TAG, COSINE, SINE, SINH, MASS = range(8)
# The others are of those candidates that are hard enough in the variation at hand.
HARD, HARD_PT, HARD_TAG, PX, PY, PZ, ENERGY = range(8, 15)
ROWS = 15


@njit(nogil=True)
def word(raw):
    """A big-endian word in the machine's order."""
    raw = np.uint32(raw)
    return np.uint32(
        (raw >> np.uint32(24))
        | ((raw >> np.uint32(8)) & np.uint32(0xFF00))
        | ((raw << np.uint32(8)) & np.uint32(0xFF0000))
        | (raw << np.uint32(24))
    )


@njit(nogil=True)
def real(raw):
    """The float32 of a big-endian word."""
    return np.uint32(word(raw)).view(np.float32)


@njit(nogil=True)
def whole(raw):
    """The int32 of a big-endian word."""
    return np.uint32(word(raw)).view(np.int32)


# Cuts of one object, each on its own; cuts.py counts what passes them.


@njit(nogil=True)
def harder(pt, threshold):
    """Whether an object's pt is above a threshold."""
    return real(pt) > threshold


@njit(nogil=True)
def lepton_central(eta):
    """Whether a lepton flies into the tracker."""
    return abs(real(eta)) < _LEPTON_ETA


@njit(nogil=True)
def lepton_prompt(sip3d):
    """Whether a lepton comes from the primary vertex."""
    return real(sip3d) < _LEPTON_SIP3D


@njit(nogil=True)
def electron_tight(identification):
    """Whether an electron is tight."""
    return whole(identification) == task.ELECTRON_CUT_BASED


@njit(nogil=True)
def muon_tight(flag):
    """Whether a muon is tight."""
    return flag != 0


@njit(nogil=True)
def muon_isolated(isolation):
    """Whether little else flies along with a muon."""
    return real(isolation) < _MUON_ISOLATION


@njit(nogil=True)
def jet_central(eta):
    """Whether a jet flies into the tracker."""
    return abs(real(eta)) < _JET_ETA


@njit(nogil=True)
def jet_vetoes_leptons(identification):
    """Whether a jet is tight and no lepton in disguise."""
    return (whole(identification) & task.JET_TIGHT_LEPTON_VETO) != 0


@njit(nogil=True)
def jet_tagged(btag):
    """Whether a jet looks like one of a b quark."""
    return real(btag) > _B_TAG


# The cuts together.


@njit(nogil=True)
def good_electron(pt, eta, identification, sip3d, threshold, loose):
    """Whether an electron counts; `loose` is whether its pt is enough."""
    return harder(pt, threshold) & (
        loose | (lepton_central(eta) & electron_tight(identification) & lepton_prompt(sip3d))
    )


@njit(nogil=True)
def good_muon(pt, eta, tight, sip3d, isolation, threshold, loose):
    """Whether a muon counts."""
    return harder(pt, threshold) & (
        loose | (lepton_central(eta) & muon_tight(tight) & lepton_prompt(sip3d) & muon_isolated(isolation))
    )


@njit(nogil=True)
def good_jet(pt, eta, identification, threshold, factor, loose):
    """Whether a jet counts once its pt is scaled by a factor."""
    return (np.float64(real(pt)) * factor > threshold) & (
        loose | (jet_central(eta) & jet_vetoes_leptons(identification))
    )


@njit(nogil=True)
def resolution(pt, smearing):
    """The factor that smears a jet's pt, of its third decimal places in float32; 1 for a pt that has none."""
    if not 0.0 < pt < _COUNTABLE:
        return 1.0
    return smearing[np.uint64(np.float32(pt) * np.float32(1000.0)) % np.uint64(task.QUANTILES)]


@njit(nogil=True)
def bin_of(value):
    """The bin with flow: 0 below, 26 above and for what is no number (as boost-histogram's regular axis has it)."""
    z = (value - task.LOW) / (task.HIGH - task.LOW)
    if z < 1.0:
        return int(z * task.BINS) + 1 if z >= 0.0 else 0
    return task.BINS + 1


@njit(nogil=True)
def candidates(first, last, threshold, loose, varied, pt, eta, identification, scratch, base):
    """Note the jets first to last that may count in a variation, from column `base` of scratch on; how many."""
    hardest = _HARDEST if varied else 1.0
    kept = 0
    for jet in range(first, last):
        place = np.uint64(jet)
        scratch[PLACE, base + kept] = np.float64(jet)
        kept += good_jet(pt[place], eta[place], identification[place], threshold, hardest, loose)
    return kept


@njit(nogil=True)
def described(scratch, base, kept, pt, btag, smearing, varied):
    """Look up what each candidate is counted by; how many of them are b-tagged."""
    tagged = 0
    for jet in range(base, base + kept):
        place = np.int64(scratch[PLACE, jet])
        value = np.float64(real(pt[place]))
        tag = real(btag[place])
        scratch[PT, jet] = value
        scratch[SMEARED, jet] = value * resolution(value, smearing) if varied else value
        is_tagged = jet_tagged(btag[place])
        scratch[TAG, jet] = np.float64(is_tagged) if tag == tag else np.nan  # noqa: PLR0124 - no branch, as isnan has
        tagged += is_tagged
    return tagged


@njit(nogil=True)
def directions(scratch, base, kept, eta, phi, mass):
    """Look up where each candidate flies, and its mass."""
    for jet in range(base, base + kept):
        place = np.int64(scratch[PLACE, jet])
        angle = np.float64(real(phi[place]))
        scratch[COSINE, jet] = math.cos(angle)
        scratch[SINE, jet] = math.sin(angle)
        scratch[SINH, jet] = math.sinh(np.float64(real(eta[place])))
        scratch[MASS, jet] = np.float64(real(mass[place]))


@njit(nogil=True)
def prepared(first, last, threshold, loose, varied, jets, smearing, scratch, base):
    """Write all that variations need to know of an event's jets, first to last, into scratch from column `base` on.

    `jets` are offsets and columns, in the layout's order.

    Returns:
        How many candidates there are; 0 if too few for any region.
    """
    _, pt, eta, phi, mass, btag, identification = jets
    if last - first < task.JETS:
        return 0
    kept = candidates(first, last, threshold, loose, varied, pt, eta, identification, scratch, base)
    if kept < task.JETS:
        return 0
    if described(scratch, base, kept, pt, btag, smearing, varied) >= _B_TAGS_OF_A_TRIJET:
        directions(scratch, base, kept, eta, phi, mass)
    return kept


@njit(nogil=True)
def counted(scratch, base, kept, kinematic, threshold):
    """Jets, b-tagged jets and the sum of pt of the candidates that are hard enough in a variation, which are noted.

    The kinematic variation is 0 for nominal, 1 for scaled up, 2 for smeared.
    """
    row = SMEARED if kinematic == _SMEARED_VARIATION else PT
    factor = task.PT_SCALE if kinematic == _SCALED_VARIATION else 1.0
    jets = 0
    tagged = 0
    ht = 0.0
    for jet in range(base, base + kept):
        pt = scratch[row, jet] * factor
        tag = scratch[TAG, jet]
        hard = pt > threshold
        scratch[HARD, base + jets] = np.float64(jet)
        scratch[HARD_PT, base + jets] = pt
        scratch[HARD_TAG, base + jets] = tag
        jets += hard
        tagged += hard & (tag > 0.0)
        ht += pt if hard else 0.0
    return jets, tagged, ht


@njit(nogil=True)
def momenta(scratch, base, jets):
    """Four-momenta of the jets that count; masses do not vary, and a negative one lowers the energy."""
    for jet in range(base, base + jets):
        candidate = np.int64(scratch[HARD, jet])
        pt = scratch[HARD_PT, jet]
        mass = scratch[MASS, candidate]
        x = pt * scratch[COSINE, candidate]
        y = pt * scratch[SINE, candidate]
        z = pt * scratch[SINH, candidate]
        scratch[PX, jet] = x
        scratch[PY, jet] = y
        scratch[PZ, jet] = z
        square = x * x + y * y + z * z + mass * abs(mass)
        scratch[ENERGY, jet] = 0.0 if square < 0.0 else math.sqrt(square)


@njit(nogil=True)
def hardest_trijet(scratch, base, jets):
    """The three jets, with a b-tag among them, whose sum has the largest pt, the first of such; -1 if there are none.

    A triple with a discriminant that is no number is none: the largest of its discriminants is no number either.
    """
    best_square = -1.0
    best = -1.0
    first = second = third = -1
    for i in range(base, base + jets):
        for j in range(i + 1, base + jets):
            x = scratch[PX, i] + scratch[PX, j]
            y = scratch[PY, i] + scratch[PY, j]
            tags = scratch[HARD_TAG, i] + scratch[HARD_TAG, j]
            for k in range(j + 1, base + jets):
                total_x = x + scratch[PX, k]
                total_y = y + scratch[PY, k]
                square = total_x * total_x + total_y * total_y
                if square <= best_square or not tags + scratch[HARD_TAG, k] > 0.0:
                    continue
                # Squares may differ where their roots do not. The first is taken whatever it is: nothing compares with
                # what is no number.
                pt = math.sqrt(square)
                if first < 0 or pt > best:
                    best_square = square
                    best = pt
                    first, second, third = i, j, k
    return first, second, third


@njit(nogil=True)
def trijet_mass(scratch, base, jets):
    """GeV, the mass of the hardest trijet; no number where there is none.

    A sum that is spacelike by rounding has a negative mass, as vector's and ROOT's have.
    """
    momenta(scratch, base, jets)
    i, j, k = hardest_trijet(scratch, base, jets)
    if i < 0:
        return np.nan
    x = scratch[PX, i] + scratch[PX, j] + scratch[PX, k]
    y = scratch[PY, i] + scratch[PY, j] + scratch[PY, k]
    z = scratch[PZ, i] + scratch[PZ, j] + scratch[PZ, k]
    energy = scratch[ENERGY, i] + scratch[ENERGY, j] + scratch[ENERGY, k]
    square = energy * energy - (x * x + y * y + z * z)
    return math.copysign(math.sqrt(abs(square)), square)


@njit(nogil=True)
def observed(scratch, base, kept, kinematic, threshold):
    """What an event is in a kinematic variation.

    Returns:
        Jets, b-tagged jets, and the bin of the observable of its region: HT with one b-tag, the trijet's mass with
        more; the bin is -1 if it is in no region.
    """
    jets, tagged, ht = counted(scratch, base, kept, kinematic, threshold)
    if jets < task.JETS or tagged == 0:
        return jets, tagged, -1
    if tagged < _B_TAGS_OF_A_TRIJET:
        return jets, tagged, bin_of(ht)
    return jets, tagged, bin_of(trijet_mass(scratch, base, jets))
