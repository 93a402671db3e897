"""Triton as one of its users has it: models of the run's own in the user's folder, served, asked, and taken away."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afspec.conformance.clients.bucket import Bucket
from afspec.conformance.clients.kserve import door_of
from afspec.conformance.clients.sigv4 import Key
from afspec.conformance.evidence import Evidence
from afspec.conformance.run import PREFIX, leftover
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import Trouble, UnverifiedError
from afspec.conformance.web import Web
from afspec.facility.services import S3Folder
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.clients.kserve import Door
    from afspec.conformance.probe import Probe
    from afspec.conformance.run import Run
    from afspec.facility.services import Triton

KEY = "triton_write_key"
# Seconds that loading a small Python model may take, besides the looks of the server at its repository.
LOADING = 40

_CONFIG = """backend: "python"
max_batch_size: 0
input [ { name: "X", data_type: TYPE_FP64, dims: [ -1 ] } ]
output [ { name: "Y", data_type: TYPE_FP64, dims: [ -1 ] } ]
instance_group [ { kind: KIND_CPU, count: 1 } ]
"""
_CODE = """import triton_python_backend_utils as pb_utils

SCALE, SHIFT = %d, %d


class TritonPythonModel:
    def execute(self, requests):
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        values = pb_utils.get_input_tensor_by_name(request, "X").as_numpy()
        return pb_utils.InferenceResponse(output_tensors=[pb_utils.Tensor("Y", SCALE * values + SHIFT)])
"""
_BAD_CODE = 'raise RuntimeError("%s")\n'


@dataclass(frozen=True)
class Affine:
    """The model y = scale x + shift; both, and x, are whole numbers so small that FP64 keeps every digit."""

    name: str
    scale: int
    shift: int
    values: tuple[float, ...]

    @classmethod
    def of(cls, probe: Probe, name: str) -> Affine:
        """A model that only this attempt knows: its numbers come from the nonce."""
        digits = [int(probe.nonce[place : place + 4], 16) for place in range(0, 16, 4)]
        return cls(name, digits[0] + 2, digits[1] + 1, (0.0, float(digits[2]), -float(digits[3]) - 1))

    @property
    def files(self) -> dict[str, bytes]:
        """The model's files; the configuration comes last: with it, the server has all that it needs."""
        return {"1/model.py": (_CODE % (self.scale, self.shift)).encode(), "config.pbtxt": _CONFIG.encode()}

    @property
    def expected(self) -> list[float]:
        """What the model makes of `values`."""
        return [self.scale * value + self.shift for value in self.values]


def bad_files(reason: str) -> dict[str, bytes]:
    """The files of a model that cannot be loaded, and says why."""
    return {"1/model.py": (_BAD_CODE % reason).encode(), "config.pbtxt": _CONFIG.encode()}


def no_address() -> UnverifiedError:
    """What is said where a spec promises Triton and not where it is."""
    hint = "Declare `http` or `grpc`."
    return UnverifiedError(Reason.PREREQUISITE_ABSENT, "the spec gives no address of Triton", hint)


def addresses(triton: Triton) -> dict[str, str]:
    """The addresses that the spec gives, by protocol."""
    found = {"http": (triton.http or "").rstrip("/"), "grpc": triton.grpc or ""}
    return {name: address for name, address in found.items() if address}


def uploads(triton: Triton, user: str) -> S3Folder | None:
    """Where a user puts models: `upload` names bucket and folder, `repository` the store; None without either."""
    repository = triton.models_of(user)
    scheme, _, rest = (triton.upload or "").replace("<user>", user).partition("://")
    if repository is None or scheme != "s3" or "<" in rest:
        return None
    bucket, _, folder = rest.strip("/").partition("/")
    return S3Folder(repository.endpoint, bucket, folder)


