"""The hard process: tops, W bosons and what they decay to, as four-momenta; compiled.

Decays are isotropic in the frame of what decays, so that masses of jets that belong together peak where they should.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from afspec.agc.generate.draws import chance, exponentials, normal, uniform

TOP, W, BOTTOM, TAU = 172.5, 80.4, 4.8, 1.777
_TOP_WIDTH, _W_WIDTH = 1.4, 2.1
_RAPIDITY = 0.95
_FORWARD = 2.6

# Kinds of partons, and the columns of their table: kind, px, py, pz, energy.
LIGHT, CHARM, B, ELECTRON, MUON, TAUON = 0, 1, 2, 3, 4, 5
KIND, PX, PY, PZ, ENERGY = range(5)
PARTONS = 16


@njit(nogil=True)
def add(partons, count, kind, px, py, pz, energy):
    """Write a parton down; how many there are now."""
    partons[count, KIND] = kind
    partons[count, PX] = px
    partons[count, PY] = py
    partons[count, PZ] = pz
    partons[count, ENERGY] = energy
    return count + 1


@njit(nogil=True)
def decay(state, px, py, pz, energy, mass, first, second):
    """The four-momentum of the first of two daughters of masses `first` and `second`; the other one is the rest."""
    square = (mass * mass - (first + second) ** 2) * (mass * mass - (first - second) ** 2)
    momentum = math.sqrt(max(square, 0.0)) / (2.0 * mass)
    cosine = 2.0 * uniform(state) - 1.0
    sine = math.sqrt(1.0 - cosine * cosine)
    angle = 2.0 * math.pi * uniform(state)
    x, y, z = momentum * sine * math.cos(angle), momentum * sine * math.sin(angle), momentum * cosine
    e = math.sqrt(momentum * momentum + first * first)
    # Boost from the frame of the parent.
    along = (px * x + py * y + pz * z) / mass
    factor = along / (energy + mass) + e / mass
    return x + px * factor, y + py * factor, z + pz * factor, e * energy / mass + along


@njit(nogil=True)
def made(mass, pt, angle, rapidity):
    """The four-momentum of something made at a rapidity."""
    transverse = math.sqrt(mass * mass + pt * pt)
    return (
        pt * math.cos(angle),
        pt * math.sin(angle),
        transverse * math.sinh(rapidity),
        transverse * math.cosh(rapidity),
    )


@njit(nogil=True)
def decay_w(state, partons, count, px, py, pz, energy, mass, leptonic):
    """A W boson's quarks or charged lepton; neutrinos are lost."""
    lepton = chance(state, leptonic)
    x, y, z, e = decay(state, px, py, pz, energy, mass, 0.0, 0.0)
    if lepton:
        return add(partons, count, ELECTRON + np.int64(3.0 * uniform(state)), x, y, z, e)
    # Half of the W bosons decay to a c quark.
    count = add(partons, count, CHARM if chance(state, 0.5) else LIGHT, x, y, z, e)
    return add(partons, count, LIGHT, px - x, py - y, pz - z, energy - e)


@njit(nogil=True)
def decay_top(state, partons, count, px, py, pz, energy, mass, leptonic):
    """A top's b quark and what its W boson decays to."""
    boson = min(W + _W_WIDTH * normal(state), mass - 2.0 * BOTTOM)
    x, y, z, e = decay(state, px, py, pz, energy, mass, BOTTOM, boson)
    count = add(partons, count, B, x, y, z, e)
    return decay_w(state, partons, count, px - x, py - y, pz - z, energy - e, boson, leptonic)


@njit(nogil=True)
def hard_process(state, numbers, partons):
    """Fill the table of partons with an event of a process (samples.Process.numbers); how many there are."""
    tops, bosons, bottoms, forward, leptonic, hardness = numbers[:6]
    pt = exponentials(state, hardness)
    angle = 2.0 * math.pi * uniform(state)
    rapidity = _RAPIDITY * normal(state)
    count = 0
    for _ in range(int(tops)):
        mass = TOP + _TOP_WIDTH * normal(state)
        px, py, pz, energy = made(mass, pt, angle, rapidity)
        count = decay_top(state, partons, count, px, py, pz, energy, mass, leptonic)
        # What comes next recoils against it.
        angle += math.pi + 0.3 * normal(state)
        rapidity = 0.6 * rapidity + 0.8 * _RAPIDITY * normal(state)
        pt = max(pt + 0.2 * pt * normal(state), 0.1)
    for _ in range(int(bosons)):
        mass = W + _W_WIDTH * normal(state)
        px, py, pz, energy = made(mass, pt, angle, rapidity)
        count = decay_w(state, partons, count, px, py, pz, energy, mass, leptonic)
    for _ in range(int(bottoms)):
        px, py, pz, energy = made(BOTTOM, pt, angle, rapidity)
        count = add(partons, count, B, px, py, pz, energy)
    for _ in range(int(forward)):
        side = _FORWARD if chance(state, 0.5) else -_FORWARD
        px, py, pz, energy = made(0.0, pt, angle, side + 0.7 * normal(state))
        count = add(partons, count, LIGHT, px, py, pz, energy)
    return count
