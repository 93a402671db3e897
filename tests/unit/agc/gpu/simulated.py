"""Runs the GPU's pass in the simulator and saves what it gives; a process of its own, for it is chosen on import.

python simulated.py FILE.npz, with NUMBA_ENABLE_CUDASIM=1 and the tests' folder on PYTHONPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from unit.agc.gpu.events import CASES

from afspec.agc.gpu import require
from afspec.agc.ttbar.gpu import TtbarCuda


def main(target: Path) -> None:
    """Every case, in the order that they have: what one leaves behind on the device must not show in the next."""
    assert require().simulated
    found = {}
    for name, case in CASES.items():
        analysis = TtbarCuda(case.version)
        tally = analysis.tally()
        for start, stop in case.chunks:
            analysis.process(case.made.chunk(start, stop), tally, case.variation)
        found.update({f"{name}/sums": tally.sums, f"{name}/squares": tally.squares, f"{name}/flow": tally.flow})
    np.savez(target, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
