"""Random numbers by counting: an event's depend on the seed, the sample and the event's number, and on nothing else.

Philox4x32-10 (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, doi:10.1145/2063384.2063405).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10
_TO_UNIT = 2.0**-32
_LOW, _QUARTER = np.uint64(0xFFFF), np.uint64(16)
_TO_QUARTER = 2.0**-16
_ROOT_3 = math.sqrt(3.0)

# Counters at a time: compilers make vectors of them.
_LANES = 16
_WORDS = 4 * _LANES
# Places in a state, uint64[STATE]: the key, the event (two words each), how often numbers were drawn for it, how many
# of those drawn last are used, and these.
_KEY, _EVENT, _TIMES, _USED, _DRAWN = 0, 2, 4, 5, 6
STATE = _DRAWN + _WORDS


@njit(nogil=True, error_model="numpy")
def philox(state):
    """Draw words for the state's key and the next counters (event, 0), (event, 1), ..."""
    key0, key1, event0, event1 = state[_KEY], state[_KEY + 1], state[_EVENT], state[_EVENT + 1]
    times = state[_TIMES] * np.uint64(_LANES)
    for lane in range(_LANES):
        c0, c1, c2, c3 = event0, event1, times + np.uint64(lane), np.uint64(0)
        k0, k1 = key0, key1
        for _ in range(_ROUNDS):
            p0 = (c0 & _MASK) * _M0
            p1 = (c2 & _MASK) * _M1
            c0 = (p1 >> _HALF) ^ c1 ^ k0
            c1 = p1 & _MASK
            c2 = (p0 >> _HALF) ^ c3 ^ k1
            c3 = p0 & _MASK
            k0 = (k0 + _W0) & _MASK
            k1 = (k1 + _W1) & _MASK
        state[_DRAWN + lane] = c0
        state[_DRAWN + lane + _LANES] = c1
        state[_DRAWN + lane + 2 * _LANES] = c2
        state[_DRAWN + lane + 3 * _LANES] = c3


@njit(nogil=True)
def begin(state, event):
    """Start an event's numbers."""
    number = np.uint64(event)
    state[_EVENT] = number & _MASK
    state[_EVENT + 1] = number >> _HALF
    state[_TIMES] = np.uint64(0)
    state[_USED] = np.uint64(_WORDS)


@njit(nogil=True, inline="always")
def word(state):
    """32 random bits."""
    used = np.int64(state[_USED])
    if used == _WORDS:
        philox(state)
        state[_TIMES] += np.uint64(1)
        used = np.int64(0)
    state[_USED] = np.uint64(used + 1)
    return state[_DRAWN + used]


@njit(nogil=True)
def uniform(state):
    """A number between 0 and 1, neither of them."""
    return (np.float64(word(state)) + 0.5) * _TO_UNIT


@njit(nogil=True)
def chance(state, share):
    """True in this share of cases."""
    return uniform(state) < share


@njit(nogil=True)
def exponential(state, mean):
    """A number that falls off exponentially from 0."""
    return -mean * math.log(uniform(state))


@njit(nogil=True)
def exponentials(state, mean):
    """The sum of two such numbers."""
    return -mean * math.log(uniform(state) * uniform(state))


@njit(nogil=True)
def normal(state):
    """Nearly a normal deviate, the sum of four even ones of 16 bits: no tail reaches further than 3.5."""
    first, second = word(state), word(state)
    total = (first & _LOW) + (first >> _QUARTER) + (second & _LOW) + (second >> _QUARTER)
    return (np.float64(total) + 2.0) * (_ROOT_3 * _TO_QUARTER) - 2.0 * _ROOT_3


@njit(nogil=True)
def poisson(state, mean):
    """A count of small mean."""
    limit = math.exp(-mean)
    product = uniform(state)
    count = 0
    while product > limit:
        product *= uniform(state)
        count += 1
    return count


def state_of(seed: int, stream: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A state for a seed (its low 32 bits count) and a stream of its own for each sample."""
    state = np.zeros(STATE, np.uint64)
    state[_KEY] = np.uint64(seed & 0xFFFFFFFF)
    state[_KEY + 1] = np.uint64(stream & 0xFFFFFFFF)
    return state
