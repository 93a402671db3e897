"""Triton with models on S3: each tenant's own, and nobody else's matter."""

from __future__ import annotations

import json
import math
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import until

from afspec.twin.asking import hub_python
from afspec.twin.engines.s3 import KEY_FILE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from engines.conftest import Miniature

TENANTS = ("alice", "bob")
# How long a model may take: a look at the repository every 2 s, and a Python that imports numpy, on a busy machine.
PATIENCE = 40
# How long the server may take to see that its store is gone: AWS's client tries ten times, with pauses that grow to
# half a minute in all, and does so for each tenant's repository.
NOTICED = 180

INFER = """
import importlib, json, sys
import numpy as np
module, address, model, values = *sys.argv[1:4], json.loads(sys.argv[4])
client = importlib.import_module(f"tritonclient.{module}")
inputs = []
for name, rows in values.items():
    tensor = client.InferInput(name, [len(rows), len(rows[0])], "FP32")
    tensor.set_data_from_numpy(np.array(rows, dtype=np.float32))
    inputs.append(tensor)
print(json.dumps(client.InferenceServerClient(address).infer(model, inputs).as_numpy("MASS").tolist()))
"""
ASK = """
import sys, urllib.error, urllib.request
method, url = sys.argv[1:3]
request = urllib.request.Request(url, data=b"" if method == "POST" else None, method=method)
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""
STORE = """
import json, sys
import boto3, botocore
call = json.load(sys.stdin)
identity, _, secret = call["key"].partition(":")
how = {"aws_access_key_id": identity, "aws_secret_access_key": secret} if identity else {
    "config": botocore.config.Config(signature_version=botocore.UNSIGNED)}
client = boto3.client("s3", endpoint_url=call["endpoint"], region_name="us-east-1", **how)
try:
    getattr(client, call["method"])(**call["arguments"])
    print("done")
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"""
PAIRS = {
    "PT": [[45.6, 45.6], [30.0, 50.0]],
    "ETA": [[0.0, 0.0], [0.5, -1.0]],
    "PHI": [[0.0, math.pi], [0.0, 1.0]],
}
MASSES = [91.2, math.sqrt(2 * 30 * 50 * (math.cosh(1.5) - math.cos(1.0)))]


@dataclass(frozen=True)
class Site:
    """The twin, as its tenants see it."""

    miniature: Miniature

    @property
    def python(self) -> str:
        return hub_python(self.miniature.facility)

    @property
    def addresses(self) -> dict[str, str]:
        triton = self.miniature.facility.services.triton
        assert triton
        assert triton.http
        assert triton.grpc
        return {"http": triton.http.removeprefix("http://"), "grpc": triton.grpc}

    def infer(self, model: str, *, user: str, protocol: str = "http") -> list[float]:
        argv = [self.python, "-c", INFER, protocol, self.addresses[protocol], model, json.dumps(PAIRS)]
        found: list[float] = json.loads(self.miniature.room.run(argv, user=user, timeout=60).stdout)
        return found

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        argv = [self.python, "-c", ASK, method, f"http://{self.addresses['http']}{path}"]
        status, _, body = self.miniature.room.run(argv, user="alice").stdout.partition(" ")
        return int(status), body

    def index(self) -> dict[str, dict[str, str]]:
        status, body = self.ask("/v2/repository/index", "POST")
        models = json.loads(body) if status == 200 else []
        return {model["name"]: model for model in models}

    def ready(self, model: str) -> bool:
        return self.ask(f"/v2/models/{model}/ready")[0] == 200

    def key(self, user: str) -> str:
        home = next(each.home for each in self.miniature.twin.users if each.name == user)
        return self.miniature.room.run(["cat", f"{home}/{KEY_FILE}"], user=user).stdout.strip()

    def upload(self, *arguments: str, user: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The compiled command, as a tenant uses it."""
        triton = self.miniature.facility.services.triton
        assert triton
        assert triton.write_key
        assert triton.write_key.env
        return self.miniature.room.run(
            [self.python, self.miniature.files.path("triton/upload.py"), "--tenant", user, *arguments],
            user=user,
            env={triton.write_key.env: self.key(user)},
            check=check,
        )

    def store(self, key: str, method: str, **arguments: Any) -> str:
        """What the store says to a request: "done", or the code of an error."""
        triton = self.miniature.facility.services.triton
        folder = triton.models_of("alice") if triton else None
        assert folder
        arguments["Bucket"] = folder.bucket
        call = {"endpoint": folder.endpoint, "key": key, "method": method, "arguments": arguments}
        argv = [self.python, "-c", STORE]
        return self.miniature.room.run(argv, user="alice", stdin=json.dumps(call)).stdout.strip()


