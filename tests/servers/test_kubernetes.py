"""The Kubernetes API server of the tests: who may do what, the phases of a pod, its log, and each fault."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support import until

from servers.kubernetes import Kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUOTA = {"requests.cpu": "64", "requests.memory": "256Gi", "requests.nvidia.com/gpu": "4", "pods": "2"}
_NAMESPACES = (
    'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" '
    'in API group "" at the cluster scope'
)
PODS = "/api/v1/namespaces/alice/pods"


def pod(name: str, *command: str, requests: dict[str, str] | None = None) -> dict[str, Any]:
    resources = {"resources": {"requests": requests}} if requests else {}
    container = {"name": "main", "image": "busybox:1", "command": list(command), **resources}
    spec = {"containers": [container], "restartPolicy": "Never"}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name}, "spec": spec}


SAY = pod("say", "sh", "-c", "echo n-abc123")


class User:
    """Somebody who asks a cluster."""

    def __init__(self, cluster: Kubernetes, token: str | None) -> None:
        self.cluster, self.token = cluster, token

    def ask(self, method: str, path: str, value: Any = None) -> httpx.Response:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        trusted = self.cluster.authority.client()
        return httpx.request(method, self.cluster.url + path, headers=headers, json=value, verify=trusted)

    def run(self, given: dict[str, Any]) -> list[str]:
        """The phases that a new pod goes through until it ends."""
        assert self.ask("POST", PODS, given).status_code == 201
        seen: list[str] = []

        def ended() -> bool:
            seen.append(self.ask("GET", f"{PODS}/{given['metadata']['name']}").json()["status"]["phase"])
            return seen[-1] in {"Succeeded", "Failed"}

        assert until(ended)
        return list(dict.fromkeys(seen))

    def may(self, verb: str, resource: str, namespace: str) -> bool:
        attributes = {"verb": verb, "resource": resource, "namespace": namespace}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(self.ask("POST", path, {"spec": {"resourceAttributes": attributes}}).json()["status"]["allowed"])


@pytest.fixture
def cluster() -> Iterator[Kubernetes]:
    with Kubernetes() as cluster:
        yield cluster


@pytest.fixture
def user(cluster: Kubernetes) -> User:
    return User(cluster, cluster.token)


def test_anybody_may_know_the_version_and_the_health(cluster: Kubernetes) -> None:
    nobody = User(cluster, None)
    version = nobody.ask("GET", "/version").json()
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "30", "v1.30.4")
    assert nobody.ask("GET", "/readyz").text == "ok"


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/api", 'forbidden: User "system:anonymous" cannot get path "/api"'),
        ("GET", PODS, 'pods is forbidden: User "system:anonymous" cannot list resource "pods"'),
        ("POST", PODS, 'pods is forbidden: User "system:anonymous" cannot create resource "pods"'),
        ("GET", "/api/v1/namespaces", _NAMESPACES),
    ],
)
def test_all_else_needs_a_token_that_it_knows(cluster: Kubernetes, method: str, path: str, text: str) -> None:
    none = User(cluster, None).ask(method, path)
    status = none.json()
    assert (none.status_code, status["kind"], status["reason"], status["code"]) == (403, "Status", "Forbidden", 403)
    assert status["message"].startswith(text)
    assert User(cluster, "made-up").ask(method, path).json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_user_may_do_in_its_namespace_what_it_may_not_elsewhere(user: User) -> None:
    assert user.may("create", "pods", "alice")
    assert not user.may("create", "pods", "kube-system")
    assert not user.may("create", "clusterroles", "alice")
    assert user.ask("GET", "/api/v1/namespaces/alice").json()["status"]["phase"] == "Active"
    assert user.ask("GET", "/api/v1/namespaces/kube-system").status_code == 403
    review = user.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).json()
    assert review["status"]["userInfo"]["username"] == "alice"


def test_every_phase_is_seen_and_the_log_holds_what_the_command_said(user: User) -> None:
    assert user.run(SAY) == ["Pending", "Running", "Succeeded"]
    assert user.ask("GET", f"{PODS}/say/log").text == "n-abc123\n"
    status = user.ask("GET", f"{PODS}/say").json()["status"]
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_command_that_fails(user: User) -> None:
    assert user.run(pod("bad", "sh", "-c", "exit 3"))[-1] == "Failed"
    (container,) = user.ask("GET", f"{PODS}/bad").json()["status"]["containerStatuses"]
    assert (container["state"]["terminated"]["exitCode"], container["state"]["terminated"]["reason"]) == (3, "Error")


def test_deleted_pod_is_gone_and_its_command_with_it(cluster: Kubernetes, user: User) -> None:
    user.ask("POST", PODS, pod("long", "sleep", "60"))
    assert until(lambda: user.ask("GET", f"{PODS}/long").json()["status"]["phase"] == "Running")
    command = cluster.pods["long"]._command
    assert command
    assert user.ask("DELETE", f"{PODS}/long").json()["metadata"]["deletionTimestamp"]
    assert command.exit_code == 137
    gone = user.ask("GET", f"{PODS}/long")
    assert (gone.status_code, gone.json()["message"]) == (404, 'pods "long" not found')


def test_log_of_a_pod_that_has_not_started(user: User) -> None:
    user.ask("POST", PODS, SAY)
    answer = user.ask("GET", f"{PODS}/say/log")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")
    assert "waiting to start: ContainerCreating" in answer.json()["message"]


def test_pod_that_makes_no_sense_is_refused(user: User) -> None:
    assert user.ask("POST", PODS, pod("Not_A_Name", "true")).status_code == 422
    assert user.ask("POST", PODS, {"kind": "Service"}).status_code == 400
    assert user.ask("POST", PODS, SAY).status_code == 201
    again = user.ask("POST", PODS, SAY)
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")


def test_quota_is_shown_and_kept() -> None:
    with Kubernetes(quota=QUOTA) as cluster:
        user = User(cluster, cluster.token)
        (quota,) = user.ask("GET", "/api/v1/namespaces/alice/resourcequotas").json()["items"]
        assert quota["status"]["hard"] == QUOTA
        refused = user.ask("POST", PODS, SAY)
        assert refused.status_code == 403
        assert "must specify requests.cpu for: main; requests.memory for: main" in refused.json()["message"]
        asked = {"cpu": "100m", "memory": "64Mi"}
        created = [user.ask("POST", PODS, pod(name, "true", requests=asked)) for name in ("one", "two", "three")]
        assert [answer.status_code for answer in created] == [201, 201, 403]
        assert "exceeded quota: compute" in created[-1].json()["message"]


def test_cluster_behind_a_path() -> None:
    with Kubernetes(prefix="/atlas") as cluster:
        assert User(cluster, cluster.token).run(SAY)[-1] == "Succeeded"
        bare = cluster.url.removesuffix("/atlas")
        assert httpx.get(f"{bare}/version", verify=cluster.authority.client()).status_code == 404


def test_fault_forbidden() -> None:
    with Kubernetes(forbidden=True) as cluster:
        user = User(cluster, cluster.token)
        assert not user.may("create", "pods", "alice")
        message = (
            'pods is forbidden: User "alice" cannot create resource "pods" in API group "" in the namespace "alice"'
        )
        assert user.ask("POST", PODS, SAY).json()["message"] == message


def test_fault_unschedulable() -> None:
    with Kubernetes(unschedulable=True) as cluster:
        user = User(cluster, cluster.token)
        user.ask("POST", PODS, SAY)
        for _ in range(4):
            status = user.ask("GET", f"{PODS}/say").json()["status"]
            assert status["phase"] == "Pending"
        assert status["conditions"][0]["reason"] == "Unschedulable"
        assert user.ask("GET", f"{PODS}/say/log").status_code == 204


def test_fault_log_lost() -> None:
    with Kubernetes(log_lost=True) as cluster:
        user = User(cluster, cluster.token)
        assert user.run(SAY)[-1] == "Succeeded"
        assert user.ask("GET", f"{PODS}/say/log").text.startswith("unable to retrieve container logs for containerd://")


def test_fault_anonymous() -> None:
    with Kubernetes(anonymous=True) as cluster:
        assert User(cluster, None).run(SAY)[-1] == "Succeeded"


def test_fault_version() -> None:
    with Kubernetes(version="v1.27.16+vmware.1") as cluster:
        version = User(cluster, None).ask("GET", "/version").json()
        assert (version["minor"], version["gitVersion"]) == ("27", "v1.27.16+vmware.1")


def test_kubectl_works_with_it(tmp_path: Path) -> None:
    program = shutil.which("kubectl")
    if program is None:
        # The server is held to real clients where there are any; no engine and no probe needs one.
        pytest.skip("kubectl is not there: https://kubernetes.io/docs/tasks/tools/")
    with Kubernetes(quota={"pods": "5"}) as cluster:
        config = cluster.kubeconfig(tmp_path / "config")

        def kubectl(*arguments: str) -> str:
            command = [program, f"--kubeconfig={config}", f"--cache-dir={tmp_path}", *arguments]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
            return done.stdout.strip()

        assert "v1.30.4" in kubectl("version")
        assert kubectl("auth", "can-i", "create", "pods") == "yes"
        assert "alice" in kubectl("auth", "whoami")
        say = ["--image=busybox:1", "--restart=Never", "--command", "--", "echo", "n-abc123"]
        assert kubectl("run", "say", *say) == "pod/say created"
        phase = ("get", "pod", "say", "-o", "jsonpath={.status.phase}")
        assert until(lambda: kubectl(*phase) == "Succeeded", 30)
        assert kubectl("logs", "say") == "n-abc123"
        assert kubectl("get", "resourcequota", "-o", "jsonpath={.items[0].spec.hard.pods}") == "5"
        assert kubectl("delete", "pod", "say") == 'pod "say" deleted'
        assert kubectl("get", "pods", "-o", "name") == ""
