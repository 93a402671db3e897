"""A user's session, whatever starts it: a hub's server, or a job of Open OnDemand's app. It is ended when it was seen.

A session is dear, and a user has one default server: all checks of a run share what one session showed (`visit`), and
only one session of a hub lives at a time (`session`).
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from afspec.conformance.clients.batch import batch_of, pool_named
from afspec.conformance.clients.batch.interface import LIVING, Phase
from afspec.conformance.clients.hub import TOKEN, Hub
from afspec.conformance.clients.kinds import HUBS
from afspec.conformance.clients.once import alone, once
from afspec.conformance.clients.ondemand import App
from afspec.conformance.far import program
from afspec.conformance.subjects_notebooks import pool_of_sessions
from afspec.conformance.trouble import FailedError
from afspec.facility.jupyter import JupyterKind
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.clients.kernel import Kernel
    from afspec.conformance.clients.ondemand import Opened
    from afspec.conformance.probe import Probe
    from afspec.facility.jupyter import Jupyter

_START = 75
# HTCondor gives a job that was removed half a minute to end (its manual, KILLING_TIMEOUT).
_GONE = 60
_SETUP = "user-setup/setup.sh"


class AtHub:
    """A session of a hub; `own` says whether it was ours to start, and so is ours to end."""

    def __init__(self, probe: Probe, hub: Hub) -> None:
        self._hub = hub
        probe.spend(jobs=1)
        profiles = hub.jupyter.profiles
        self.own = hub.start(probe.name, {"profile": profiles[0].name} if profiles else {})
        self.over = not self.own
        by_hand = f"stop the server on {hub.base}/hub/home"
        # Only where it could not be ended at its time: then somebody else's may run by now, with a name of its own.
        probe.later(lambda: None if self.over else self.end(), by_hand)

    def ready(self, probe: Probe) -> Any:
        """Its server, once it answers."""
        return self._hub.await_ready(min(_START, probe.remaining() - 5))

    def end(self) -> None:
        """Ask for its end."""
        if not self.over:
            self._hub.stop()
            self.over = True

    def is_gone(self) -> bool:
        """Whether the hub has none any more."""
        return self._hub.is_gone()


@contextmanager
def session(probe: Probe, jupyter: Jupyter) -> Iterator[AtHub | Opened]:
    """A session of the user's, asked for; it is ended afterwards, and nobody else of the run has one meanwhile.

    Raises:
        FailedError: it is refused.
        UnverifiedError: this run cannot ask for one.
    """
    with alone(probe.run, f"session {jupyter.name}"):
        if jupyter.kind in HUBS:
            found: AtHub | Opened = AtHub(probe, Hub(probe, jupyter, probe.secret(TOKEN)))
        elif jupyter.kind is JupyterKind.OPEN_ONDEMAND:
            found = App(probe, jupyter).launch()
        else:
            text = "the portal starts sessions from its page only"
            probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Start one there, and look at it by hand.")
        try:
            yield found
        finally:
            found.end()


def visit(probe: Probe, jupyter: Jupyter) -> dict[str, Any]:
    """What one session of this run showed; the first check that needs it starts it.

    Raises:
        FailedError: there was none, or its kernel gave no answer.
        UnverifiedError: this run cannot have one.
    """
    return once(probe.run, f"visit {jupyter.name}", lambda: _look(probe, jupyter))


def _look(probe: Probe, jupyter: Jupyter) -> dict[str, Any]:
    with session(probe, jupyter) as found:
        server = found.ready(probe)
        seen: dict[str, Any] = {"nonce": probe.nonce, "own": found.own, "kernels": sorted(server.kernels())}
        with server.kernel() as kernel:
            seen["facts"] = told(kernel, program("facts", nonce=probe.nonce), 40)
            seen["setup"] = _with_setup(probe, jupyter, kernel)
        found.end()
        seen["gone"] = _gone(probe, jupyter, found, seen["facts"]) if found.own else None
    return seen


def told(kernel: Kernel, code: str, seconds: float) -> dict[str, Any]:
    """The JSON that a program prints in a kernel.

    Raises:
        FailedError: it ends with an error, or prints something else.
    """
    output = kernel.run(code, seconds)
    if output.error:
        raise FailedError(f"the kernel ends with an error: {output.error}")
    try:
        found = json.loads(output.text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise FailedError(f"the kernel prints no answer: {output.text[:200]!r}") from None
    if not isinstance(found, dict):
        raise FailedError(f"the kernel prints no answer: {output.text[:200]!r}")
    return found


def _with_setup(probe: Probe, jupyter: Jupyter, kernel: Kernel) -> dict[str, Any] | None:
    """Which kernels are found with the compiled setup; None where there is no image to have one."""
    image = probe.facility.default_image
    if image is None or image.kernel is None or not jupyter.custom_image or _SETUP not in probe.run.files:
        return None
    code = program("kernels", name=probe.name, setup=probe.run.files[_SETUP], kernel=image.kernel.name, patience=30)
    try:
        return told(kernel, code, 40)
    except FailedError as trouble:
        # Another check's matter: the session itself has answered.
        return {"listed": False, "found": {}, "linked": None, "errors": trouble.text}


def _gone(probe: Probe, jupyter: Jupyter, found: AtHub | Opened, facts: dict[str, Any]) -> dict[str, Any]:
    """Whether the session is gone, and its job with it."""
    number = str((facts.get("slurm") or facts.get("condor") or {}).get("job", ""))
    server = probe.poll(found.is_gone, _GONE)
    pool = pool_of_sessions(probe.facility, jupyter)
    if not number or not pool:
        return {"server": server, "job": None}
    batch = batch_of(probe, pool_named(probe.facility, pool), "login")
    living = LIVING - {Phase.ENDING}

    def over() -> bool:
        return not any(job.id.partition(".")[0] == number and job.phase in living for job in batch.mine())

    return {"server": server, "job": probe.poll(over, _GONE), "number": number}
