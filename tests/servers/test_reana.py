"""REANA of the tests: tokens, the states of a workflow, what its steps leave, and each fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from support import until

from servers.reana import Reana

if TYPE_CHECKING:
    from collections.abc import Iterator


def specification(*commands: str) -> dict[str, Any]:
    steps = [{"name": "say", "environment": "docker.io/library/busybox:1", "commands": list(commands)}]
    return {
        "version": "0.9.4",
        "inputs": {"parameters": {"nonce": "n-abc123"}},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
        "outputs": {"files": ["out/nonce.txt"]},
    }


GOOD = specification("mkdir out", 'echo "${nonce}" > out/nonce.txt', "cat out/nonce.txt")


class User:
    """Somebody who asks a cluster."""

    def __init__(self, cluster: Reana, token: str | None) -> None:
        self.cluster, self.token = cluster, token

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        query = {**more.pop("params", {}), **({} if self.token is None else {"access_token": self.token})}
        return httpx.request(method, f"{self.cluster.url}/api/{path}", params=query, **more)

    def create(self, given: dict[str, Any]) -> str:
        answer = self.ask("POST", "workflows", params={"workflow_name": "afspec"}, json=given)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["workflow_id"])

    def status(self, workflow: str) -> str:
        return str(self.ask("GET", f"workflows/{workflow}/status").json()["status"])

    def run(self, given: dict[str, Any]) -> tuple[str, list[str]]:
        """A workflow that is started, and the states that it goes through until it ends."""
        workflow = self.create(given)
        assert self.ask("POST", f"workflows/{workflow}/start", json={}).json()["status"] == "queued"
        seen: list[str] = []

        def ended() -> bool:
            seen.append(self.status(workflow))
            return seen[-1] in {"finished", "failed"}

        assert until(ended)
        return workflow, list(dict.fromkeys(seen))


@pytest.fixture
def cluster() -> Iterator[Reana]:
    with Reana() as cluster:
        yield cluster


@pytest.fixture
def user(cluster: Reana) -> User:
    return User(cluster, cluster.token)


def test_anybody_may_ping(cluster: Reana) -> None:
    assert User(cluster, None).ask("GET", "ping").json() == {"message": "OK", "status": "200"}


@pytest.mark.parametrize("path", ["info", "you", "workflows", "workflows/some/status"])
def test_all_else_needs_a_token_of_its_own(cluster: Reana, path: str) -> None:
    none = User(cluster, None).ask("GET", path)
    assert (none.status_code, none.json()) == (401, {"message": "User not signed in"})
    made_up = User(cluster, "made-up").ask("GET", path)
    assert (made_up.status_code, made_up.json()) == (403, {"message": "Token not valid."})


def test_user_knows_the_cluster_and_itself(user: User) -> None:
    assert "serial" in user.ask("GET", "info").json()["supported_workflow_engines"]["value"]
    assert user.ask("GET", "you").json()["username"] == "alice"


def test_every_state_is_seen_and_the_file_holds_what_the_step_wrote(user: User) -> None:
    workflow, seen = user.run(GOOD)
    assert seen == ["queued", "pending", "running", "finished"]
    assert user.ask("GET", f"workflows/{workflow}/workspace/out/nonce.txt").text == "n-abc123\n"
    listed = user.ask("GET", f"workflows/{workflow}/workspace").json()["items"]
    assert [item["name"] for item in listed] == ["out/nonce.txt"]
    logs = json.loads(user.ask("GET", f"workflows/{workflow}/logs").json()["logs"])
    jobs = [(job["job_name"], job["status"], job["logs"]) for job in logs["job_logs"].values()]
    assert jobs == [("say", "finished", ""), ("say", "finished", ""), ("say", "finished", "n-abc123\n")]


def test_step_reads_what_was_uploaded(user: User) -> None:
    workflow = user.create(specification("cat given.txt > copy.txt"))
    upload = {"params": {"file_name": "given.txt"}, "content": b"from the user"}
    assert user.ask("POST", f"workflows/{workflow}/workspace", **upload).status_code == 200
    user.ask("POST", f"workflows/{workflow}/start")
    assert until(lambda: user.status(workflow) == "finished")
    assert user.ask("GET", f"workflows/{workflow}/workspace/copy.txt").text == "from the user"


def test_every_command_is_a_job_of_its_own(user: User) -> None:
    assert user.run(specification("cd /; GONE=1", 'test -z "$GONE" && test "$PWD" != /'))[1][-1] == "finished"


def test_only_vetted_images_run_where_there_are_any() -> None:
    with Reana(vetted=["registry.example.org/af/base:1"]) as cluster:
        user = User(cluster, cluster.token)
        answer = user.ask("POST", "workflows", params={"workflow_name": "afspec"}, json=GOOD)
        assert (answer.status_code, "not in the allowlist" in answer.text) == (400, True)
        info = user.ask("GET", "info").json()
        assert info["vetted_container_images_allowlist"]["value"] == ["registry.example.org/af/base:1"]


def test_step_that_fails_ends_the_workflow(user: User) -> None:
    workflow, seen = user.run(specification("echo before; false", "echo never"))
    assert seen[-1] == "failed"
    progress = user.ask("GET", f"workflows/{workflow}/status").json()["progress"]
    assert (progress["failed"]["total"], progress["finished"]["total"]) == (1, 0)
    logs = json.loads(user.ask("GET", f"workflows/{workflow}/logs").json()["logs"])
    assert [job["logs"] for job in logs["job_logs"].values()] == ["before\n"]


def test_deleted_workflow_leaves_no_files(cluster: Reana, user: User) -> None:
    workflow, _ = user.run(GOOD)
    answer = user.ask("PUT", f"workflows/{workflow}/status", params={"status": "deleted"}, json={"workspace": True})
    assert (answer.status_code, answer.json()["status"]) == (200, "deleted")
    assert not cluster.workflows[workflow].workspace.exists()
    assert user.ask("GET", "workflows").json()["items"] == []


def test_running_workflow_must_be_stopped_before_it_is_deleted(user: User) -> None:
    workflow = user.create(specification("sleep 60"))
    user.ask("POST", f"workflows/{workflow}/start")
    assert until(lambda: user.status(workflow) == "running")
    path = f"workflows/{workflow}/status"
    assert user.ask("PUT", path, params={"status": "deleted"}).status_code == 409
    assert user.ask("PUT", path, params={"status": "stop"}).json()["status"] == "stopped"
    assert user.ask("PUT", path, params={"status": "deleted"}).status_code == 200


def test_workflow_starts_once(user: User) -> None:
    workflow, _ = user.run(GOOD)
    assert user.ask("POST", f"workflows/{workflow}/start").status_code == 403


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        (str(uuid4()), GOOD, 400),
        ("afspec", {}, 400),
        ("afspec", {"workflow": {"type": "make"}}, 500),
        ("afspec", [], 500),
    ],
    ids=["name of an id's form", "nothing", "type unknown", "no mapping"],
)
def test_workflow_that_makes_no_sense_is_refused(user: User, name: str, given: Any, status: int) -> None:
    assert user.ask("POST", "workflows", params={"workflow_name": name}, json=given).status_code == status


def test_nothing_outside_the_workspace_is_read(user: User) -> None:
    workflow = user.create(GOOD)
    assert user.ask("GET", f"workflows/{workflow}/workspace/..%2F..%2Fetc/passwd").status_code == 400
    assert user.ask("GET", f"workflows/{workflow}/workspace/none").status_code == 404
    assert user.ask("GET", "workflows/none/status").status_code == 404


def test_fault_accepts_any_token() -> None:
    with Reana(accepts_any_token=True) as cluster:
        assert User(cluster, "made-up").ask("GET", "you").status_code == 200
        assert User(cluster, None).ask("GET", "you").status_code == 401


def test_fault_stuck() -> None:
    with Reana(stuck=True) as cluster:
        user = User(cluster, cluster.token)
        workflow = user.create(GOOD)
        user.ask("POST", f"workflows/{workflow}/start")
        assert {user.status(workflow) for _ in range(5)} == {"queued"}


def test_fault_fails() -> None:
    with Reana(fails=True) as cluster:
        assert User(cluster, cluster.token).run(GOOD)[1][-1] == "failed"


def test_fault_wrong_output() -> None:
    with Reana(wrong_output=True) as cluster:
        user = User(cluster, cluster.token)
        workflow, seen = user.run(GOOD)
        assert seen[-1] == "finished"
        assert user.ask("GET", f"workflows/{workflow}/workspace/out/nonce.txt").text == "left by another run\n"
