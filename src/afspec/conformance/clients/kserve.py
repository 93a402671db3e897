"""Inference servers, asked in KServe's protocol V2 with Triton's extensions, over HTTP and over gRPC.

Facts: KServe, Open Inference Protocol V2; Triton, protocol extensions (model repository) and grpc_service.proto, from
which the numbers of fields are.
"""

from __future__ import annotations

import json
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from afspec.conformance.clients.protobuf import Message, WireError, field, packed
from afspec.conformance.reach.dial import forwarded
from afspec.conformance.trouble import CommandTimeoutError, FailedError, RefusedError, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from afspec.conformance.probe import Probe
    from afspec.conformance.web import Web

SECONDS = 20
_OK = 200
_GRPC_PORT = 8001


@dataclass(frozen=True)
class About:
    """What a server says that it is."""

    name: str
    version: str
    extensions: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """What a server says of a model: READY, UNAVAILABLE and why."""

    state: str
    reason: str = ""


class Door(Protocol):
    """A server by one of its protocols.

    Every method raises FailedError where the server does not answer as the protocol has it, and UnverifiedError where
    nothing answers at all.
    """

    def live(self) -> bool:
        """Whether it lives."""

    def ready(self) -> bool:
        """Whether it is ready for requests."""

    def about(self) -> About:
        """What it is."""

    def serves(self, model: str) -> bool:
        """Whether it is ready for requests to a model."""

    def state(self, model: str) -> State | None:
        """What its index says of a model; None where it does not name it. Of other users' models nothing is kept."""

    def load(self, model: str, *, gone: bool = False) -> None:
        """Have it load a model, or let go of one, where it does not look by itself."""

    def infer(self, model: str, values: Sequence[float]) -> list[float]:
        """What a model with one input X and one output Y, both vectors of FP64, makes of some values."""


