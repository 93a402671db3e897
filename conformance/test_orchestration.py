"""Orchestration: the cluster's API answers, runs a user's pod, and keeps the quota that was declared."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from afspec.conformance.checks import check
from afspec.conformance.clients.documents import document, words
from afspec.conformance.clients.kubernetes import Namespace, quantity, read_kubeconfig, restricted_pod
from afspec.conformance.evidence import Evidence, now
from afspec.conformance.run import leftover
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import FailedError, RefusedError
from afspec.conformance.web import Web
from afspec.facility.orchestration import Orchestrator
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.probe import Probe
    from afspec.conformance.run import Run

_REFUSALS = {401, 403}
_FORBIDDEN = 403
# Nobody's user, in every image.
_NOBODY = 65534
_IMAGE = "docker.io/library/busybox:1.36"
# Nodes may have to pull the image first. [s]
_WAIT, _EVERY = 280, 1
# Why a container waits that will not start by waiting (kubelet, container reasons).
_NEVER = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
# What a decimal prefix is less than the binary one of the same letter, at most.
_PREFIXES = Decimal("0.1")


def _server(probe: Probe) -> tuple[str, str]:
    """The API's address and the authority to trust: the spec's, or the kubeconfig's where users are given their own."""
    access = probe.facility.access.kubernetes
    server = access.server if access else None
    if server and "<" not in server and "kubeconfig" not in probe.run.credentials.secrets:
        return server.rstrip("/"), ""
    if not server and "kubeconfig" not in probe.run.credentials.secrets:
        hint = "Give `access.kubernetes.server`."
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec gives no address of the cluster's API", hint)
    account = read_kubeconfig(probe.secret("kubeconfig"))
    probe.run.wallet.add("kubeconfig's token", account.token)
    return account.server, account.authority


def _namespace(probe: Probe) -> Namespace:
    account = read_kubeconfig(probe.secret("kubeconfig"))
    probe.run.wallet.add("kubeconfig's token", account.token)
    web = probe.web(account.server, token=account.token, scheme="Bearer", authority=account.authority)
    return Namespace(web, account.namespace)


def _public(probe: Probe) -> Web:
    server, authority = _server(probe)
    return probe.web(server, authority=authority)


@check("AF-ORCH-001", "answers")
def test_api_answers(probe: Probe) -> None:
    """It says its version to anybody, and it is the declared one."""
    web = _public(probe)
    try:
        answer = web.get("/version")
    except RefusedError as trouble:
        if "CERTIFICATE_VERIFY_FAILED" in trouble.text and "kubeconfig" not in probe.run.credentials.secrets:
            text = f"the cluster's certificate is of an authority that only a kubeconfig names: {trouble.text}"
            hint = "Give `secrets: kubeconfig:` in the run's credentials."
            probe.unverified(Reason.NO_CREDENTIALS, text, hint)
        raise
    version = document(answer, "GET /version").get("gitVersion")
    probe.expect(isinstance(version, str) and version, "the API says its version", version)
    probe.note("version", version)
    declared = probe.value.version
    if declared:
        same = str(version).lstrip("v").replace("+", ".").replace("-", ".").split(".")[: declared.count(".") + 1]
        probe.expect(".".join(same) == declared, f"its version is the declared one, {declared}", version)


@check("AF-ORCH-001", "refuses")
def test_api_refuses_strangers(probe: Probe) -> None:
    """Who has no token sees no namespace."""
    answer = _public(probe).get("/api/v1/namespaces/default/pods", shown=False)
    claim = "pods are not shown to whoever has no token"
    probe.expect(answer.status_code in _REFUSALS, claim, f"it answers {answer.status_code}")


@check("AF-ORCH-002", "log")
def test_pod_runs(probe: Probe) -> None:
    """A pod of the user runs to its end, and its log has what only this run knows."""
    namespace = _namespace(probe)
    image, promised = _image(probe)
    uid = None if probe.value.kind is Orchestrator.OKD else _NOBODY
    pod = restricted_pod(probe.name, image, ["sh", "-c", f"echo {probe.nonce}"], _WAIT, uid=uid)
    probe.spend(jobs=1)
    by_hand = f"kubectl -n {namespace.name} delete pod {probe.name}"
    probe.later(lambda: namespace.delete(probe.name), by_hand)
    made = namespace.ask("POST", "/pods", json=pod)
    if made.status_code == _FORBIDDEN and "exceeded quota" in made.text:
        probe.unverified(
            Reason.QUEUE_WAIT_EXCEEDED, f"the namespace is full: {words(made)}", "Delete what is not used."
        )
    probe.expect(made.is_success, "the user may make a pod", words(made))
    status = _ended(probe, namespace)
    if _waits(status) in _NEVER and not promised:
        probe.unverified(Reason.PREREQUISITE_ABSENT, f"the cluster does not get {image}: {_waits(status)}")
    if status.get("phase") == "Pending" and _waits(status) not in _NEVER:
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, f"the pod still waits: {_why(status)}", "Is the cluster full?")
    probe.expect(status.get("phase") == "Succeeded", "the pod runs to its end", _why(status))
    log = namespace.log(probe.name)
    probe.expect(log.strip() == probe.nonce, "its log holds what this run gave it", log[:200] or "nothing")


