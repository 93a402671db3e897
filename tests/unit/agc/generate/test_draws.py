"""Random numbers by counting: the published answers of Philox, and the moments of what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.agc.generate import draws as compiled

# Numba gives what it compiled no types.
draws: Any = compiled
WORD = st.integers(0, 2**32 - 1)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in Python's integers."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (q >> 32) ^ b ^ k, q & 0xFFFFFFFF, (p >> 32) ^ d ^ m, p & 0xFFFFFFFF
        k, m = (k + 0x9E3779B9) & 0xFFFFFFFF, (m + 0xBB67AE85) & 0xFFFFFFFF
    return [a, b, c, d]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_the_oracle_gives_the_known_answers_of_random123(counter: list[int], key: list[int], answer: list[int]) -> None:
    assert philox(counter, key) == answer


@given(seed=WORD, stream=WORD, event=st.integers(0, 2**63 - 1), times=st.integers(0, 3))
def test_every_lane_is_philox_of_its_counter(seed: int, stream: int, event: int, times: int) -> None:
    state = draws.state_of(seed, stream)
    draws.begin.py_func(state, event)
    state[4] = times

    draws.philox.py_func(state)

    drawn = state[6:].reshape(4, 16)
    for lane in (0, 1, 15):
        expected = philox([event & 0xFFFFFFFF, event >> 32, 16 * times + lane, 0], [seed, stream])
        assert drawn[:, lane].tolist() == expected


def test_an_event_draws_on_beyond_the_first_words() -> None:
    state = draws.state_of(1, 2)
    draws.begin(state, 3)
    words = [int(draws.word.py_func(state)) for _ in range(130)]
    assert words[64] == philox([3, 0, 16, 0], [1, 2])[0]
    assert len(set(words)) == 130


def test_moments() -> None:
    state = draws.state_of(5, 0)
    draws.begin(state, 0)
    number = 40_000
    normal = np.array([draws.normal(state) for _ in range(number)])
    falling = np.array([draws.exponential(state, 3.0) for _ in range(number)])
    double = np.array([draws.exponentials(state, 3.0) for _ in range(number)])
    counts = np.array([draws.poisson(state, 1.4) for _ in range(number)])
    lucky = np.array([draws.chance(state, 0.2) for _ in range(number)])

    assert abs(normal.mean()) < 0.02
    assert normal.std() == pytest.approx(1.0, abs=0.02)
    assert falling.mean() == pytest.approx(3.0, abs=0.06)
    assert falling.min() > 0.0
    assert double.mean() == pytest.approx(6.0, abs=0.09)
    assert counts.mean() == pytest.approx(1.4, abs=0.03)
    assert counts.var() == pytest.approx(1.4, abs=0.05)
    assert lucky.mean() == pytest.approx(0.2, abs=0.01)
