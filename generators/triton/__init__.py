"""NVIDIA Triton where the site runs it without an orchestrator: the server's start, its users' uploads, their keys.

`server` works out addresses, repositories and keys, `policies` what each key may do in an S3 store; the templates
write a script for the site, a command for tenants and a model that they can start from. README.md shows their use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Format, Generator
from afspec.generators.quoting import one_line

from .policies import policy_of_server, policy_of_tenant
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility


class Triton(Generator):
    """Triton with a repository of models a tenant, and how tenants put models there."""

    name = "triton"

    def applies(self, facility: Facility) -> bool:
        """Where Triton is offered, and the spec says how it is run and for whom."""
        return Server.of(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The server's script, then what tenants need, then the policies of the keys."""
        server = Server.of(facility)
        if server is None:
            return
        title = one_line(facility.title)
        yield self.template("serve.sh.j2", "triton/serve.sh", Format.SHELL, executable=True, title=title, server=server)
        if any(tenant.s3 for tenant in server.tenants):
            yield self.template(
                "upload.py.j2", "triton/upload.py", Format.PYTHON, executable=True, title=title, server=server
            )
        example = "triton/models/example"
        yield self.template("config.pbtxt.j2", f"{example}/config.pbtxt", Format.TEXT, title=title)
        yield self.template("model.py.j2", f"{example}/1/model.py", Format.PYTHON, title=title)
        for tenant in server.tenants:
            if tenant.s3:
                # JSON has no comments, and a store takes no words that are not its own: README.md says what these are.
                text = policy_of_tenant(tenant.name, tenant.s3)
                yield Artifact(f"triton/policies/tenant-{tenant.name}.json", text, Format.JSON)
        if folders := tuple(tenant.s3 for tenant in server.tenants if tenant.s3):
            yield Artifact("triton/policies/server.json", policy_of_server(folders), Format.JSON)