def _image(probe: Probe) -> tuple[str, bool]:
    """The image to run, and whether it is one that the facility names."""
    images = probe.facility.images
    named = [image.reference for image in images.named if images.runtime == "kubernetes"] if images else []
    usable = [reference for reference in named if reference and not reference.startswith("/")]
    return (usable[0], True) if usable else (_IMAGE, False)


def _ended(probe: Probe, namespace: Namespace) -> dict[str, Any]:
    """The last status of the pod, when it has ended or will not start."""
    seen: list[dict[str, Any]] = []

    def ended() -> bool:
        status = namespace.pod(probe.name).get("status")
        seen.append(status if isinstance(status, dict) else {})
        return seen[-1].get("phase") in {"Succeeded", "Failed"} or _waits(seen[-1]) in _NEVER

    probe.poll(ended, _WAIT, _EVERY)
    return seen[-1]


def _waits(status: dict[str, Any]) -> str:
    """What the container waits for; "" if it does not."""
    for container in status.get("containerStatuses") or ():
        return str(container.get("state", {}).get("waiting", {}).get("reason", ""))
    return ""


def _why(status: dict[str, Any]) -> str:
    """A pod's status in a line: its phase, what its container waits for or ended with, what the scheduler says."""
    said = [str(status.get("phase")), _waits(status)]
    for container in status.get("containerStatuses") or ():
        end = container.get("state", {}).get("terminated") or {}
        said += [f"{end.get('reason')} (exit code {end.get('exitCode')})"] if end else []
    conditions = [item for item in status.get("conditions") or () if item.get("status") == "False"]
    said += [f"{item.get('reason')}: {item.get('message')}" for item in conditions if item.get("reason")]
    return ", ".join(filter(None, said))


@check("AF-ORCH-003", "quota")
def test_quota_is_the_declared_one(probe: Probe) -> None:
    """What the namespace's quotas allow, where several are there the least."""
    namespace = _namespace(probe)
    answer = namespace.ask("GET", "/resourcequotas")
    if answer.status_code == _FORBIDDEN:
        text = f"the user may not read the namespace's quota: {words(answer)}"
        probe.unverified(Reason.NO_CREDENTIALS, text, "Ask for the role `view` in the namespace.")
    items = document(answer, "the namespace's quotas").get("items")
    hard = _least(items if isinstance(items, list) else [])
    probe.configured("the hard limits of the namespace's quotas")
    for resource, declared, names in _declared(probe.value):
        found = [hard[name] for name in names if name in hard]
        claim = f"the quota of {resource} is the declared one, {declared}"
        near = bool(found) and abs(min(found) - declared) <= declared * _PREFIXES
        probe.expect(near, claim, min(found) if found else "no quota says it")
        if min(found) != declared:
            probe.degraded(f"the quota of {resource} is {min(found)}, declared is {declared}")


def _least(items: list[Any]) -> dict[str, Decimal]:
    least: dict[str, Decimal] = {}
    for item in items:
        for name, text in (item.get("spec", {}).get("hard") or {}).items():
            value = quantity(text)
            if value is not None:
                least[name] = min(value, least.get(name, value))
    return least


def _declared(quota: Any) -> Iterator[tuple[str, Decimal, tuple[str, ...]]]:
    """What is declared, and the names under which a quota has it."""
    for resource, value in (("cpu", quota.cpu), ("memory", quota.memory)):
        if value is not None:
            yield resource, Decimal(value), (f"requests.{resource}", f"limits.{resource}", resource)
    if quota.gpus is not None:
        yield "gpus", Decimal(quota.gpus), ("requests.nvidia.com/gpu", "limits.nvidia.com/gpu")
    if quota.pods is not None:
        yield "pods", Decimal(quota.pods), ("pods", "count/pods")


@sweeper
def kubernetes_pods(run: Run) -> Iterator[tuple[str, str]]:
    """Pods of runs that were killed."""
    orchestration = run.facility.orchestration
    if not (orchestration and orchestration.offered and run.credentials.secrets.get("kubeconfig")):
        return
    account = read_kubeconfig(run.wallet.get("kubeconfig"))
    run.wallet.add("kubeconfig's token", account.token)
    headers = {"Authorization": f"Bearer {account.token}"}
    way, evidence = run.vantages.way("outside"), Evidence(run.clean)
    with closing(Web(way, "outside", evidence, account.server, headers, authority=account.authority)) as web:
        namespace = Namespace(web, account.namespace)
        for name in namespace.ours():
            if leftover(name, run.request.run, now().timestamp()):
                try:
                    namespace.delete(name)
                except FailedError as trouble:
                    yield trouble.text, f"kubectl -n {account.namespace} delete pod {name}"
