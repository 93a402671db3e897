"""What a detector makes of partons: jets, electrons and muons with the qualities that the analysis cuts on; compiled.

Rates of tags and identifications are round numbers near those of CMS in 2015.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from afspec.agc.generate.draws import chance, exponential, exponentials, normal, poisson, uniform
from afspec.agc.generate.hard import (
    CHARM,
    ELECTRON,
    KIND,
    LIGHT,
    MUON,
    PX,
    PY,
    PZ,
    TAUON,
    B,
)

# Columns of tables of objects; those after MASS mean: of jets b-tag, identification and quark likelihood; of leptons
# charge, identification, impact parameter and isolation.
PT, ETA, PHI, MASS = range(4)
B_TAG, JET_ID, QUARK = 4, 5, 6
CHARGE, IDENTIFIED, SIP3D, ISOLATION = 4, 5, 6, 7
COLUMNS = 8
JETS, LEPTONS, TRUE = 40, 12, 48

_JET_PT, _JET_ETA = 15.0, 4.7
_MOST_PT = 2500.0
# There is no b-tag beyond.
_TRACKER = 2.4
_ELECTRON_PT, _ELECTRON_ETA, _MUON_PT, _MUON_ETA = 5.0, 2.5, 3.0, 2.4
_TAU_LEPTON = 0.35
# Of two jets that overlap one is lost.
_MERGED = 0.13
_UNTAGGED, _VETOED, _BAD = -10.0, 2.0, 0.0
_TIGHT_VETO = 6.0
_PILE_UP = 1.0


@njit(nogil=True)
def wrapped(angle):
    """An angle between -pi and pi."""
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)


@njit(nogil=True)
def b_tag(state, kind):
    """A jet's CSVv2 discriminant: above 0.5 are 79 % of b jets, 42 % of c jets and 11 % of light ones."""
    x = uniform(state)
    if kind == B:
        return 1.0 - x * x * x
    cube = x * x * x
    return x * math.sqrt(math.sqrt(x)) if kind == CHARM else cube * cube


@njit(nogil=True)
def add_jet(state, jets, count, kind, vetoed, pt, eta, phi):
    """Measure a jet of this true pt (GeV): write it down if it is hard and central enough; how many there are now."""
    measured = pt * (1.0 + math.sqrt(0.7 / max(pt, 5.0) + 0.0025) * normal(state))
    if not _JET_PT < measured < _MOST_PT or abs(eta) > _JET_ETA or count == JETS:
        return count
    jets[count, PT] = measured
    jets[count, ETA] = eta
    jets[count, PHI] = wrapped(phi)
    jets[count, MASS] = measured * (0.06 + 0.04 * exponentials(state, 1.0))
    lost = abs(eta) > _TRACKER or chance(state, 0.02)
    jets[count, B_TAG] = _UNTAGGED if lost else b_tag(state, kind)
    jets[count, JET_ID] = _VETOED if vetoed != 0.0 else _BAD if chance(state, 0.015) else _TIGHT_VETO
    jets[count, QUARK] = -1.0 if lost else math.sqrt(uniform(state))
    return count + 1


@njit(nogil=True)
def add_lepton(state, leptons, count, muon, prompt, pt, eta, phi):
    """Measure an electron or a muon: write it down if it is found; how many there are now."""
    lowest, widest = (_MUON_PT, _MUON_ETA) if muon else (_ELECTRON_PT, _ELECTRON_ETA)
    measured = pt * (1.0 + (0.015 if muon else 0.02) * normal(state))
    if measured < lowest or abs(eta) > widest or count == LEPTONS or chance(state, 0.06 if muon else 0.15):
        return count
    leptons[count, PT] = measured
    leptons[count, ETA] = eta
    leptons[count, PHI] = wrapped(phi)
    leptons[count, MASS] = 0.1056584 if muon else 0.015 * normal(state)
    leptons[count, CHARGE] = 1.0 if chance(state, 0.5) else -1.0
    x = uniform(state)
    if muon:
        leptons[count, IDENTIFIED] = 1.0 if x < (0.96 if prompt else 0.7) else 0.0
    else:
        leptons[count, IDENTIFIED] = max(0.0, np.floor(4.99 - (5.0 * x**2 if prompt else 5.0 * x**0.2)))
    leptons[count, SIP3D] = abs(normal(state)) if prompt else exponential(state, 9.0)
    isolated = prompt and chance(state, 0.3)
    leptons[count, ISOLATION] = 0.0 if isolated else exponential(state, 0.04 if prompt else 1.2)
    return count + 1


