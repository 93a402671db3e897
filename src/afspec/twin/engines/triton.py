"""Triton by the compiled serve.sh: the real server, on the CPU, with the Python back end."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from afspec.twin.asking import http_ailment, hub_python
from afspec.twin.engine import Daemon, Endpoint, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.facility import Facility
    from afspec.facility.services import Triton as Service


class Triton(Engine):
    """One server for all tenants; a model that does not load is its tenant's matter, not an ailment."""

    name: ClassVar[str] = "triton"
    after: ClassVar[tuple[str, ...]] = ("s3",)

    @staticmethod
    def applies(facility: Facility) -> bool:
        """Where the site runs it itself, for somebody."""
        triton = facility.services.triton
        return bool(triton and triton.offered and triton.http and triton.repository and _tenants(triton))

    @staticmethod
    def hosts(facility: Facility) -> Sequence[str]:
        """The hosts of its addresses that have names."""
        triton = facility.services.triton
        urls = [triton.http or "", f"grpc://{triton.grpc}"] if triton else []
        names = [urlsplit(url).hostname or "" for url in urls]
        return [name for name in names if name and not name[0].isdigit()]

    def prepare(self) -> None:
        """The server's key, where the spec keeps it in a file."""
        self.twin.place(self._service.read_key)
        self.room.claim_shared_memory(self._regions)

    def daemons(self) -> Sequence[Daemon]:
        """The compiled script, which becomes tritonserver."""
        environment = self.twin.environment(self._service.read_key)
        # A server that is killed together with its models leaves its shared memory behind: it is known by its name.
        regions = f"--backend-config=python,shm-region-prefix-name={self._regions}"
        return [Daemon("triton", (self.files.path("triton/serve.sh"), regions), environment=environment)]

    def ready(self, daemon: Daemon) -> str:
        """Its own word for it, which no model's failure changes."""
        del daemon
        return http_ailment(self.room, hub_python(self.facility), f"{self._url}/v2/health/ready")

    def endpoints(self) -> Sequence[Endpoint]:
        """HTTP and gRPC."""
        grpc = [Endpoint("triton-grpc", f"grpc://{self._service.grpc}")] if self._service.grpc else []
        return [Endpoint("triton", self._url), *grpc]

    @property
    def _regions(self) -> str:
        return f"afspec-triton-{self.twin.secrets.get('shared memory')[:16]}-"

    @property
    def _service(self) -> Service:
        if self.facility.services.triton is None:
            raise LookupError("the spec has no Triton")
        return self.facility.services.triton

    @property
    def _url(self) -> str:
        return (self._service.http or "").rstrip("/")


def _tenants(triton: Service) -> tuple[str, ...]:
    return triton.server.tenants if triton.server else ()
