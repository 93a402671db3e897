"""The AGC on the twins' batch jobs, by the compiled cluster.py: exact, even with a worker that is killed half-way.

That it is exact where nothing happens, through every way that a twin offers, is the kit's to show (AF-AGC-001).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engines.batch_user import folder_of
from engines.test_dask_jobqueue import SITES, Site, User
from support import until

import afspec
from afspec.agc.run.dask.ship import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

# What a physicist does in a notebook whose Python, like that of the workers, has no afspec: it is sent.
NOTEBOOK = """\
import base64, io, json, os, signal, sys, zipfile
from pathlib import Path

zipfile.ZipFile(io.BytesIO(base64.b64decode(Path("agc.b64").read_text()))).extractall("package")
sys.path.insert(0, os.path.abspath("package"))

import numpy as np

from afspec.agc.generate.nanoaod import write
from afspec.agc.run.dask import DaskOptions, connect
from afspec.agc.run.executors.threads import Inline
from afspec.agc.run.work import Unit, merge
from afspec.agc.ttbar.analysis import Ttbar

EVENTS, SIZE = 40_000, 1_000


class Killed:
    # The analysis, on a worker that is killed in the middle of it: once.
    def __init__(self, marker):
        self.inner, self.marker = Ttbar(version=2, systematics=True), marker
        self.name, self.layout, self.steps = self.inner.name, self.inner.layout, self.inner.steps

    def tally(self):
        return self.inner.tally()

    def process(self, chunk, tally, variation):
        self.inner.process(chunk, tally, variation)
        if chunk.start <= EVENTS // 2 < chunk.stop and not os.path.exists(self.marker):
            with open(self.marker, "w") as file:
                file.write(os.environ.get("SLURM_JOB_ID") or os.environ.get("_CONDOR_JOB_AD") or "")
            os.kill(os.getpid(), signal.SIGKILL)


def main():
    file = os.path.abspath("ttbar.root")
    write(Path(file), EVENTS, process="ttbar", seed=5, cluster=SIZE)
    units = [
        Unit(number, ("ttbar", "nominal"), file, start, start + SIZE)
        for number, start in enumerate(range(0, EVENTS, SIZE))
    ]
    marker = os.path.abspath("killed")
    with connect(DaskOptions(folder=Path("."), workers=2, at_least=2, wait=120)) as executor:
        total = merge(executor.run(Killed(marker), units))
        told = executor.describe()
    wanted = merge(Inline().run(Ttbar(version=2, systematics=True), units))
    (found,), (here,) = total.tallies.values(), wanted.tallies.values()
    apart = [
        float(np.max(np.abs(a - b) / np.where(b == 0, 1, np.abs(b))))
        for a, b in ((found.sums, here.sums), (found.squares, here.squares))
    ]
    print(json.dumps({
        "done": sorted(total.done), "events": total.tallies and found.events, "failures": len(total.failures),
        "apart": max(apart), "filled": float(here.sums.sum()), "flow": found.flow.tolist() == here.flow.tolist(),
        "job": open(marker).read(), "told": told,
    }))


if __name__ == "__main__":
    main()
"""


@pytest.fixture(params=SITES, ids=lambda site: site.name)
def at(request: pytest.FixtureRequest) -> Iterator[tuple[User, Site]]:
    site: Site = request.param
    miniature: Miniature = request.getfixturevalue(site.name)
    user = User(miniature, "alice", folder_of(miniature, "alice"))
    yield user, site
    user.run(*site.give_up, check=False)
    assert until(lambda: not user.run(*site.jobs).stdout.strip(), 60)
    user.run("rm", "-r", user.folder)


def test_a_worker_killed_half_way_changes_no_histogram(at: tuple[User, Site]) -> None:
    user, site = at
    user.write("agc.b64", base64.b64encode(archive(Path(afspec.__path__[0]))).decode())
    found: dict[str, Any] = user.python(NOTEBOOK, timeout=300)
    assert found["told"]["backend"] == site.cluster, json.dumps(found["told"])
    # Their Python has no afspec: it came with the run.
    assert found["told"]["sent_to"] == 2
    # The one that was killed was a worker of a job's, not of this machine's at large.
    assert found["job"]
    assert found["failures"] == 0
    assert found["done"] == list(range(40))
    assert found["events"] == 40_000
    assert found["filled"] > 0
    assert found["flow"]
    assert found["apart"] <= 1e-12
