"""The AGC over real Slurm and HTCondor: exact, still exact when a worker dies half-way, and not where it is altered."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from afspec.conformance.clients.agc import here, package
from afspec.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from engines.conformance.conftest import Asked
    from engines.conftest import Miniature

# Enough for a worker to die while there is more to do.
MANY, FEW = 400_000, 3_000
# The cuts in GeV on leptons and jets, and others.
GOOD, OTHER = b"2: Task(2, 30.0, 30.0,", b"2: Task(2, 30.0, 31.0,"
# How far a run is: the program takes it down in its folder.
PROGRESS = 'cat "$HOME"/afspec-*/progress.json'
JOBS = {
    "slurm": ("squeue --noheader --me --states=RUNNING --format=%i", 'scancel --signal=KILL --full "$1"'),
    "htcondor": ("condor_q -constraint 'JobStatus == 2' -autoformat ClusterId", 'condor_rm "$1"'),
}


class Killer(threading.Thread):
    """Ends one of alice's jobs as soon as some of the events are done; `left` is how many were not by then."""

    def __init__(self, twin: Miniature) -> None:
        super().__init__(daemon=True)
        self.left = 0
        self.jobs: list[str] = []
        self._twin = twin
        self._deadline = time.monotonic() + 200
        self._look, self._end = JOBS[twin.facility.batch[0].scheduler]

    def run(self) -> None:
        over = threading.Event()
        # Looked for now and then: cores are few.
        while not self._progress()[0] and not over.wait(0.2):
            if time.monotonic() > self._deadline:
                return
        self.jobs = self._sh(self._look).split()
        for job in self.jobs[:1]:
            self._sh(self._end, job)
        done, planned = self._progress()
        self.left = planned - done

    def _progress(self) -> tuple[int, int]:
        said = self._sh(PROGRESS)
        told = json.loads(said) if said.strip() else {"done": 0, "planned": 0}
        return told["done"], told["planned"]

    def _sh(self, script: str, *args: str) -> str:
        return self._twin.room.run(["sh", "-c", script, "sh", *args], user="alice", check=False).stdout


@pytest.mark.parametrize("twin", ["slac", "bnl"])
def test_it_stays_exact_with_a_worker_killed_half_way(
    twin: str, kit: Callable[..., Asked], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    miniature: Miniature = request.getfixturevalue(twin)
    monkeypatch.setattr(here, "EVENTS", MANY)
    monkeypatch.setattr(here, "REFERENCE_EVENTS", FEW)
    monkeypatch.setattr(here, "ROUNDS", 1)
    killer = Killer(miniature)
    killer.start()
    asked = kit(miniature)
    outcome, text = asked.outcome("AF-AGC-001", "jobqueue")
    killer.join(10)
    assert (len(killer.jobs), killer.left > 0) == (2, True), "a worker died while there was more to do"
    assert outcome is Outcome.PASS, text
    files = asked.store.evidence_files()
    (evidence,) = (json.loads(files[name]) for name in files if name.startswith("evidence/AF-AGC-001/"))
    # What it ended with: one worker is gone, and none came for it.
    told = json.loads(evidence["notes"]["cluster"])
    assert told["workers"] == 1
    # The Python of the workers' image has no afspec: it came with the work.
    assert told["sent_to"] >= 1
    assert f"{MANY} events" in evidence["notes"]["dataset"]


def altered() -> bytes:
    """The package with another cut on jets."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package.archive())) as good, zipfile.ZipFile(made, "w") as bad:
        for name in good.namelist():
            text = good.read(name)
            if name == "afspec/agc/ttbar/task.py":
                assert text.count(GOOD) == 1
                text = text.replace(GOOD, OTHER)
            bad.writestr(name, text)
    return made.getvalue()


def test_workers_that_compute_otherwise_fail(
    slac: Miniature, kit: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "EVENTS", FEW)
    monkeypatch.setattr(here, "REFERENCE_EVENTS", FEW)
    monkeypatch.setattr(here, "ROUNDS", 1)
    bad = altered()
    monkeypatch.setattr(package, "archive", lambda: bad)
    asked = kit(slac)
    outcome, text = asked.outcome("AF-AGC-001", "jobqueue")
    assert outcome is Outcome.FAIL, text
    assert "histograms and their variances are those of the same events computed here" in text
    # What rests on it is not asked in vain.
    assert asked.outcome("AF-AGC-002", "jobqueue")[0] is Outcome.UNVERIFIED
