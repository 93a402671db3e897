"""REANA: a cluster answers, refuses strangers, and runs a user's workflow to its end."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from afspec.conformance.checks import check
from afspec.conformance.clients.documents import document, words
from afspec.conformance.clients.reana import ENDS, WAITING, Reana
from afspec.conformance.evidence import Evidence, now
from afspec.conformance.run import PREFIX, leftover
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import FailedError
from afspec.conformance.web import Web
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.probe import Probe
    from afspec.conformance.run import Run

_REFUSALS = {401, 403}
_IMAGE = "docker.io/library/busybox:1.36"
_FILE = "out/nonce.txt"
# Each job is a pod that has to be started. [s]
_WAIT, _EVERY = 540, 2


def _web(probe: Probe) -> Web:
    if not probe.value.url:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec gives no address", "Give `services.reana.url`.")
    return probe.web(probe.value.url)


@check("AF-REANA-001", "answers")
def test_cluster_answers(probe: Probe) -> None:
    """It says that it is there, and tells strangers nothing else."""
    web = _web(probe)
    ping = document(web.get("/api/ping"), "GET /api/ping")
    probe.expect(ping.get("message") == "OK", "it answers a ping", ping)
    answer = web.get("/api/info")
    probe.expect(answer.status_code in _REFUSALS, "what it can is told to its users only", words(answer))


@check("AF-REANA-001", "refuses")
def test_cluster_refuses_a_made_up_token(probe: Probe) -> None:
    """A token that nobody was given opens nothing."""
    web = _web(probe)
    answer = Reana(web, f"made-up-{probe.nonce}").ask("GET", "you", shown=False)
    probe.expect(answer.status_code in _REFUSALS, "a made-up token is refused", f"it answers {answer.status_code}")


@check("AF-REANA-002", "output")
def test_workflow_gives_its_output(probe: Probe) -> None:
    """A serial workflow writes what only this run knows into a file of its workspace."""
    reana = Reana(_web(probe), probe.secret("reana_token"))
    reana.sign_in()
    probe.spend(jobs=1)
    workflow = reana.create(probe.name, _specification(probe.nonce, reana.image() or _IMAGE))
    probe.later(lambda: reana.remove(workflow), f"reana-client delete -w {probe.name} --include-all-runs")
    probe.note("workflow", workflow)
    reana.start(workflow)
    status = _ended(probe, reana, workflow)
    why = "" if status == "finished" else reana.logs(workflow)[-1000:]
    probe.expect(status == "finished", "the workflow finishes", f"{status} {why}".strip())
    text = reana.file(workflow, _FILE)
    probe.expect(text.strip() == probe.nonce, "its output holds what this run gave it", text[:200])


def _specification(nonce: str, image: str) -> dict[str, object]:
    steps = [
        {
            "name": "say",
            "environment": image,
            "commands": [f'mkdir -p out && echo "${{nonce}}" > {_FILE}'],
            "kubernetes_memory_limit": "128Mi",
        }
    ]
    return {
        "inputs": {"parameters": {"nonce": nonce}},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
        "outputs": {"files": [_FILE]},
    }


def _ended(probe: Probe, reana: Reana, workflow: str) -> str:
    """The last state of a workflow; one that was not even started in time may come yet, one that was has failed."""
    seen: list[str] = []

    def ended() -> bool:
        seen.append(reana.status(workflow))
        return seen[-1] in ENDS

    probe.poll(ended, _WAIT, _EVERY)
    if seen[-1] in WAITING:
        text = f"the workflow still waits: {seen[-1]}"
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, text, "Is the cluster busy?")
    return seen[-1]


@sweeper
def reana_workflows(run: Run) -> Iterator[tuple[str, str]]:
    """Workflows of runs that were killed."""
    service = run.facility.services.reana
    if not (service and service.offered and service.url and run.credentials.secrets.get("reana_token")):
        return
    with closing(Web(run.vantages.way("outside"), "outside", Evidence(run.clean), service.url)) as web:
        reana = Reana(web, run.wallet.get("reana_token"))
        for name, workflow in reana.named(PREFIX):
            if leftover(name, run.request.run, now().timestamp()):
                try:
                    reana.remove(workflow)
                except FailedError as trouble:
                    yield trouble.text, f"reana-client delete -w {name} --include-all-runs"
