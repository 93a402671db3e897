"""What checks share: send a job that is undone whatever happens, and wait for it no longer than its budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from afspec.conformance.clients.batch.far import FORGET
from afspec.conformance.clients.batch.interface import LIVING, Phase
from afspec.conformance.trouble import CommandTimeoutError, FailedError, Trouble
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from afspec.conformance.clients.batch.interface import Batch, Errand, Job, Status
    from afspec.conformance.probe import Probe

# Seconds of the budget that are kept for what comes after the queue.
RESERVE = 25.0
# Seconds between questions: more and more, for the scheduler has others to serve.
_FIRST, _MOST, _GROWTH = 0.4, 10.0, 1.25
# Seconds that a job waits before anybody asks why.
_USUAL = 3.0
# Seconds that a client whose caller was interrupted may need to finish.
_SENDING = 5.0


def send(probe: Probe, batch: Batch, errand: Errand, *, through: Batch | None = None) -> Job:
    """Send a job; it is cancelled, and its files are removed, when the check is over.

    It may be sent `through` another client than the one that follows it: from inside an image.
    """
    probe.spend(jobs=1)
    try:
        job = (through or batch).submit(errand)
    except (CommandTimeoutError, KeyboardInterrupt):
        # Nobody said which number it got, or whether it got one.
        by_hand = f"scancel --name {errand.name}, or condor_rm the job of that name; rm -r ~/{errand.name}"
        probe.later(lambda: _undo_unknown(probe, batch, errand.name), by_hand)
        raise
    except Trouble:
        # It was not taken, but its folder is there.
        probe.later(lambda: probe.sh(FORGET, errand.name, check=True), f"rm -r ~/{errand.name}")
        raise
    probe.note("job", job.id)
    probe.later(lambda: _undo(probe, batch, job), f"scancel {job.id} or condor_rm {job.id}; rm -r ~/{job.name}")
    return job


def _undo_unknown(probe: Probe, batch: Batch, name: str) -> None:
    """Undo a job of which only the name is known; its client may still be about to send it."""
    found = probe.poll(lambda: [job for job in batch.mine() if job.name == name and job.phase in LIVING], _SENDING)
    for job in found:
        batch.cancel(job.id)
    probe.sh(FORGET, name)


def _undo(probe: Probe, batch: Batch, job: Job) -> None:
    if batch.status(job).phase in LIVING - {Phase.ENDING}:
        batch.cancel(job.id)
        # Its files go when nobody writes to them any more.
        status = _wait(probe, lambda: batch.status(job), lambda now: now.phase not in LIVING, 15)
        if status.phase in LIVING:
            raise FailedError(f"job {job.id} is still {status.word} after it was cancelled")
    batch.forget(job)


def _wait(
    probe: Probe, ask: Callable[[], Status], done: Callable[[Status], bool], seconds: float, every: float = _FIRST
) -> Status:
    end = time.monotonic() + min(seconds, probe.remaining())
    while not done(status := ask()) and time.monotonic() < end:
        time.sleep(min(every, max(0.0, end - time.monotonic())))
        every = min(every * _GROWTH, _MOST)
    return status


def started(probe: Probe, batch: Batch, job: Job, slots: str | None, reserve: float = RESERVE) -> Status:
    """The job once it runs, or is over already; its node and its time in the queue are taken down.

    Raises:
        FailedError: as things stand it can never start, or the scheduler put it on hold or lost it: see
            Batch.hopeless.
        UnverifiedError: it waits for longer than the budget allows; the scheduler's own reason is given.
    """
    # A job may be nowhere for a moment, between the queue and the history.
    waits = {Phase.QUEUED, Phase.UNKNOWN}
    status = _wait(probe, lambda: batch.status(job), lambda now: now.phase not in waits, _USUAL)
    while status.phase is Phase.QUEUED:
        if why := batch.hopeless(job, slots):
            raise FailedError(f"the job can never start: {why}", "Ask the facility whether it is open.")
        left = probe.remaining() - reserve
        if left <= 0:
            why = status.reason or "the scheduler gives no reason"
            probe.unverified(
                Reason.QUEUE_WAIT_EXCEEDED,
                f"the job did not start within {probe.instance.requirement.budget.wall - reserve:.0f} s: {why}",
                "Ask again when the queue is shorter, or give the requirement a longer budget.",
            )
        status = _wait(probe, lambda: batch.status(job), lambda now: now.phase not in waits, min(left, 20), 1)
    return _noted(probe, job, status)


def _noted(probe: Probe, job: Job, status: Status) -> Status:
    if status.phase is Phase.UNKNOWN:
        raise FailedError(f"the scheduler has never heard of job {job.id}, which it took")
    if status.node:
        probe.run.hide(status.node)
        probe.note("node", status.node)
    if status.waited is not None:
        probe.evidence.sample("wait", [status.waited], "s")
    return status


def to_the_end(probe: Probe, batch: Batch, job: Job, slots: str | None, seconds: float = 60) -> Status:
    """The job when it is over, `seconds` after it started at most; how long it ran is taken down.

    Raises:
        FailedError: it never starts, or does not end in that time.
        UnverifiedError: it waits for longer than the budget allows.
    """
    status = started(probe, batch, job, slots, min(RESERVE, seconds))
    if status.phase not in {Phase.ENDED, Phase.HELD}:
        over = {Phase.ENDED, Phase.HELD}
        status = _wait(probe, lambda: batch.status(job), lambda now: now.phase in over, seconds)
    status = _noted(probe, job, status)
    if status.ran is not None:
        probe.evidence.sample("run", [status.ran], "s")
    return status


def written(probe: Probe, batch: Batch, job: Job, mark: str, status: Status, *, seconds: float = 15) -> str:
    """What a job has written, once the mark is in it or the time is over: file systems show files with delay.

    Nobody waits for the mark of a job that did not end well.
    """
    found: list[str] = []

    def ask() -> bool:
        found[:] = [batch.output(job)]
        return mark in found[0]

    probe.poll(ask, seconds if status.well or status.phase is Phase.RUNNING else 2)
    return found[0]
