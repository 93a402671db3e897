"""The S3 store that Triton's models lie in, played by moto.

moto keeps everything in memory: a store that ended comes back with its buckets and keys and the example models, and
without whatever else users had put there. It checks signatures and policies as s3keys says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import urlsplit

from afspec.twin import s3keys
from afspec.twin.asking import hub_python
from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.services import Triton

_POLICIES = "triton/policies"
_UPLOAD = "triton/upload.py"
_EXAMPLE = "triton/models/example"
# Where a user finds the key: to be exported as the variable that the spec names.
KEY_FILE = ".triton-key"


class Store(NamedTuple):
    """The store as the spec's repositories name it."""

    url: str
    host: str
    port: int
    buckets: tuple[str, ...]


class S3(Engine):
    """moto's server with a bucket, a key that reads for Triton, and a key that writes for each tenant."""

    name: ClassVar[str] = "s3"

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where the site runs Triton itself, with its tenants' models on a store that speaks plain HTTP."""
        return _store(facility) is not None

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The store's host."""
        store = _store(facility)
        return [store.host] if store and not store.host[0].isdigit() else []

    def daemons(self) -> Sequence[Daemon]:
        """moto_server, which lets nobody in until `settle` has given out keys."""
        server = str(Path(self._python).with_name("moto_server"))
        argv = (server, "--host", self._store.host, "--port", str(self._store.port))
        return [Daemon("s3", argv, environment={"INITIAL_NO_AUTH_ACTION_COUNT": "0"})]

    def ready(self, daemon: Daemon) -> str:
        """Whether it accepts connections."""
        del daemon
        store = self._store
        return "" if self.room.answers(store.host, store.port) else f"port {store.port} of {store.host} does not answer"

    def settle(self) -> None:
        """Buckets, keys with the compiled policies, and every tenant's example model by the compiled command."""
        triton = _triton(self.facility)
        policies = {Path(name).stem: self.files.text(name) for name in self.files.glob(f"{_POLICIES}/*.json")}
        wanted = {
            "endpoint": self._store.url,
            "buckets": self._store.buckets,
            "policies": policies,
            "seed": self.twin.secrets.get("s3"),
        }
        program = Path(s3keys.__file__).read_text()
        done = self.room.run([self._python, "-c", program], stdin=json.dumps(wanted), timeout=60)
        keys: dict[str, str] = json.loads(done.stdout)
        if triton.read_key:
            self.twin.secrets.put(self.twin.secrets.name_of(triton.read_key), keys["server"])
        homes = {user.name: user.home for user in self.twin.users}
        for tenant in triton.server.tenants if triton.server else ():
            key = keys[f"tenant-{tenant}"]
            self.twin.secrets.put(f"s3:{tenant}", key)
            if tenant in homes:
                self.room.write(f"{homes[tenant]}/{KEY_FILE}", f"{key}\n", mode=0o600, owner=tenant)
            self._upload(tenant, key, triton.write_key)

    def key(self, tenant: str) -> str:
        """A tenant's key, ID:SECRET."""
        return self.twin.secrets.get(f"s3:{tenant}")

    def _upload(self, tenant: str, key: str, ref: SecretRef | None) -> None:
        """Upload the example as a tenant does."""
        user = tenant if tenant in {user.name for user in self.twin.users} else "root"
        if ref and ref.file:
            self.room.write(ref.file, f"{key}\n", mode=0o600, owner=user)
        self.room.run(
            [
                *(self._python, self.files.path(_UPLOAD), self.files.path(_EXAMPLE)),
                *("--name", f"{tenant}-example", "--tenant", tenant),
            ],
            user=user,
            env={ref.env: key} if ref and ref.env else {},
            timeout=60,
        )

    def endpoints(self) -> Sequence[Endpoint]:
        """The store's address."""
        return [Endpoint("s3", self._store.url)]

    @property
    def _python(self) -> str:
        return hub_python(self.facility)

    @property
    def _store(self) -> Store:
        store = _store(self.facility)
        if store is None:
            raise LookupError("the spec names no store")
        return store


def _triton(facility: Facility) -> Triton:
    if facility.services.triton is None:
        raise LookupError("the spec has no Triton")
    return facility.services.triton


def _store(facility: Facility) -> Store | None:
    triton = facility.services.triton
    if triton is None or not triton.offered or triton.server is None:
        return None
    folders = [folder for name in triton.server.tenants if (folder := triton.models_of(name))]
    if not folders or not folders[0].endpoint.startswith("http://"):
        return None
    url = urlsplit(folders[0].endpoint)
    buckets = tuple(dict.fromkeys(folder.bucket for folder in folders))
    return Store(folders[0].endpoint, url.hostname or "", url.port or 80, buckets)
