"""What the AGC must come to: afspec.agc run by the kit itself, on this machine, over events made from the run's seed.

It runs in a process of its own, by the text that runs at the site.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.once import once
from afspec.conformance.far import program
from afspec.conformance.reach.hosts import run_local
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.conformance.run import Run

# Events of the run's own input, and of a unit of work.
EVENTS, CHUNK = 90_000, 3_000
# The input that rates are measured with: the same at every site.
REFERENCE_EVENTS, REFERENCE_SEED = 90_000, 20260523
# Rounds over it, after one that compiles.
ROUNDS = 4
# What runs the analysis, besides Dask.
MODULES = ("numpy", "numba", "uproot", "awkward", "cramjam")
_TAIL = 300


def seed(run: Run) -> int:
    """The seed of a run's events: no answer that was made before the run fits."""
    return int(hashlib.sha256(run.request.run.encode()).hexdigest()[:7], 16)


def settings(run: Run) -> dict[str, Any]:
    """What both sides are told."""
    own = {"events": EVENTS, "seed": seed(run)}
    reference = {"events": REFERENCE_EVENTS, "seed": REFERENCE_SEED}
    return {"own": own, "reference": reference, "chunk": CHUNK, "rounds": ROUNDS}


def expected(probe: Probe) -> dict[str, Any]:
    """The histograms of this run's events, as this machine computes them, with the events' digest.

    Raises:
        UnverifiedError: the kit's own Python lacks what the analysis needs.
    """
    return once(probe.run, "agc here", lambda: _computed(probe))


def _computed(probe: Probe) -> dict[str, Any]:
    lacking = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if lacking:
        text = f"the kit's own Python has no {', '.join(lacking)} to compute with"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "pip install 'afspec[agc]' where the kit runs")
    code = program("agc_input", "agc_here", **settings(probe.run))
    with tempfile.TemporaryDirectory(dir=probe.run.work) as folder:
        # -c: what is imported is the installed package, wherever this process was started.
        command = ["env", f"--chdir={folder}", sys.executable, "-c", code]
        status, out, err = run_local(command, probe.remaining())
    if status:
        raise RuntimeError(f"the analysis cannot be run here: {err.strip()[-_TAIL:]}")
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found
