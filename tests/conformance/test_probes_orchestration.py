"""The probes of orchestration: a healthy cluster is verified, and each fault is seen and said."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probed_site import WALL, Probed, hurry
from servers.kubernetes import Kubernetes
from servers.pods import Pod
from servers.serving import Answer, as_json, as_text

from afspec.conformance.clients.kubernetes import quantity, read_kubeconfig
from afspec.conformance.run import PREFIX
from afspec.conformance.sweep import SWEEPERS
from afspec.conformance.trouble import UnverifiedError
from afspec.verdict import Outcome, Proof, Reason

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS, RUNS, QUOTA = "AF-ORCH-001", "AF-ORCH-002", "AF-ORCH-003"
HARD = {"requests.cpu": "64", "requests.memory": "256Gi", "requests.nvidia.com/gpu": "4", "pods": "100"}
DECLARED = "{cpu: 64, memory: 256 GiB, gpus: 4, pods: 100}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def site(
    folder: Path, cluster: Kubernetes | None, *, server: str = "", more: str = "", images: str = "", user: bool = True
) -> Probed:
    """A site whose users are given a kubeconfig for the cluster."""
    address = f"access:\n  kubernetes: {{stance: promised, server: {server}}}\n" if server else ""
    body = f"{address}{images}orchestration:\n  stance: promised\n  kind: kubernetes\n{more}"
    text = cluster.kubeconfig(folder / "own").read_text() if cluster and user else ""
    return Probed(folder, body, secrets={"kubeconfig": text} if text else {})


def test_healthy_cluster_is_verified(tmp_path: Path) -> None:
    with Kubernetes(quota=HARD, prefix="/atlas") as cluster:
        probed = site(tmp_path, cluster, server=cluster.url, more=f"  version: '1.30'\n  quota: {DECLARED}\n")
        for check in ("answers", "refuses"):
            assert probed.came(ANSWERS, "", check) == (Outcome.PASS, None, "")
        assert probed.came(RUNS) == (Outcome.PASS, None, "")
        told = probed.ask(QUOTA)
        assert (told.outcome, told.proof, told.degraded) == (Outcome.PASS, Proof.CONFIGURED, ())
        # The pod is gone, and the token is in no evidence.
        assert cluster.pods == {}
        assert probed.problems == []
        assert cluster.token not in probed.published


def test_address_may_be_what_each_user_is_given(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        probed = site(tmp_path, cluster, server="https://k8s.example.org/<name>")
        assert probed.came(ANSWERS, "", "answers").outcome is Outcome.PASS


def test_promise_without_an_address(tmp_path: Path) -> None:
    probed = site(tmp_path, None)
    came = probed.came(ANSWERS, "", "answers")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "the spec gives no address" in came.text
    assert probed.came(RUNS).reason is Reason.BLOCKED_BY


def test_without_a_kubeconfig_it_cannot_be_told(tmp_path: Path) -> None:
    probed = site(tmp_path, None, server="https://k8s.example.org/<name>")
    came = probed.came(ANSWERS, "", "answers")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
    assert "secrets: kubeconfig:" in came.text


def test_authority_that_only_a_kubeconfig_names(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        came = site(tmp_path, cluster, server=cluster.url, user=False).came(ANSWERS, "", "answers")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "of an authority that only a kubeconfig names" in came.text


def test_cluster_that_nobody_reaches_is_one_cause(tmp_path: Path) -> None:
    probed = site(tmp_path, None, server="https://k8s.invalid", more=f"  quota: {DECLARED}\n")
    for requirement in (RUNS, QUOTA):
        assert probed.came(requirement)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
    assert [(cause.requirement, cause.reason) for cause in probed.causes] == [(ANSWERS, Reason.UNREACHABLE)]


def test_cluster_that_died(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        probed = site(tmp_path, cluster)
        cluster.stop()
        came = probed.came(ANSWERS, "", "answers")
        assert came.outcome is Outcome.FAIL
        assert "refuses connections" in came.text
        assert probed.came(RUNS).reason is Reason.BLOCKED_BY


def test_cluster_of_another_version(tmp_path: Path) -> None:
    with Kubernetes(version="v1.27.16+vmware.1") as cluster:
        came = site(tmp_path, cluster, more="  version: '1.30'\n").came(ANSWERS, "", "answers")
        assert came == (Outcome.FAIL, None, "not so: its version is the declared one, 1.30: v1.27.16+vmware.1")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (as_json({"major": "1"}), "not so: the API says its version: None"),
        (as_text("<h1>Sign in</h1>", 200, "text/html"), "GET /version answers no JSON: Sign in"),
    ],
)
def test_cluster_that_says_something_else(tmp_path: Path, said: Answer, text: str) -> None:
    with Kubernetes() as cluster:
        cluster.instead["/version"] = said
        assert site(tmp_path, cluster).came(ANSWERS, "", "answers") == (Outcome.FAIL, None, text)


@pytest.mark.parametrize("declared", ["1.3", "1.30.40", "30"])
def test_version_is_compared_part_by_part(tmp_path: Path, declared: str) -> None:
    with Kubernetes(version="v1.30.4") as cluster:
        came = site(tmp_path, cluster, more=f"  version: '{declared}'\n").came(ANSWERS, "", "answers")
        assert came.outcome is Outcome.FAIL


def test_cluster_that_lets_anybody_in(tmp_path: Path) -> None:
    with Kubernetes(anonymous=True, namespace="default") as cluster:
        came = site(tmp_path, cluster).came(ANSWERS, "", "refuses")
        assert came == (Outcome.FAIL, None, "not so: pods are not shown to whoever has no token: it answers 200")


def test_token_that_is_not_taken(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        probed = site(tmp_path, cluster)
        path = tmp_path / "kubeconfig"
        path.write_text(path.read_text().replace(cluster.token, "expired-1"))
        came = probed.came(RUNS)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "the cluster does not take this run's token: 401" in came.text


def test_user_who_may_make_no_pods(tmp_path: Path) -> None:
    with Kubernetes(forbidden=True) as cluster:
        came = site(tmp_path, cluster).came(RUNS)
        assert came.outcome is Outcome.FAIL
        assert "the user may make a pod: 403" in came.text
        assert "cannot create resource" in came.text


def test_pod_that_no_node_has_room_for(tmp_path: Path) -> None:
    with Kubernetes(unschedulable=True) as cluster:
        probed = site(tmp_path, cluster)
        came = probed.came(RUNS, wall=WALL)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.QUEUE_WAIT_EXCEEDED)
        assert "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu." in came.text
        assert cluster.pods == {}


def test_namespace_that_is_full(tmp_path: Path) -> None:
    with Kubernetes(quota={"pods": "0"}) as cluster:
        came = site(tmp_path, cluster).came(RUNS)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.QUEUE_WAIT_EXCEEDED)
        assert "exceeded quota: compute" in came.text


def test_log_that_is_lost(tmp_path: Path) -> None:
    with Kubernetes(log_lost=True) as cluster:
        came = site(tmp_path, cluster).came(RUNS)
        assert came.outcome is Outcome.FAIL
        assert "its log holds what this run gave it: unable to retrieve container logs" in came.text
        assert cluster.pods == {}


@pytest.mark.parametrize(("named", "reason"), [(True, None), (False, Reason.PREREQUISITE_ABSENT)])
def test_image_that_is_not_there_is_the_sites_fault_where_it_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, named: bool, reason: Reason | None
) -> None:
    monkeypatch.setattr(Pod, "go_on", lambda _: None)
    monkeypatch.setattr(Pod, "_state", lambda _: {"waiting": {"reason": "ImagePullBackOff"}})
    image = "hub.example.org/af/analysis:1"
    images = f"images:\n  runtime: kubernetes\n  named: [{{name: a, reference: '{image}'}}]\n" if named else ""
    with Kubernetes() as cluster:
        came = site(tmp_path, cluster, images=images).came(RUNS, wall=WALL)
        assert came[:2] == (Outcome.FAIL if named else Outcome.UNVERIFIED, reason)
        assert "ImagePullBackOff" in came.text


@pytest.mark.parametrize(
    ("hard", "text"),
    [
        (HARD | {"requests.cpu": "32"}, "the quota of cpu is the declared one, 64: 32"),
        (HARD | {"requests.memory": "64Gi"}, "the quota of memory is the declared one, 274877906944: 68719476736"),
        ({"pods": "100"}, "the quota of cpu is the declared one, 64: no quota says it"),
        ({}, "the quota of cpu is the declared one, 64: no quota says it"),
    ],
)
def test_quota_that_is_not_the_declared_one(tmp_path: Path, hard: dict[str, str], text: str) -> None:
    with Kubernetes(quota=hard) as cluster:
        came = site(tmp_path, cluster, more=f"  quota: {DECLARED}\n").came(QUOTA)
        assert came == (Outcome.FAIL, None, f"not so: {text}")


def test_quota_that_the_user_may_not_read(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        refused = as_json({"kind": "Status", "message": "resourcequotas is forbidden"}, 403)
        cluster.instead["/api/v1/namespaces/alice/resourcequotas"] = refused
        came = site(tmp_path, cluster, more=f"  quota: {DECLARED}\n").came(QUOTA)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "the user may not read the namespace's quota: 403" in came.text


def test_quota_in_the_other_kind_of_gigabytes_is_not_quite_it(tmp_path: Path) -> None:
    with Kubernetes(quota=HARD) as cluster:
        told = site(tmp_path, cluster, more="  quota: {memory: 256 GB}\n").ask(QUOTA)
        assert told.outcome is Outcome.PASS
        assert told.degraded == ("the quota of memory is 274877906944, declared is 256000000000",)


def test_leftovers_of_killed_runs_are_swept(tmp_path: Path) -> None:
    with Kubernetes() as cluster:
        probed = site(tmp_path, cluster)
        assert probed.came(RUNS).outcome is Outcome.PASS
        names = [f"{PREFIX}0badcafe-00000001-abcd", f"{PREFIX}0badcafe-ffffffff-abcd", "my-pod"]
        for name in names:
            spec = {"containers": [{"name": "main", "image": "busybox:1"}]}
            cluster.pods[name] = Pod({"metadata": {"name": name}, "spec": spec}, "alice", unschedulable=False)
        assert list(SWEEPERS["kubernetes_pods"](probed.run)) == []
        assert list(cluster.pods) == names[1:]


@pytest.mark.parametrize(
    ("text", "number"),
    [("64", "64"), ("100m", "0.1"), ("256Gi", "274877906944"), ("1.5G", "1500000000"), ("1e3", "1000"), ("2k", "2000")],
)
def test_quantity(text: str, number: str) -> None:
    assert quantity(text) == Decimal(number)


@given(st.text(max_size=8))
def test_quantity_of_any_text_is_a_number_or_none(text: str) -> None:
    found = quantity(text)
    assert found is None or found.is_finite()


@given(st.text(max_size=40))
def test_kubeconfig_of_any_text_is_an_account_or_says_what_to_do(text: str) -> None:
    with pytest.raises(UnverifiedError, match="this run's kubeconfig") as caught:
        read_kubeconfig(text)
    assert "kubectl config view" in caught.value.next_step


def test_kubeconfig_that_needs_a_program() -> None:
    text = (
        "{current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'https://k8s.example.org'}}],"
        " users: [{name: u, user: {exec: {command: kubelogin}}}]}"
    )
    with pytest.raises(UnverifiedError, match=r"proves the user with a program \(exec\), not with a token"):
        read_kubeconfig(text)
