"""ServiceX of the tests: tokens, the states of a transformation, the object that comes of it, and each fault."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from servers.parquet import parquet
from servers.servicex import ServiceX
from servers.test_s3 import curl

if TYPE_CHECKING:
    from collections.abc import Iterator

SELECTION = "(Select (call EventDataset) (lambda (list e) (dict (list 'n_abc123') (list (attr e 'MET_pt')))))"
FILE = "root://eospublic.cern.ch//eos/opendata/one.root"
REQUEST = {
    "title": "afspec",
    "file-list": [FILE],
    "selection": SELECTION,
    "codegen": "uproot",
    "result-destination": "object-store",
    "result-format": "parquet",
}


class User:
    """Somebody who asks an instance, with or without a token."""

    def __init__(self, instance: ServiceX, token: str = "") -> None:
        self.instance, self.token = instance, token

    def ask(self, method: str, path: str, value: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.request(method, self.instance.url + path, headers=headers, json=value)

    def sign_in(self) -> User:
        answer = User(self.instance, self.instance.refresh_token).ask("POST", "/token/refresh")
        return User(self.instance, answer.json()["access_token"])

    def submit(self, **changes: Any) -> str:
        answer = self.ask("POST", "/servicex/transformation", REQUEST | changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    def watch(self, request: str, looks: int = 4) -> list[dict[str, Any]]:
        """What so many looks at a request show."""
        return [self.ask("GET", f"/servicex/transformation/{request}").json() for _ in range(looks)]


@pytest.fixture
def instance() -> Iterator[ServiceX]:
    with ServiceX() as instance:
        yield instance


def test_anybody_may_know_what_it_is(instance: ServiceX) -> None:
    answer = User(instance).ask("GET", "/servicex").json()
    assert set(answer["code-gen-image"]) == {"uproot", "xaod"}
    assert "poll_local_transformation_results" in answer["capabilities"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/servicex/transformation"),
        ("POST", "/servicex/transformation"),
        ("GET", "/servicex/transformation/some-id"),
        ("GET", "/servicex/transformation/some-id/results"),
        ("POST", "/token/refresh"),
    ],
)
def test_nobody_else_without_a_token(instance: ServiceX, method: str, path: str) -> None:
    answer = User(instance).ask(method, path)
    assert answer.status_code == 401
    assert answer.json() == {"message": "Missing Authorization Header"}


def test_token_of_another_instance_or_kind_is_refused(instance: ServiceX) -> None:
    with ServiceX() as other:
        stranger = User(instance, User(other).sign_in().token)
        assert stranger.ask("GET", "/servicex/transformation").status_code == 422
    assert User(instance, instance.refresh_token).ask("GET", "/servicex/transformation").json() == {
        "msg": "Only non-refresh tokens are allowed"
    }
    assert User(instance, User(instance).sign_in().token).ask("POST", "/token/refresh").status_code == 422
    assert User(instance, "made-up").ask("GET", "/servicex/transformation").json() == {"msg": "Not enough segments"}


def test_every_state_is_seen_and_the_object_holds_what_was_asked(instance: ServiceX) -> None:
    user = User(instance).sign_in()
    request = user.submit()
    seen = user.watch(request)
    assert [look["status"] for look in seen] == ["Submitted", "Running", "Complete", "Complete"]
    done = seen[-1]
    assert (done["files"], done["files-completed"], done["files-remaining"]) == (1, 1, 0)
    results = user.ask("GET", f"/servicex/transformation/{request}/results").json()["results"]
    assert [row["transform_status"] for row in results] == ["success"]
    name = results[0]["s3-object-name"]
    assert instance.store.url == f"http://{done['minio-endpoint']}"
    keys = f"{done['minio-access-key']}:{done['minio-secret-key']}"
    listed = curl(instance.store, f"/{request}?list-type=2", keys)
    assert f"<Key>{name}</Key>" in listed
    assert b"n_abc123" in instance.store.buckets[request][name]


def test_column_is_that_of_the_request(instance: ServiceX) -> None:
    user = User(instance).sign_in()
    requests = [user.submit(selection=SELECTION.replace("abc123", nonce)) for nonce in ("one", "two")]
    for request in requests:
        user.watch(request)
    one, two = (b"".join(instance.store.buckets[request].values()) for request in requests)
    assert (b"n_one" in one, b"n_two" in one, b"n_one" in two, b"n_two" in two) == (True, False, False, True)


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"result-destination": "moon"}, 400, "malformed"),
        ({"result-format": "csv"}, 400, "malformed"),
        ({"codegen": "nothing"}, 500, "Invalid Codegen Image"),
        ({"did": "rucio://a:b"}, 400, "Must provide did or file-list but not both"),
        ({"file-list": [], "did": "gopher://a"}, 400, "DID scheme is not supported: gopher"),
        ({"selection": "nonsense"}, 500, "Failed to generate"),
    ],
)
def test_request_that_makes_no_sense_is_refused(
    instance: ServiceX, changes: dict[str, Any], status: int, text: str
) -> None:
    answer = User(instance).sign_in().ask("POST", "/servicex/transformation", REQUEST | changes)
    assert answer.status_code == status
    assert text in answer.json()["message"]
    assert not instance.transformations


def test_dataset_that_is_not_there(instance: ServiceX) -> None:
    user = User(instance).sign_in()
    request = user.submit(**{"file-list": [], "did": "rucio://user.alice:nonexistent"})
    assert [look["status"] for look in user.watch(request, 3)] == ["Submitted", "Lookup", "Bad Dataset"]


def test_cancelled_and_deleted(instance: ServiceX) -> None:
    user = User(instance).sign_in()
    request = user.submit()
    path = f"/servicex/transformation/{request}"
    assert user.ask("GET", f"{path}/cancel").status_code == 200
    assert user.watch(request, 1)[0]["status"] == "Canceled"
    assert user.ask("GET", f"{path}/cancel").status_code == 400
    assert user.ask("DELETE", path).status_code == 200
    assert user.ask("GET", path).status_code == 404
    assert request not in instance.store.buckets


def test_fault_open_to_all() -> None:
    with ServiceX(open_to_all=True) as instance:
        assert User(instance).ask("GET", "/servicex/transformation").json() == {"requests": []}


def test_fault_no_refresh() -> None:
    with ServiceX(no_refresh=True) as instance:
        answer = User(instance, instance.refresh_token).ask("POST", "/token/refresh")
        assert (answer.status_code, answer.json()["message"]) == (401, "Invalid or outdated refresh token")


def test_fault_waits() -> None:
    with ServiceX(waits=True) as instance:
        user = User(instance).sign_in()
        assert {look["status"] for look in user.watch(user.submit(), 9)} == {"Submitted"}


def test_fault_stuck() -> None:
    with ServiceX(stuck=True) as instance:
        user = User(instance).sign_in()
        assert {look["status"] for look in user.watch(user.submit(), 9)[1:]} == {"Running"}


def test_fault_fatal() -> None:
    with ServiceX(fatal=True) as instance:
        user = User(instance).sign_in()
        last = user.watch(user.submit())[-1]
        assert (last["status"], last["failure-info"]) == ("Fatal", "Transformer exited with code 1")


def test_fault_wrong_object() -> None:
    with ServiceX(wrong_object=True) as instance:
        user = User(instance).sign_in()
        request = user.submit()
        assert user.watch(request)[-1]["status"] == "Complete"
        (content,) = instance.store.buckets[request].values()
        assert content.startswith(b"PAR1")
        assert b"n_abc123" not in content


def test_file_has_the_form_of_parquet() -> None:
    content = parquet("n_abc", [1.0, 2.5])
    assert (content[:4], content[-4:]) == (b"PAR1", b"PAR1")
    (length,) = struct.unpack("<I", content[-8:-4])
    footer = Thrift(content[-8 - length : -8]).struct()
    schema, groups = footer[2], footer[4]
    assert (footer[1], footer[3]) == (1, 2)
    assert [(column[4], column.get(1)) for column in schema] == [(b"schema", None), (b"n_abc", 5)]
    column = groups[0][1][0][3]
    assert (column[3], column[5]) == ([b"n_abc"], 2)
    page = Thrift(content[column[9] :])
    header = page.struct()
    assert (header[1], header[5][1]) == (0, 2)
    values = content[column[9] + page.at :][: header[3]]
    assert struct.unpack("<2d", values) == (1.0, 2.5)


class Thrift:
    """Reads Thrift's compact protocol, as far as Parquet's metadata need it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.content[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def value(self, kind: int) -> Any:
        if kind in {5, 6}:
            coded = self.number()
            return coded >> 1 ^ -(coded & 1)
        if kind == 8:
            size = self.number()
            self.at += size
            return self.content[self.at - size : self.at]
        if kind == 9:
            head = self.content[self.at]
            self.at += 1
            return [self.value(head & 15) for _ in range(head >> 4)]
        assert kind == 12
        return self.struct()

    def struct(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        number = 0
        while head := self.content[self.at]:
            self.at += 1
            number += head >> 4
            found[number] = self.value(head & 15)
        self.at += 1
        return found
