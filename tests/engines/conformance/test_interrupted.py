"""Runs that do not come to their end: Ctrl-C, and a worker that dies. The report is there, and says what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil
from engines.conformance.expect import ROOT
from support import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engines.conftest import Miniature

KIT = (sys.executable, "-m", "pytest", "conformance", "--site", "slac", "--twin", "-q")
# What is asked while it happens: a job of half a minute at most.
BATCH = "AF-BATCH-006"


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The kit at work on what takes a while."""
    command = [*KIT, "--report-dir", str(folder), "-k", BATCH, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as kit:
        try:
            assert until(lambda: jobs_sent(folder), 60), "the kit asked nothing"
            yield kit
        finally:
            if kit.poll() is None:
                os.killpg(kit.pid, signal.SIGKILL)


def jobs_sent(folder: Path) -> bool:
    """Whether the check that rests on the scheduler's answer is being asked."""
    return any(folder.glob(".slac-*/told/*.json")) and len(list(folder.glob(".slac-*/asking/*"))) > 1


def report(folder: Path) -> dict[str, Any]:
    """The report that a run left."""
    (path,) = folder.glob("slac/*/report.json")
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def queue(slac: Miniature) -> str:
    """The jobs of the kit that are still there."""
    listed = slac.room.run(["squeue", "--noheader", "--format=%j"], user="alice").stdout
    return "\n".join(name for name in listed.split() if name.startswith("afspec-"))


def test_ctrl_c_leaves_a_report_and_nothing_else(slac: Miniature, tmp_path: Path) -> None:
    with running(tmp_path) as kit:
        kit.send_signal(signal.SIGINT)
        kit.communicate(timeout=90)
    assert kit.returncode == 101
    data = report(tmp_path)
    assert "interrupted" in data["runs"][0]["partial"]
    (result,) = [result for result in data["results"] if result["requirement"] == BATCH]
    assert result["verdict"] == "unverified"
    assert {check["outcome"] for check in result["checks"]} == {"not_run"}
    assert data["problems"] == []
    assert until(lambda: queue(slac) == "", 30), queue(slac)


def test_a_worker_that_dies_is_the_kits_fault_and_loses_nothing_else(slac: Miniature, tmp_path: Path) -> None:
    with running(tmp_path, "-n", "2") as kit:
        # The one that holds the job: its client of the twin is a child of it.
        workers = psutil.Process(kit.pid).children()
        busy = [worker for worker in workers if holds(worker, tmp_path)]
        assert busy, workers
        for worker in busy:
            worker.kill()
        kit.communicate(timeout=150)
    assert kit.returncode == 102
    data = report(tmp_path)
    (problem,) = data["problems"]
    assert (problem["kind"], problem["requirement"]) == ("crash", BATCH)
    (root,) = [result for result in data["results"] if result["requirement"] == "AF-BATCH-001"]
    assert [attempt["outcome"] for check in root["checks"] for attempt in check["attempts"]] == ["pass"]
    # What the dead worker could not undo is named for this run, and swept when its time is over: here at once.
    slac.room.run(["sh", "-c", "scancel --me; rm -rf ~/afspec-*"], user="alice")


def holds(worker: psutil.Process, folder: Path) -> bool:
    """Whether a worker holds a lock of a check."""
    return any("/locks/" in file.path and file.path.startswith(str(folder)) for file in worker.open_files())
