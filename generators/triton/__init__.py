"""NVIDIA Triton for a site's tenants: where the site runs it itself, and on its cluster.

`server` works out addresses, repositories and keys of a server that the site runs without an orchestrator; `cluster`
those of the facility's cluster, for which `workload` makes the pods, `network` their address, `scaling` what adds
replicas, `alerts` what tells of a model that fails and `needs` what must be there. `policies` says what each key may do
in an S3 store; the templates write a script for the site, a command for tenants and a model that they can start from,
and the script that the pods begin with. README.md shows their use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators import Artifact, Format, Generator
from afspec.generators.interface import Chart
from afspec.generators.quoting import one_line

from .alerts import rules
from .cluster import Cluster
from .needs import needs
from .network import network
from .policies import policy_of_server, policy_of_tenant
from .scaling import adapter_values, autoscaler
from .server import Server, Tenant
from .workload import workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.facility import Facility

_FOLDER = "triton/kubernetes"
_ADAPTER = Chart("prometheus-adapter", "5.3.0")


class Triton(Generator):
    """Triton with a repository of models a tenant, and how tenants put models there."""

    name = "triton"

    def applies(self, facility: Facility) -> bool:
        """Where Triton is offered, and the spec says how it is run and for whom."""
        return Server.of(facility) is not None or Cluster.of(facility) is not None

    def render(self, facility: Facility) -> Iterator[Artifact]:
        """The server's script or the cluster's files, then what tenants need, then the policies of the keys."""
        if server := Server.of(facility):
            yield from self._server(facility, server)
        elif cluster := Cluster.of(facility):
            yield from self._cluster(facility, cluster)

    def _server(self, facility: Facility, server: Server) -> Iterator[Artifact]:
        title = one_line(facility.title)
        yield self.template("serve.sh.j2", "triton/serve.sh", Format.SHELL, executable=True, title=title, server=server)
        if any(tenant.s3 for tenant in server.tenants):
            yield self._upload(title, server)
        yield from self._example(title)
        yield from _policies(server.tenants)
        if folders := tuple(tenant.s3 for tenant in server.tenants if tenant.s3):
            yield Artifact("triton/policies/server.json", policy_of_server(folders), Format.JSON)

    def _cluster(self, facility: Facility, cluster: Cluster) -> Iterator[Artifact]:
        title = one_line(facility.title)
        script = (self.folder / "templates/start.py.txt").read_text(encoding="ascii")
        objects = [*workload(facility, cluster, script), *network(facility, cluster), *autoscaler(facility, cluster)]
        yield self.manifests(f"{_FOLDER}/triton.yaml", objects, f"Triton of {title}")
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["triton.yaml"],
        }
        yield self.values(f"{_FOLDER}/kustomization.yaml", kustomization, f"Triton of {title}")
        if values := adapter_values(facility, cluster):
            about = f"Triton of {title}: the rule of Prometheus' adapter"
            yield self.values(f"{_FOLDER}/prometheus-adapter.yaml", values, about, _ADAPTER)
        about = f"Triton of {title}: alerts of the server and of each model"
        yield self.values(f"{_FOLDER}/triton.rules.yml", rules(facility, cluster), about)
        yield from self.requires(_FOLDER, needs(facility, cluster), "Triton is applied")
        tenants = tuple(Tenant(item.name, item.address, item.s3) for item in cluster.tenants)
        if tenants:
            yield from self._example(title)
            if cluster.write_key and not cluster.write_key.kubernetes_secret:
                yield self._upload(title, cluster._replace(repositories=cluster.tenants))
        yield from _policies(tenants)
        for key in cluster.keys:
            folders = [item.s3 for item in cluster.repositories if item.s3 and item.key == key]
            if folders:
                name = "server" if key == cluster.settings.read_key else f"read-{key.name}"
                yield Artifact(f"triton/policies/{name}.json", policy_of_server(folders), Format.JSON)

    def _upload(self, title: str, server: Server | Cluster) -> Artifact:
        return self.template(
            "upload.py.j2", "triton/upload.py", Format.PYTHON, executable=True, title=title, server=server
        )

    def _example(self, title: str) -> Iterator[Artifact]:
        example = "triton/models/example"
        yield self.template("config.pbtxt.j2", f"{example}/config.pbtxt", Format.TEXT, title=title)
        yield self.template("model.py.j2", f"{example}/1/model.py", Format.PYTHON, title=title)


def _policies(tenants: Sequence[Tenant]) -> Iterator[Artifact]:
    for tenant in tenants:
        if tenant.s3:
            # JSON has no comments, and a store takes no words that are not its own: README.md says what these are.
            text = policy_of_tenant(tenant.name, tenant.s3)
            yield Artifact(f"triton/policies/tenant-{tenant.name}.json", text, Format.JSON)