class HttpDoor:
    """HTTP, with JSON."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def live(self) -> bool:
        return self._web.get("/v2/health/live").status_code == _OK

    def ready(self) -> bool:
        return self._web.get("/v2/health/ready").status_code == _OK

    def about(self) -> About:
        data = _data(self._web.get("/v2"), dict)
        return About(str(data.get("name", "")), str(data.get("version", "")), _words(data.get("extensions")))

    def serves(self, model: str) -> bool:
        return self._web.get(f"/v2/models/{model}/ready").status_code == _OK

    def state(self, model: str) -> State | None:
        answer = self._web.post("/v2/repository/index", json={}, shown=False)
        rows = [row for row in _data(answer, list) if isinstance(row, dict) and row.get("name") == model]
        states = [State(str(row.get("state", "")), str(row.get("reason", ""))) for row in rows]
        return states[0] if states else None

    def load(self, model: str, *, gone: bool = False) -> None:
        answer = self._web.post(f"/v2/repository/models/{model}/{'unload' if gone else 'load'}", json={}, timeout=60)
        if answer.status_code != _OK:
            raise FailedError(f"the server does not {'un' if gone else ''}load {model}: {_said(answer)}")

    def infer(self, model: str, values: Sequence[float]) -> list[float]:
        given = {"name": "X", "shape": [len(values)], "datatype": "FP64", "data": list(values)}
        answer = self._web.post(f"/v2/models/{model}/infer", json={"inputs": [given]})
        if answer.status_code != _OK:
            raise FailedError(f"the model {model} does not infer: {_said(answer)}")
        outputs = _data(answer, dict).get("outputs")
        rows = outputs if isinstance(outputs, list) else []
        for row in rows:
            if isinstance(row, dict) and row.get("name") == "Y" and isinstance(row.get("data"), list):
                return [float(value) if isinstance(value, int | float) else float("nan") for value in row["data"]]
        raise FailedError(f"the answer of {model} has no output Y: {answer.text[:200]}")


def _data(answer: httpx.Response, form: type) -> Any:
    try:
        found = json.loads(answer.content) if answer.status_code == _OK else None
    except ValueError:
        found = None
    if isinstance(found, form):
        return found
    path = answer.request.url.path
    raise FailedError(f"{path} does not answer as KServe's protocol V2 has it: {_said(answer)}")


def _said(answer: httpx.Response) -> str:
    return f"status {answer.status_code}, {answer.text.strip()[:300] or 'no words'}"


def _words(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


class GrpcDoor:
    """gRPC, with messages made by hand: Triton's own client is large, and a few fields are enough.

    Every call has a connection of its own: there is none to close, and so it works in clean-up too.
    """

    def __init__(self, probe: Probe, address: str) -> None:
        self._probe = probe
        self._address = address

    def live(self) -> bool:
        return self._call("ServerLive").flag(1)

    def ready(self) -> bool:
        return self._call("ServerReady").flag(1)

    def about(self) -> About:
        answer = self._call("ServerMetadata")
        return About(answer.text(1), answer.text(2), answer.texts(3))

    def serves(self, model: str) -> bool:
        return self._call("ModelReady", field(1, model)).flag(1)

    def state(self, model: str) -> State | None:
        rows = self._call("RepositoryIndex", shown=False).messages(1)
        found = [State(row.text(3), row.text(4)) for row in rows if row.text(1) == model]
        return found[0] if found else None

    def load(self, model: str, *, gone: bool = False) -> None:
        self._call("RepositoryModelUnload" if gone else "RepositoryModelLoad", field(2, model), timeout=60)

    def infer(self, model: str, values: Sequence[float]) -> list[float]:
        given = field(1, "X") + field(2, "FP64") + packed(3, (len(values),))
        raw = struct.pack(f"<{len(values)}d", *values)
        answer = self._call("ModelInfer", field(1, model) + field(5, given) + field(7, raw))
        names = [output.text(1) for output in answer.messages(5)]
        contents = dict(zip(names, answer.all_bytes(6), strict=False))
        data = contents.get("Y")
        if data is None or len(data) % 8:
            raise FailedError(f"the answer of {model} has no output Y: outputs {', '.join(names) or 'none'}")
        return list(struct.unpack(f"<{len(data) // 8}d", data))

    def _call(self, method: str, message: bytes = b"", *, timeout: float = SECONDS, shown: bool = True) -> Message:
        import grpc  # noqa: PLC0415 - only who asks gRPC pays for it

        path = f"/inference.GRPCInferenceService/{method}"
        line = f"gRPC {path} {self._address}"
        started = time.monotonic()
        status, body = "OK", ""
        try:
            with self._channel() as channel:
                data: bytes = channel.unary_unary(path)(message, timeout=min(timeout, self._probe.remaining()))
            body = data.decode("utf-8", "backslashreplace") if shown else f"{len(data)} bytes"
            return Message(data)
        except grpc.RpcError as error:
            status, body = error.code().name, error.details() or ""
            if status == "DEADLINE_EXCEEDED":
                raise CommandTimeoutError(f"{self._address} did not answer {method} in time") from error
            kind = RefusedError if status == "UNAVAILABLE" else FailedError
            raise kind(f"{self._address}: {method}: {status}: {body[:300]}") from error
        except Trouble as trouble:
            status, body = trouble.text, ""
            raise
        except WireError as error:
            raise FailedError(f"{self._address}: {method}: the answer is no message: {error}") from error
        finally:
            self._probe.evidence.request(line, status, body, time.monotonic() - started, self._probe.vantage)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        import grpc  # noqa: PLC0415 - likewise

        host, _, port = self._address.rpartition(":")
        where = (host, int(port)) if host and port.isdigit() else (self._address, _GRPC_PORT)
        with (
            forwarded(self._probe.way().dialer, *where, SECONDS) as near,
            grpc.insecure_channel(f"127.0.0.1:{near}", options=[("grpc.enable_http_proxy", 0)]) as channel,
        ):
            yield channel


def door_of(probe: Probe, protocol: str, address: str) -> Door:
    """A server by a protocol: `http` at a URL, `grpc` at host:port."""
    return HttpDoor(probe.web(address)) if protocol == "http" else GrpcDoor(probe, address)
