"""Jobs and folders that killed runs left: found by their names, and removed before anything is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from afspec.conformance.clients.batch.choose import client
from afspec.conformance.clients.batch.far import FORGET
from afspec.conformance.clients.batch.interface import LIVING
from afspec.conformance.run import leftover
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from afspec.conformance.clients.batch.interface import Batch
    from afspec.conformance.reach import Answer
    from afspec.conformance.run import Run

_VANTAGE = "session"
_FOLDERS = 'cd "$HOME" && for folder in afspec-*-*-*; do if [ -d "$folder" ]; then printf "%s\\n" "$folder"; fi; done'


@sweeper
def batch_jobs(run: Run) -> Iterator[tuple[str, str]]:
    """Jobs by their names, then the folders of those and of jobs that are over."""
    host = run.vantages.way(_VANTAGE).host if _VANTAGE in run.request.vantages else None
    if host is None:
        return

    def sh(script: str, *args: str, timeout: float = 20, hosts: Callable[[str], Iterable[str]] | None = None) -> Answer:
        del hosts  # nothing of this is taken down
        return host.run(["sh", "-c", script, "sh", *args], timeout)

    now = time.time()
    for pool in run.facility.batch:
        if pool.offered:
            yield from _jobs(client(run.facility, run.files, pool, sh), run.request.run, now)
    for name in sh(_FOLDERS).out.split():
        if leftover(name, run.request.run, now) and not (answer := sh(FORGET, name)).ok:
            yield f"folder {name}: {answer.words}", f"rm -r ~/{name}"


def _jobs(batch: Batch, run: str, now: float) -> Iterator[tuple[str, str]]:
    try:
        jobs = [job for job in batch.mine() if job.phase in LIVING and leftover(job.name, run, now)]
    except FailedError:
        # The pool's own requirement says what ails it.
        return
    for job in jobs:
        if not (answer := batch.cancel(job.id)).ok:
            yield f"job {job.id}: {answer.words}", f"scancel {job.id} or condor_rm {job.id}"
