"""The AGC on the site's own Dask cluster, with its compiled settings: worker jobs, or a gateway's workers.

One cluster of a run answers all checks: it runs the analysis once over the run's own events, and in rounds over those
that rates are measured with.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.agc import here, package
from afspec.conformance.clients.batch import batch_of
from afspec.conformance.clients.batch.interface import Phase
from afspec.conformance.clients.daskgateway import FILES
from afspec.conformance.clients.daskjob import Far, named
from afspec.conformance.clients.once import once
from afspec.conformance.clients.session import session, told
from afspec.conformance.far import program
from afspec.conformance.subjects_notebooks import first_hub
from afspec.conformance.trouble import FailedError
from afspec.facility.dask import Gateway
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.batch import Batch
    from afspec.conformance.probe import Probe

# Seconds for input to be made and workers to come, and for all rounds, compiling included.
START, RUN = 150, 240
_WAIT = 60
_NEEDED = f"import dask_jobqueue, distributed, {', '.join(here.MODULES)}"


def seen(probe: Probe) -> dict[str, Any]:
    """What one cluster of this run came to; `jobs` are its workers, as the scheduler knows them, None for a gateway's.

    Raises:
        FailedError: no cluster comes up, or it does not run the analysis.
        UnverifiedError: no Python of the session's can ask for it, or its jobs wait for longer than they may here.
    """
    if isinstance(probe.value, Gateway):
        return once(probe.run, "agc gateway", lambda: _by_gateway(probe))
    return once(probe.run, "agc jobqueue", lambda: _by_jobs(probe))


def _by_jobs(probe: Probe) -> dict[str, Any]:
    batch = batch_of(probe)
    far = Far(probe)
    probe.spend(jobs=2)
    package.send(probe, f"{far.folder}/agc.zip")
    code = program(
        *("agc_input", "agc_rounds", "agc_job"), options=named(probe), patience=_WAIT, **here.settings(probe.run)
    )
    far.start(batch, code, _NEEDED, START + RUN)
    try:
        began = far.read("told.json", START)
    except FailedError:
        _waiting(probe, batch)
        raise
    jobs = [(job.id, job.node) for job in batch.mine() if job.name == probe.name and job.phase is Phase.RUNNING]
    for _, node in jobs:
        if node:
            probe.run.hide(node)
    far.tell(go=True)
    done = far.read("done.json", RUN)
    if done.get("error"):
        raise FailedError(f"the cluster does not run the analysis: {done['error']}")
    return {**done, "began": began["executor"], "jobs": len(jobs)}


def _waiting(probe: Probe, batch: Batch) -> None:
    """Jobs that never started are the queue's matter.

    Raises:
        UnverifiedError: there are some.
    """
    waiting = [job for job in batch.mine() if job.name == probe.name and job.phase is Phase.QUEUED]
    if waiting:
        text = f"{len(waiting)} of the workers' jobs did not start within {_WAIT} s"
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, text, "Ask again when the queue is shorter.")


def _by_gateway(probe: Probe) -> dict[str, Any]:
    hub = first_hub(probe.facility)
    if hub is None:
        text = "no hub starts sessions in which the gateway's client is"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Run the analysis from a notebook by hand.")
    files = {name: probe.run.files[f"dask/{name}"] for name in FILES if f"dask/{name}" in probe.run.files}
    code = program(
        *("agc_input", "agc_rounds", "agc_kernel"),
        **here.settings(probe.run),
        name=probe.name,
        files=files,
        patience=_WAIT,
        archive=base64.b64encode(package.archive()).decode(),
    )
    with session(probe, hub) as found, found.ready(probe).kernel() as kernel:
        answer = told(kernel, code, min(START + RUN, probe.remaining() - 10))
    why = str(answer.get("error") or "")
    if why.startswith("ModuleNotFoundError") or "is not installed here" in why:
        probe.unverified(Reason.PREREQUISITE_ABSENT, f"the session's kernel cannot run the analysis: {why}")
    if why:
        raise FailedError(f"the gateway's cluster does not run the analysis: {why}")
    return {**answer, "jobs": None}