class Models:
    """The user's models on a server, by every protocol that the spec declares; what is uploaded goes with the probe.

    Raises:
        UnverifiedError: nothing says where the server is or where models are put, or the run has no key.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.triton: Triton = probe.value
        self.doors = {name: door_of(probe, name, address) for name, address in addresses(self.triton).items()}
        if not self.doors:
            raise no_address()
        folder = uploads(self.triton, probe.user)
        if folder is None:
            text = f"the spec does not say in full where models are put: {self.triton.upload}, {self.triton.repository}"
            hint = "Write `repository` as s3://https://host:port/bucket/<user> and `upload` as s3://bucket/<user>/."
            raise UnverifiedError(Reason.PREREQUISITE_ABSENT, text, hint)
        self._bucket = Bucket(probe.web(folder.endpoint), folder, key_of(probe.run))

    @property
    def door(self) -> Door:
        """Any of the server's doors."""
        return next(iter(self.doors.values()))

    @property
    def patience(self) -> float:
        """Seconds until the server must have taken notice of what was put there or taken away."""
        return 2 * (self.triton.poll or 0) + LOADING

    def name(self, suffix: str = "") -> str:
        """A name for a model of this attempt; users' models begin with their names where a store tells them apart."""
        return f"{self._probe.user}-{self._probe.name}{suffix}"

    def upload(self, name: str, files: dict[str, bytes], *, loads: bool = True) -> None:
        """Put a model there, and have it loaded where the server does not look by itself.

        `loads` says that it can be loaded. One that cannot is replaced by one that can before it is taken away: a
        server with --strict-readiness would hold the failure against itself until it is started anew.
        """
        probe = self._probe
        where = self._bucket.folder
        place = "/".join(filter(None, [where.bucket, where.folder, name]))
        probe.spend(size=sum(map(len, files.values())))

        def undo() -> None:
            if not loads:
                self._put(name, Affine.of(probe, name).files)
                self.await_served(name)
            self.remove(name)

        probe.later(undo, f"aws --endpoint-url {where.endpoint} s3 rm --recursive s3://{place}/")
        self._put(name, files, loads=loads)

    def _put(self, name: str, files: dict[str, bytes], *, loads: bool = True) -> None:
        for path, data in files.items():
            self._bucket.put(f"{name}/{path}", data)
        if not self.triton.poll:
            self._load(name, loads=loads)

    def _load(self, name: str, *, loads: bool) -> None:
        try:
            self.door.load(name)
        except Trouble:
            # A model that cannot be loaded is refused, as it must be.
            if loads:
                raise

    def remove(self, name: str) -> None:
        """Take a model away."""
        names = self._bucket.names(f"{name}/")
        for gone in names:
            self._bucket.delete(gone)
        if names and not self.triton.poll:
            self.door.load(name, gone=True)

    def await_served(self, name: str) -> str:
        """Wait until a model is served: "", or what the server says of it instead."""
        probe, started = self._probe, time.monotonic()
        since: list[float] = []

        def steadily() -> bool:
            if not self.door.serves(name):
                since.clear()
                return False
            since[1:] = [time.monotonic()]
            return since[-1] - since[0] >= self._settling

        if probe.poll(steadily, self.patience + self._settling):
            probe.evidence.sample("upload to ready", [round(time.monotonic() - started, 2)], "s")
            return ""
        return self.said_of(name) or f"the server does not know it {self.patience:g} s after its upload"

    @property
    def _settling(self) -> float:
        """Seconds for which a model must be served before it is asked: each of several replicas looks for itself."""
        several = self.triton.autoscale is not None and self.triton.autoscale.maximum > 1
        return float(self.triton.poll or 0) if several else 0.0

    def await_gone(self, name: str) -> bool:
        """Wait until a model is not served any more."""
        return self._probe.poll(lambda: not self.door.serves(name), self.patience)

    def said_of(self, name: str) -> str:
        """What the server's index says of a model: "" where it does not name it."""
        found = self.door.state(name)
        return f"{found.state}: {found.reason}".strip(": ") if found else ""


def key_of(run: Run) -> Key:
    """The user's key to the store; both its halves are secrets of the run from then on.

    Raises:
        UnverifiedError: the run has none, or what it has is not ID:SECRET.
    """
    key = Key.read(run.wallet.get(KEY))
    if key is None:
        raise UnverifiedError(Reason.NO_CREDENTIALS, "the key to Triton's store is not written ID:SECRET")
    # A store's answers name the identity alone.
    run.wallet.add(f"{KEY} (identity)", key.identity)
    run.wallet.add(f"{KEY} (secret)", key.secret)
    return key


@sweeper
def triton_models(run: Run) -> Iterator[tuple[str, str]]:
    """Models that killed runs left in the user's folder."""
    triton, user = run.facility.services.triton, run.credentials.user
    folder = uploads(triton, user) if triton and triton.offered and user else None
    if folder is None or user is None:
        return
    web = Web(run.vantages.way("session"), "session", Evidence(run.clean), folder.endpoint)
    try:
        bucket = Bucket(web, folder, key_of(run))
        names = bucket.names(f"{user}-{PREFIX}")
        for name in dict.fromkeys(each.partition("/")[0] for each in names):
            if leftover(name.removeprefix(f"{user}-"), run.request.run, time.time()):
                try:
                    bucket.remove(f"{name}/")
                except Trouble as trouble:
                    place = f"s3://{folder.bucket}/{folder.folder}/{name}/"
                    yield trouble.text, f"aws --endpoint-url {folder.endpoint} s3 rm --recursive {place}"
    finally:
        web.close()
