"""In the simulator the GPU's pass gives the CPU's histograms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from unit.agc.gpu.events import CASES

from afspec.agc.ttbar.analysis import Ttbar

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

_HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> NpzFile:
    pytest.importorskip("numba.cuda", reason="nothing compiles for GPUs")
    target = tmp_path_factory.mktemp("simulated") / "tallies.npz"
    path = (str(_HERE.parents[2]), os.environ.get("PYTHONPATH"))
    subprocess.run(
        [sys.executable, "-W", "error", str(_HERE / "simulated.py"), str(target)],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": os.pathsep.join(filter(None, path))},
        check=True,
    )
    found: NpzFile = np.load(target)
    return found


@pytest.mark.parametrize("name", list(CASES))
def test_the_simulated_gpu_gives_what_the_cpu_gives(simulated: NpzFile, name: str) -> None:
    case = CASES[name]
    analysis = Ttbar(case.version)
    tally = analysis.tally()
    analysis.process(case.made.chunk(), tally, case.variation)
    assert simulated[f"{name}/flow"].tolist() == tally.flow.tolist()
    np.testing.assert_allclose(simulated[f"{name}/sums"], tally.sums, rtol=1e-12, atol=0)
    np.testing.assert_allclose(simulated[f"{name}/squares"], tally.squares, rtol=1e-12, atol=0)


def test_the_events_are_worth_looking_at() -> None:
    for name in ("v2", "v1", "another sample", "500 jets and many b-tags"):
        case = CASES[name]
        analysis = Ttbar(case.version)
        tally = analysis.tally()
        analysis.process(case.made.chunk(), tally, case.variation)
        assert tally.flow[-1] > 0, name