@njit(nogil=True)
def true(table, count, kind, mark, pt, eta, phi):
    """Write down what is to be measured; how many there are now. There is room for TRUE, what is more is lost."""
    if count == TRUE:
        return count
    table[count, 0], table[count, 1], table[count, 2], table[count, 3], table[count, 4] = kind, mark, pt, eta, phi
    return count + 1


@njit(nogil=True)
def visible(state, scale, partons, count, jets, leptons, counts):
    """Write down the true jets and leptons that partons become; counts, int64[2], are of both and are added to."""
    for i in range(count):
        kind = partons[i, KIND]
        pt = math.sqrt(partons[i, PX] ** 2 + partons[i, PY] ** 2)
        eta = math.asinh(partons[i, PZ] / max(pt, 1e-6))
        phi = math.atan2(partons[i, PY], partons[i, PX])
        if kind == TAUON and not chance(state, _TAU_LEPTON):
            counts[0] = true(jets, counts[0], LIGHT, 0.0, pt * (0.3 + 0.6 * uniform(state)), eta, phi)
        elif kind >= ELECTRON:
            if kind == TAUON:
                pt *= 0.1 + 0.6 * uniform(state)
                kind = MUON if chance(state, 0.5) else ELECTRON
            counts[1] = true(leptons, counts[1], kind, 1.0, pt, eta, phi)
            # It is found as a jet as well, which the tight lepton veto marks.
            counts[0] = true(jets, counts[0], LIGHT, 1.0, pt, eta, phi)
        elif not chance(state, _MERGED):
            # A jet; some of its energy radiates out of the cone, and may be a jet as well.
            lost = min(exponential(state, 0.06), 0.5)
            counts[0] = true(jets, counts[0], kind, 0.0, scale * pt * (1.0 - lost), eta, phi)
            if chance(state, 0.6):
                nearby = 14.0 + scale * lost * pt
                at, angle = eta + 0.7 * normal(state), phi + 0.7 * normal(state)
                counts[0] = true(jets, counts[0], LIGHT, 0.0, nearby, at, angle)
            if chance(state, 0.45 if kind == B else 0.12):
                counts[1] = soft_lepton(state, leptons, counts[1], pt, eta, phi)


@njit(nogil=True)
def soft_lepton(state, leptons, count, pt, eta, phi):
    """Write down a lepton from within a jet of this pt, or what is taken for one."""
    kind = ELECTRON if chance(state, 0.5) else MUON
    return true(leptons, count, kind, 0.0, 3.0 + min(exponential(state, 0.10), 0.8) * pt, eta, phi)


@njit(nogil=True)
def measure(state, numbers, partons, count, truth, jets, electrons, muons, counts):
    """Fill the tables of objects with what `count` partons of an event of a process (samples.Process) look like.

    Counts, int64[3], become those of jets, electrons and muons. Truth is scratch, float64[2, TRUE, 5].
    """
    radiated, steepness, heavy, charmed, scale = numbers[6:11]
    counts[:] = 0
    visible(state, scale, partons, count, truth[0], truth[1], counts)
    found, leptons = counts[0], counts[1]
    heavies = 2 if chance(state, heavy) else 0
    further = poisson(state, radiated)
    for i in range(further + poisson(state, _PILE_UP)):
        if i < further:
            kind = B if i < heavies else CHARM if chance(state, charmed) else LIGHT
            pt, width = scale * _JET_PT * uniform(state) ** (-1.0 / steepness), 1.7
        else:
            kind, pt, width = LIGHT, _JET_PT + exponential(state, 3.5), 2.4
        found = true(truth[0], found, kind, 0.0, pt, width * normal(state), 2.0 * math.pi * uniform(state))
    if chance(state, 0.2):
        leptons = soft_lepton(state, truth[1], leptons, 30.0, 1.4 * normal(state), 2.0 * math.pi * uniform(state))
    counts[:] = 0
    for i in range(found):
        kind, vetoed, pt, eta, phi = truth[0, i, 0], truth[0, i, 1], truth[0, i, 2], truth[0, i, 3], truth[0, i, 4]
        counts[0] = add_jet(state, jets, counts[0], kind, vetoed, pt, eta, phi)
    for i in range(leptons):
        kind, prompt, pt, eta, phi = truth[1, i, 0], truth[1, i, 1], truth[1, i, 2], truth[1, i, 3], truth[1, i, 4]
        muon = kind == MUON
        place = 2 if muon else 1
        objects = muons if muon else electrons
        counts[place] = add_lepton(state, objects, counts[place], muon, prompt != 0.0, pt, eta, phi)
