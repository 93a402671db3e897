"""The probes of REANA: a healthy cluster is verified, and each fault is seen and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from probed_site import WALL, Probed, hurry
from servers.reana import Reana
from servers.serving import Answer, as_json, as_text

from afspec.conformance.run import PREFIX
from afspec.conformance.sweep import SWEEPERS
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS, RUNS = "AF-REANA-001", "AF-REANA-002"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def site(folder: Path, url: str | None, token: str | None = None, *, agreed: bool = True) -> Probed:
    address = f"\n    url: {url}" if url else ""
    secrets = {"reana_token": token} if token else {}
    return Probed(folder, f"services:\n  reana:\n    stance: promised{address}\n", secrets=secrets, agreed=agreed)


def test_healthy_cluster_is_verified(tmp_path: Path) -> None:
    with Reana() as cluster:
        probed = site(tmp_path, cluster.url, cluster.token)
        for check in ("answers", "refuses"):
            assert probed.came(ANSWERS, "", check).outcome is Outcome.PASS
        assert probed.came(RUNS) == (Outcome.PASS, None, "")
        # The workflow is deleted with its files, and the token is in no evidence.
        (workflow,) = cluster.workflows.values()
        assert (workflow.status, workflow.workspace.exists()) == ("deleted", False)
        assert probed.problems == []
        assert cluster.token not in probed.published


def test_cluster_of_vetted_images_is_asked_for_one_of_them(tmp_path: Path) -> None:
    with Reana(vetted=["registry.example.org/af/base:1"]) as cluster:
        assert site(tmp_path, cluster.url, cluster.token).came(RUNS) == (Outcome.PASS, None, "")


def test_nobody_sends_bad_credentials_without_consent(tmp_path: Path) -> None:
    with Reana() as cluster:
        probed = site(tmp_path, cluster.url, cluster.token, agreed=False)
        came = probed.came(ANSWERS, "", "refuses")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "the site has not agreed to bad credentials" in came.text
        assert not [asked for asked in cluster.seen if "made-up" in asked.target]
        # What rests on the cluster is asked all the same.
        assert probed.came(RUNS).outcome is Outcome.PASS


def test_without_a_token_it_cannot_be_told(tmp_path: Path) -> None:
    with Reana() as cluster:
        came = site(tmp_path, cluster.url).came(RUNS)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "secrets: reana_token:" in came.text


def test_token_that_is_not_taken(tmp_path: Path) -> None:
    with Reana() as cluster:
        came = site(tmp_path, cluster.url, "an-old-token").came(RUNS)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "Token not valid." in came.text


def test_promise_without_an_address(tmp_path: Path) -> None:
    probed = site(tmp_path, None, "a-token-of-somebody")
    came = probed.came(ANSWERS, "", "answers")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
    assert "the spec gives no address" in came.text
    assert probed.came(RUNS).reason is Reason.BLOCKED_BY


def test_cluster_that_nobody_reaches_is_one_cause(tmp_path: Path) -> None:
    probed = site(tmp_path, "http://reana.invalid", "a-token-of-somebody")
    assert probed.came(RUNS)[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
    assert [(cause.requirement, cause.reason) for cause in probed.causes] == [(ANSWERS, Reason.UNREACHABLE)]


def test_cluster_that_died(tmp_path: Path) -> None:
    with Reana() as cluster:
        probed = site(tmp_path, cluster.url, cluster.token)
        cluster.stop()
        came = probed.came(ANSWERS, "", "answers")
        assert came.outcome is Outcome.FAIL
        assert "refuses connections" in came.text
        assert probed.came(RUNS).reason is Reason.BLOCKED_BY


@pytest.mark.parametrize(
    ("path", "said", "text"),
    [
        ("/api/ping", as_json({"message": "no"}), "not so: it answers a ping: {'message': 'no'}"),
        ("/api/ping", as_text("<h1>REANA</h1>", 200, "text/html"), "GET /api/ping answers no JSON: REANA"),
        ("/api/info", as_json({}), "not so: what it can is told to its users only: 200 {}"),
    ],
)
def test_cluster_that_says_something_else(tmp_path: Path, path: str, said: Answer, text: str) -> None:
    with Reana() as cluster:
        cluster.instead[path] = said
        assert site(tmp_path, cluster.url).came(ANSWERS, "", "answers") == (Outcome.FAIL, None, text)


def test_cluster_that_accepts_any_token(tmp_path: Path) -> None:
    with Reana(accepts_any_token=True) as cluster:
        probed = site(tmp_path, cluster.url)
        came = probed.came(ANSWERS, "", "refuses")
        assert came == (Outcome.FAIL, None, "not so: a made-up token is refused: it answers 200")
        assert cluster.token not in probed.published


def test_workflow_that_fails(tmp_path: Path) -> None:
    with Reana(fails=True) as cluster:
        came = site(tmp_path, cluster.url, cluster.token).came(RUNS)
        assert came.outcome is Outcome.FAIL
        assert came.text.startswith("not so: the workflow finishes: failed")
        assert "not found" in came.text


def test_workflow_that_stays_in_the_queue(tmp_path: Path) -> None:
    with Reana(stuck=True) as cluster:
        probed = site(tmp_path, cluster.url, cluster.token)
        came = probed.came(RUNS, wall=WALL)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.QUEUE_WAIT_EXCEEDED)
        assert "the workflow still waits: queued" in came.text
        assert probed.problems == []


def test_output_of_another_run(tmp_path: Path) -> None:
    with Reana(wrong_output=True) as cluster:
        came = site(tmp_path, cluster.url, cluster.token).came(RUNS)
        assert came.outcome is Outcome.FAIL
        assert came.text == "not so: its output holds what this run gave it: left by another run"


def test_leftovers_of_killed_runs_are_swept(tmp_path: Path) -> None:
    with Reana() as cluster:
        probed = site(tmp_path, cluster.url, cluster.token)
        assert probed.came(RUNS).outcome is Outcome.PASS
        (made,) = cluster.workflows.values()
        names = {
            "old": f"{PREFIX}0badcafe-00000001-abcd",
            "new": f"{PREFIX}0badcafe-ffffffff-abcd",
            "other": "my-analysis",
        }
        for key, name in names.items():
            cluster.workflows[key] = type(made)(key, f"{name}.1", made.specification, tmp_path / key, [])
        assert list(SWEEPERS["reana_workflows"](probed.run)) == []
        assert [cluster.workflows[key].status for key in names] == ["deleted", "created", "created"]
