"""The probes of ServiceX: a healthy instance is verified, and each fault is seen and said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from probed_site import WALL, Probed, hurry
from servers.servicex import ServiceX, Transformation
from servers.serving import Answer, as_json, as_text

from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS, DELIVERS = "AF-SERVICEX-001", "AF-SERVICEX-002"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def site(folder: Path, url: str | None, token: str | None = None, generators: str = "[]") -> Probed:
    address = f", url: {url}" if url else ""
    item = f"{{name: main, stance: promised{address}, code_generators: {generators}}}"
    secrets = {"servicex_token": token} if token else {}
    return Probed(folder, f"services:\n  servicex:\n    - {item}\n", secrets=secrets)


def test_healthy_instance_is_verified(tmp_path: Path) -> None:
    with ServiceX() as instance:
        probed = site(tmp_path, instance.url, instance.refresh_token, "[uproot, xaod]")
        for check in ("answers", "refuses"):
            assert probed.came(ANSWERS, "main", check).outcome is Outcome.PASS
        told = probed.ask(DELIVERS, "main")
        assert (told.outcome, told.attempts[-1].text) == (Outcome.PASS, "")
        assert told.attempts[-1].assertions == 4
        # It is cleaned up, and nothing that opens anything is in the evidence.
        assert instance.transformations == {}
        assert probed.problems == []
        assert instance.refresh_token not in probed.published
        assert instance.store.secret_key not in probed.published
        assert "access_token" not in probed.published


def test_every_run_asks_for_a_column_of_its_own(tmp_path: Path) -> None:
    with ServiceX() as instance:
        for folder in (tmp_path / "one", tmp_path / "two"):
            folder.mkdir()
            assert site(folder, instance.url, instance.refresh_token).came(DELIVERS, "main").outcome is Outcome.PASS
        asked = [
            request.json()["selection"] for request in instance.seen if request.method == "POST" and request.json()
        ]
        assert len(asked) == len(set(asked)) == 2


def test_token_may_be_in_a_file_as_the_page_gives_it_out(tmp_path: Path) -> None:
    with ServiceX() as instance:
        probed = site(tmp_path, instance.url, yaml.safe_dump(instance.configuration()))
        assert probed.came(DELIVERS, "main").outcome is Outcome.PASS
        assert instance.refresh_token not in probed.published


def test_file_for_another_instance_is_no_token(tmp_path: Path) -> None:
    with ServiceX() as instance:
        other = json.dumps({"api_endpoints": [{"endpoint": "https://other.example.org", "token": "abcdef0123"}]})
        came = site(tmp_path, instance.url, other).came(DELIVERS, "main")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "this run's servicex.yaml has no token for http://127.0.0.1" in came.text
        assert "Take a new servicex.yaml" in came.text


def test_without_a_token_it_cannot_be_told(tmp_path: Path) -> None:
    with ServiceX() as instance:
        came = site(tmp_path, instance.url).came(DELIVERS, "main")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "this run has no servicex token" in came.text
        assert "secrets: servicex_token:" in came.text
        assert instance.transformations == {}


def test_promise_without_an_address(tmp_path: Path) -> None:
    probed = site(tmp_path, None, "a-token-of-somebody")
    for check in ("answers", "refuses"):
        came = probed.came(ANSWERS, "main", check)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
        assert "the spec gives no address" in came.text
    assert probed.came(DELIVERS, "main").reason is Reason.BLOCKED_BY
    assert [cause.requirement for cause in probed.causes] == [ANSWERS]


def test_instance_that_nobody_reaches_is_one_cause(tmp_path: Path) -> None:
    probed = site(tmp_path, "http://servicex.invalid", "a-token-of-somebody")
    came = probed.came(DELIVERS, "main")
    assert came[:2] == (Outcome.UNVERIFIED, Reason.BLOCKED_BY)
    assert [(cause.requirement, cause.reason) for cause in probed.causes] == [(ANSWERS, Reason.UNREACHABLE)]
    assert "servicex.invalid does not resolve" in probed.causes[0].text


def test_instance_that_died(tmp_path: Path) -> None:
    with ServiceX() as instance:
        probed = site(tmp_path, instance.url, instance.refresh_token)
        instance.stop()
        came = probed.came(ANSWERS, "main", "answers")
        assert came.outcome is Outcome.FAIL
        assert "refuses connections" in came.text
        assert probed.came(DELIVERS, "main").reason is Reason.BLOCKED_BY
        assert len(probed.causes) == 1


def test_code_generator_that_is_not_there(tmp_path: Path) -> None:
    with ServiceX(code_generators=["uproot"]) as instance:
        came = site(tmp_path, instance.url, generators="[uproot, xaod]").came(ANSWERS, "main", "answers")
        assert came == (Outcome.FAIL, None, "not so: every declared code generator is there: missing: xaod")


def test_instance_without_the_generator_that_the_check_writes_for(tmp_path: Path) -> None:
    with ServiceX(code_generators=["xaod"]) as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.PREREQUISITE_ABSENT)
        assert "no code generator uproot" in came.text


GENERATORS = {"uproot": "image:1"}


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (as_json({"code-gen-image": GENERATORS}), "not so: it says its version: None"),
        (as_json({"app-version": "", "code-gen-image": GENERATORS}), "not so: it says its version"),
        (as_json({"app-version": "1.5"}), "not so: it has code generators: None"),
        (as_json({"app-version": "1.5", "code-gen-image": {}}), "not so: it has code generators: {}"),
        (as_json({"app-version": "1.5", "code-gen-image": ["uproot"]}), "not so: it has code generators: ['uproot']"),
        (as_json([1]), "GET /servicex answers no JSON object: [1]"),
        (as_text("<html>Welcome</html>", 200, "text/html"), "GET /servicex answers no JSON: Welcome"),
        (as_text("<h1>Bad Gateway</h1>", 502, "text/html"), "GET /servicex answers 502: Bad Gateway"),
    ],
)
def test_instance_that_says_something_else(tmp_path: Path, said: Answer, text: str) -> None:
    with ServiceX() as instance:
        instance.instead["/servicex"] = said
        assert site(tmp_path, instance.url).came(ANSWERS, "main", "answers") == (Outcome.FAIL, None, text)


def test_instance_that_is_open_to_all(tmp_path: Path) -> None:
    with ServiceX(open_to_all=True) as instance:
        came = site(tmp_path, instance.url).came(ANSWERS, "main", "refuses")
        assert came.outcome is Outcome.FAIL
        assert came.text == "not so: transformations are refused to whoever has no token: it answers 200"


def test_token_that_is_not_taken(tmp_path: Path) -> None:
    with ServiceX(no_refresh=True) as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main")
        assert came[:2] == (Outcome.UNVERIFIED, Reason.NO_CREDENTIALS)
        assert "Invalid or outdated refresh token" in came.text
        assert "Sign in on its page" in came.text


def test_transformation_that_fails(tmp_path: Path) -> None:
    with ServiceX(fatal=True) as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main")
        assert came.outcome is Outcome.FAIL
        assert "the transformation completes: Fatal, 0 of 1 files: Transformer exited with code 1" in came.text
        assert instance.transformations == {}


def test_transformation_that_is_not_started_in_time(tmp_path: Path) -> None:
    with ServiceX(waits=True) as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main", wall=WALL)
        assert came[:2] == (Outcome.UNVERIFIED, Reason.QUEUE_WAIT_EXCEEDED)
        assert "the transformation still waits: Submitted" in came.text
        assert instance.transformations == {}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "not so: its bucket has an object"),
        ({"a.parquet": b"<html>n_</html>"}, "not so: its objects are Parquet files: {'a.parquet': 15}"),
        ({"a.parquet": b"PAR1PAR1"}, "not so: its objects are Parquet files: {'a.parquet': 8}"),
        ({"a.parquet": b"PAR1\xff\xff\xff\xffPAR1"}, "not so: its objects are Parquet files: {'a.parquet': 12}"),
    ],
)
def test_bucket_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, bytes], text: str
) -> None:
    def deliver(self: ServiceX, found: Transformation) -> None:
        self.store.buckets[found.id] = content

    monkeypatch.setattr(ServiceX, "_deliver", deliver)
    with ServiceX() as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main")
        assert came == (Outcome.FAIL, None, text)


def test_store_that_does_not_know_the_key_it_gives_out(tmp_path: Path) -> None:
    with ServiceX() as instance:
        instance.store.access_key = "another"
        probed = site(tmp_path, instance.url, instance.refresh_token)
        right = instance.store._refusal
        instance.store._refusal = lambda asked: right(asked) or "InvalidAccessKeyId"  # type: ignore[method-assign]
        came = probed.came(DELIVERS, "main")
        assert came.outcome is Outcome.FAIL
        assert "the key that the instance gives does not open its store" in came.text


def test_transformation_that_never_ends(tmp_path: Path) -> None:
    with ServiceX(stuck=True) as instance:
        probed = site(tmp_path, instance.url, instance.refresh_token)
        came = probed.came(DELIVERS, "main", wall=WALL)
        assert came.outcome is Outcome.FAIL
        assert "the transformation completes: Running" in came.text
        assert instance.transformations == {}


def test_object_of_something_else(tmp_path: Path) -> None:
    with ServiceX(wrong_object=True) as instance:
        came = site(tmp_path, instance.url, instance.refresh_token).came(DELIVERS, "main")
        assert came.outcome is Outcome.FAIL
        assert came.text.startswith("not so: the object has the column n_")