@pytest.fixture
def site(local: Miniature) -> Site:
    return Site(local)


@pytest.fixture
def model(site: Site, tmp_path: Path) -> Iterator[Path]:
    """A copy of the compiled example that a test may spoil; its uploads are taken away."""
    folder = tmp_path / "model"
    for name in ("config.pbtxt", "1/model.py"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(site.miniature.files.text(f"triton/models/example/{name}"))
    yield folder
    for user in TENANTS:
        for name in site.upload("--list", user=user).stdout.split():
            if name != f"{user}-example":
                site.upload("--remove", name, user=user)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("user", TENANTS)
def test_each_tenants_model_on_s3_answers(site: Site, user: str, protocol: str) -> None:
    assert until(lambda: site.ready(f"{user}-example"), PATIENCE)
    assert site.infer(f"{user}-example", user=user, protocol=protocol) == pytest.approx(MASSES, rel=1e-5)


def test_an_uploaded_model_is_served_and_a_removed_one_is_not(site: Site, model: Path) -> None:
    name = f"alice-{secrets.token_hex(4)}"
    shift = secrets.randbelow(1000)
    code = model / "1/model.py"
    code.write_text(code.read_text().replace('Tensor("MASS", mass)', f'Tensor("MASS", mass + np.float32({shift}))'))
    site.upload(str(model), "--name", name, user="alice")
    assert until(lambda: site.ready(name), PATIENCE)
    # What comes back is this model's, and no other's.
    assert site.infer(name, user="alice") == pytest.approx([mass + shift for mass in MASSES], rel=1e-5)
    site.upload("--remove", name, user="alice")
    assert until(lambda: not site.ready(name), PATIENCE)


def test_one_tenants_bad_model_is_harmless_to_the_others(site: Site, model: Path) -> None:
    reason = f"broken-{secrets.token_hex(4)}"
    (model / "1/model.py").write_text(f"raise RuntimeError({reason!r})\n")
    site.upload(str(model), "--name", "bob-broken", user="bob")

    def reported() -> bool:
        found = site.index().get("bob-broken", {})
        return found.get("state") == "UNAVAILABLE" and reason in found.get("reason", "")

    assert until(reported, PATIENCE), site.index()
    assert not site.ready("bob-broken")
    assert site.ask("/v2/health/ready")[0] == 200
    assert not site.miniature.ailments()
    for user in TENANTS:
        assert site.infer(f"{user}-example", user=user) == pytest.approx(MASSES, rel=1e-5)


def test_a_server_started_with_a_bad_model_in_a_repository_serves_the_others(site: Site, model: Path) -> None:
    (model / "1/model.py").write_text("import there_is_no_such_module\n")
    site.upload(str(model), "--name", "bob-broken", user="bob")
    room = site.miniature.room
    room.kill("triton", signal.SIGKILL)
    assert until(lambda: not room.alive("triton"))
    assert [ailment.daemon for ailment in site.miniature.ailments()] == ["triton"]
    site.miniature.heal()
    assert not site.miniature.ailments()
    # The server is ready while it still tries.
    assert until(lambda: "there_is_no_such_module" in site.index()["bob-broken"].get("reason", ""), PATIENCE)
    assert until(lambda: site.ready("alice-example"), PATIENCE)
    assert site.infer("alice-example", user="alice") == pytest.approx(MASSES, rel=1e-5)


def test_a_model_without_its_tenants_name_is_refused_by_the_command_and_by_the_store(site: Site, model: Path) -> None:
    done = site.upload(str(model), "--name", "bob-mine", user="alice", check=False)
    assert (done.returncode, "begin with alice-" in done.stderr) == (1, True)
    put = {"Key": "alice/bob-mine/config.pbtxt", "Body": "x"}
    assert site.store(site.key("alice"), "put_object", **put) == "AccessDenied"


# moto checks signatures and policies here (see s3keys): without that it would accept anything of anybody.
def test_a_tenants_key_opens_that_tenants_models_alone(site: Site) -> None:
    alice, bob = site.key("alice"), site.key("bob")
    own, others = "alice/alice-example/config.pbtxt", "bob/bob-example/config.pbtxt"
    assert alice != bob
    assert site.store(alice, "get_object", Key=own) == "done"
    assert site.store(alice, "get_object", Key=others) == "AccessDenied"
    assert site.store(alice, "put_object", Key=others, Body="x") == "AccessDenied"
    assert site.store(alice, "delete_object", Key=others) == "AccessDenied"
    assert site.store(f"{alice}x", "get_object", Key=own) == "SignatureDoesNotMatch"
    assert site.store("", "get_object", Key=own) in {"403", "AccessDenied"}


def test_the_servers_key_reads_and_does_not_write(site: Site) -> None:
    triton = site.miniature.facility.services.triton
    assert triton
    assert triton.read_key
    key = site.miniature.twin.secrets.of(triton.read_key)
    for user in TENANTS:
        name = f"{user}/{user}-example/config.pbtxt"
        assert site.store(key, "get_object", Key=name) == "done"
        assert site.store(key, "put_object", Key=name, Body="x") == "AccessDenied"
        assert site.store(key, "delete_object", Key=name) == "AccessDenied"


def test_without_its_store_the_server_serves_what_it_has_loaded(site: Site, model: Path) -> None:
    room = site.miniature.room
    before = site.key("alice")
    room.kill("s3", signal.SIGKILL)
    try:
        assert until(lambda: not room.alive("s3"))
        assert [tuple(ailment) for ailment in site.miniature.ailments()] == [("s3", "not running")]
        # Not before the server has noticed: it looks at the repository every 2 s.
        log = room.log("triton")
        seen = log.stat().st_size
        assert until(lambda: b"failed to poll model repository" in log.read_bytes()[seen:], NOTICED)
        for user in TENANTS:
            assert site.infer(f"{user}-example", user=user) == pytest.approx(MASSES, rel=1e-5)
        done = site.upload(str(model), "--name", "alice-new", user="alice", check=False)
        assert (done.returncode, "the store says" in done.stderr) == (1, True)
    finally:
        site.miniature.heal()
    assert not site.miniature.ailments()
    assert site.key("alice") == before
    site.upload(str(model), "--name", "alice-new", user="alice")
    assert until(lambda: site.ready("alice-new"), PATIENCE)
    # A store that has just begun is empty for a moment: models that the server then let go of come back.
    assert until(lambda: site.ready("bob-example") and site.ready("alice-example"), PATIENCE)


def test_the_server_is_reached_by_loopback_alone(site: Site) -> None:
    pid = site.miniature.room.pid("triton")
    addresses = {line.split()[1].split(":")[0] for line in _listening(pid)}
    assert addresses == {"0100007F"}  # 127.0.0.1, as proc(5) writes it


def _listening(pid: int | None) -> list[str]:
    """The lines of /proc/PID/net/tcp for sockets of this process that listen."""
    folder = Path(f"/proc/{pid}/fd")
    own = {str(link.readlink()) for link in folder.iterdir()}
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in own]
