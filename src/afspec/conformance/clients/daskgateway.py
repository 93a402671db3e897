"""A cluster of dask-gateway, asked for in the kernel of a session: there is its client, and the token that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.session import session, told
from afspec.conformance.far import program
from afspec.conformance.subjects_notebooks import first_hub
from afspec.conformance.trouble import FailedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe

FILES = ("cluster.py", "dask.yaml")
# Seconds for the workers to come, and for the cluster to go.
_PATIENCE, _GONE = 60, 15


def ask_gateway(probe: Probe) -> dict[str, Any]:
    """A cluster of two workers: what they compute, and what is left of it.

    Raises:
        FailedError: the gateway gives none, or it does not compute.
        UnverifiedError: no session of this run's can ask for one.
    """
    hub = first_hub(probe.facility)
    if hub is None:
        text = "no hub starts sessions in which the gateway's client is"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Ask the gateway from a notebook by hand.")
    files = {name: probe.run.files[f"dask/{name}"] for name in FILES if f"dask/{name}" in probe.run.files}
    code = program(
        *("versions", "gateway"), name=probe.name, nonce=probe.nonce, files=files, patience=_PATIENCE, gone=_GONE
    )
    with session(probe, hub) as found, found.ready(probe).kernel() as kernel:
        answer = told(kernel, code, 2 * _PATIENCE)
    why = str(answer.get("error") or "")
    if "is not installed here" in why:
        probe.unverified(Reason.PREREQUISITE_ABSENT, why)
    if why:
        raise FailedError(f"the gateway gives no cluster that works: {why}")
    return {**answer, "nonce": probe.nonce}
