"""Events that both a CPU and the simulator look at."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from unit.agc.ttbar.made import ELECTRON, Made, at_random, of_events, semileptonic


@dataclass(frozen=True)
class Case:
    """Events, in what pieces they come, and what is asked of them."""

    made: Made
    version: int = 2
    variation: str = "nominal"
    pieces: int = 1

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """Where each piece starts and stops."""
        edges = np.linspace(0, len(self.made), self.pieces + 1).astype(int).tolist()
        return list(itertools.pairwise(edges))


def _crowd(tagged: int, hard: int) -> Made:
    """An event with 500 jets among ordinary ones."""
    rng = np.random.default_rng(4)
    jets = [
        {
            "pt": 35.0 + rng.exponential(20.0) if i < hard else 10.0,
            "phi": rng.uniform(-3, 3),
            "eta": rng.normal(0, 0.7),
            "btagCSVV2": 0.9 if i < tagged else 0.1,
        }
        for i in range(500)
    ]
    return of_events([semileptonic(*jets[:5]), semileptonic(*jets), {"Electron": [ELECTRON]}, semileptonic(*jets[:4])])


CASES = {
    "v2": Case(at_random(31, 150)),
    "v2 in pieces": Case(at_random(31, 150), pieces=4),
    "v1": Case(at_random(32, 100), version=1),
    "another sample": Case(at_random(33, 60), variation="ME_var"),
    "no ordinary numbers": Case(at_random(34, 100, odd=0.15)),
    "nothing": Case(of_events([])),
    "events without objects": Case(of_events([{}] * 3)),
    "500 jets and one b-tag": Case(_crowd(1, 500)),
    "500 jets and many b-tags": Case(_crowd(30, 40)),
    "the largest first": Case(_crowd(3, 20) + at_random(35, 50), pieces=2),
}
