"""Inference servers that are none, or broken: each is told in words, and none is the kit's own fault."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from servers.serving import Answer, Asked, Served, as_json, as_text

from afspec.conformance.clients.kserve import About, State, door_of
from afspec.conformance.clients.protobuf import field
from afspec.conformance.clients.triton import Affine, uploads
from afspec.conformance.evidence import Evidence
from afspec.conformance.probe import Probe
from afspec.conformance.trouble import CommandTimeoutError, FailedError, RefusedError
from afspec.facility.services import Triton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unit.conformance.toy import Box

    from afspec.conformance.clients.kserve import Door

GOOD = {
    "/v2": {"name": "triton", "version": "2.51.0", "extensions": ["statistics"]},
    "/v2/repository/index": [{"name": "bob-model"}, {"name": "m", "state": "UNAVAILABLE", "reason": "no module"}],
    "/v2/models/m/infer": {"outputs": [{"name": "Z", "data": [9]}, {"name": "Y", "data": [1, 2.5]}]},
}


class Http(Served):
    """A server with one answer a path."""

    def __init__(self, answers: dict[str, Any]) -> None:
        super().__init__()
        self._answers = answers

    def answer(self, asked: Asked) -> Answer:
        found = self._answers.get(asked.path, as_text("not here", 404))
        return found if isinstance(found, Answer) else as_json(found)


def probe_of(box: Box) -> Probe:
    toy = box()
    return Probe(toy.run, toy.run.plan.instances[0], Evidence(str), time.monotonic() + 60)


@contextmanager
def http(box: Box, answers: dict[str, Any]) -> Iterator[tuple[Door, Probe]]:
    probe = probe_of(box)
    with Http(answers) as server:
        yield door_of(probe, "http", server.url), probe
        assert probe.close() == []


@contextmanager
def speaking(answer: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """A gRPC server that answers every method with what a function gives."""

    class Whatever(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda message, _: answer(details.method, message))

    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=(Whatever(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def test_a_good_server_is_understood_over_http(box: Box) -> None:
    with http(box, {**GOOD, "/v2/health/ready": as_text("")}) as (door, probe):
        assert (door.ready(), door.live()) == (True, False)
        assert door.about() == About("triton", "2.51.0", ("statistics",))
        assert door.state("m") == State("UNAVAILABLE", "no module")
        assert door.state("other") is None
        assert door.infer("m", [1.0]) == [1.0, 2.5]
        # The names of other users' models are not taken down.
        assert "bob" not in str(probe.evidence.steps)


BROKEN = {
    "html": as_text("<html>Sign in</html>", kind="text/html"),
    "cut": Answer(200, b'{"name": "tri'),
    "binary": Answer(200, b"\xff\xfe\x00"),
    "a number": as_json(7),
    "an error": as_json({"error": "gone"}, 500),
    "nothing": Answer(200),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_whatever_else_is_sent_over_http_is_the_servers_failure(box: Box, answer: Answer) -> None:
    with http(box, dict.fromkeys(GOOD, answer)) as (door, _):
        for ask in (door.about, lambda: door.state("m"), lambda: door.infer("m", [1.0])):
            with pytest.raises(FailedError, match=r"status \d+, |has no output Y"):
                ask()


@pytest.mark.parametrize(
    "outputs", [None, [], {}, [7], [{"name": "Z", "data": [1]}], [{"name": "Y"}], [{"name": "Y", "data": 1}]]
)
def test_an_answer_without_the_output_is_told(box: Box, outputs: object) -> None:
    answers = {"/v2/models/m/infer": {"outputs": outputs}}
    with http(box, answers) as (door, _), pytest.raises(FailedError, match="has no output Y"):
        door.infer("m", [1.0])


def test_a_good_server_is_understood_over_grpc(box: Box) -> None:
    index = field(1, field(1, "bob-model")) + field(1, field(1, "m") + field(3, "UNAVAILABLE") + field(4, "no module"))
    answers = {
        "ServerReady": field(1, 1),
        "ServerLive": b"",
        "ServerMetadata": field(1, "triton") + field(2, "2.51.0") + field(3, "statistics"),
        "RepositoryIndex": index,
    }
    probe = probe_of(box)
    with speaking(lambda method, _: answers[method.rpartition("/")[2]]) as address:
        door = door_of(probe, "grpc", address)
        assert (door.ready(), door.live()) == (True, False)
        assert door.about() == About("triton", "2.51.0", ("statistics",))
        assert door.state("m") == State("UNAVAILABLE", "no module")
        assert door.state("other") is None
    assert "bob" not in str(probe.evidence.steps)
    assert probe.evidence.steps[0]["request"] == f"gRPC /inference.GRPCInferenceService/ServerReady {address}"


@pytest.mark.parametrize("message", [b"\xff\xff", b"<html>", field(5, field(1, "Y")) + field(6, b"1234567")])
def test_whatever_else_is_sent_over_grpc_is_the_servers_failure(box: Box, message: bytes) -> None:
    with speaking(lambda *_: message) as address, pytest.raises(FailedError, match=r"no message|no output Y"):
        door_of(probe_of(box), "grpc", address).infer("m", [1.0])


def test_a_method_that_the_server_does_not_know_is_told(box: Box) -> None:
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with pytest.raises(FailedError, match="ServerReady: UNIMPLEMENTED"):
                door_of(probe_of(box), "grpc", f"127.0.0.1:{port}").ready()
        finally:
            server.stop(None).wait()


def test_what_speaks_http_where_grpc_is_declared_is_told(box: Box) -> None:
    with Http({}) as server, pytest.raises(RefusedError, match="ServerReady: UNAVAILABLE"):
        door_of(probe_of(box), "grpc", server.address).ready()


def test_a_closed_port_refuses_over_grpc_too(box: Box) -> None:
    with Http({}) as server:
        address = server.address
    with pytest.raises(RefusedError, match="refuses connections"):
        door_of(probe_of(box), "grpc", address).ready()


def test_a_server_that_does_not_answer_over_grpc_is_not_waited_for(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = probe_of(box)
    monkeypatch.setattr(probe, "_deadline", time.monotonic() + 0.5)

    def slow(*_: object) -> bytes:
        time.sleep(1)
        return b""

    with speaking(slow) as address, pytest.raises(CommandTimeoutError, match="did not answer ServerReady in time"):
        door_of(probe, "grpc", address).ready()


def test_no_canned_answer_fits_two_models(box: Box) -> None:
    first, second = (Affine.of(probe_of(box), "m") for _ in range(2))
    assert first.expected != second.expected
    assert first.expected == [first.scale * value + first.shift for value in first.values]
    assert f"SCALE, SHIFT = {first.scale}, {first.shift}\n" in first.files["1/model.py"].decode()
    assert list(first.files)[-1] == "config.pbtxt"


@pytest.mark.parametrize(
    ("repository", "upload", "place"),
    [
        (
            "s3://http://127.0.0.1:5555/models/<user>",
            "s3://models/<user>/",
            ("http://127.0.0.1:5555", "models", "alice"),
        ),
        (
            "s3://https://s3.example.org:443/triton-<uuid>/models",
            "s3://triton-models/<user>/",
            ("https://s3.example.org:443", "triton-models", "alice"),
        ),
        ("s3://https://s3.example.org:443/models", "s3://triton-<uuid>/", None),
        ("s3://https://s3.example.org:443/models", None, None),
        ("/gpfs/triton/<user>", "/gpfs/triton/<user>", None),
        (None, "s3://models/<user>/", None),
    ],
)
def test_where_models_are_put_is_read_from_both_or_not_at_all(
    repository: str | None, upload: str | None, place: tuple[str, str, str] | None
) -> None:
    assert uploads(Triton(repository=repository, upload=upload), "alice") == place
