"""What Triton is started with (Triton user guide, Model Repository and Model Management)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.urls import locate

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.common import SecretRef
    from afspec.facility.services import S3Folder, Triton, TritonServer

_HTTP_PORT = 8000
_GRPC_PORT = 8001


class Address(NamedTuple):
    """Where one of the server's three services listens."""

    host: str
    port: int


class Tenant(NamedTuple):
    """Who has models, and where: `repository` as Triton takes it, `s3` where that is a store's folder."""

    name: str
    repository: str
    s3: S3Folder | None


class Server(NamedTuple):
    """What the templates write down."""

    settings: TritonServer
    tenants: tuple[Tenant, ...]
    http: Address
    grpc: Address | None
    metrics: Address
    url: str
    poll: int | None
    read_key: SecretRef | None
    write_key: SecretRef | None

    @property
    def repositories(self) -> tuple[str, ...]:
        """The repositories, each once: all tenants of a site may share one."""
        return tuple(dict.fromkeys(tenant.repository for tenant in self.tenants))

    @property
    def python_folder(self) -> str:
        """Folder of the Python that models run in; "" where the spec names none."""
        return str(PurePosixPath(self.settings.python).parent) if self.settings.python else ""

    @property
    def stores(self) -> tuple[Address, ...]:
        """Where the repositories' stores listen, each once."""
        urls = [locate(tenant.s3.endpoint) for tenant in self.tenants if tenant.s3]
        found = [Address(url.host, url.port or (443 if url.scheme == "https" else 80)) for url in urls]
        return tuple(dict.fromkeys(found))

    @classmethod
    def of(cls, facility: Facility) -> Server | None:
        """The server; None where Triton is not offered, or the spec does not say how it is run and for whom."""
        triton = facility.services.triton
        if triton is None or not triton.offered or triton.server is None or not triton.server.tenants:
            return None
        if not triton.repository or not triton.http or not (http := _address(triton.http, _HTTP_PORT)):
            return None
        return cls(
            settings=triton.server,
            tenants=tuple(_tenants(triton, triton.server)),
            http=http,
            grpc=_address(f"grpc://{triton.grpc}", _GRPC_PORT) if triton.grpc else None,
            metrics=Address(http.host, triton.server.metrics_port),
            url=triton.http.rstrip("/"),
            poll=triton.poll,
            read_key=triton.read_key,
            write_key=triton.write_key,
        )


def _tenants(triton: Triton, server: TritonServer) -> list[Tenant]:
    repository = triton.repository or ""
    return [Tenant(name, repository.replace("<user>", name), triton.models_of(name)) for name in server.tenants]


def _address(url: str, usual: int) -> Address | None:
    parts = locate(url)
    return Address(parts.host, parts.port or usual) if parts.host else None
