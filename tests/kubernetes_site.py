"""A facility with everything that a cluster may have, and what the generator kubernetes makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.generators.kubernetes import Kubernetes
from kustomize import one, tied
from support import facility

if TYPE_CHECKING:
    from afspec.generators import Artifact

CLUSTER = """
orchestration:
  stance: promised
  kind: kubernetes
"""

# A portal, a hub with Dask's operator and gateway, services, a pool: everything that a cluster may have.
FULL = """
  version: 1.30.4
  storage_class: fast
  ingress: {ingress_class: nginx}
gpus:
  stance: promised
  models: [{name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu}]
jupyter:
  - {name: portal, kind: portal, stance: promised, spawner: kubernetes, url: "https://a.example.org/lab", port: 9999,
     group: {name: af, gid: 5741}}
  - {name: hub, kind: hub_kubernetes, stance: promised, url: "https://hub.example.org"}
dask:
  stance: promised
  operator: {stance: promised, namespace: af-jupyter, service_account: jupyter}
  gateway: {stance: promised, backend: kubernetes}
services:
  coffea_casa: {stance: promised, url: "https://coffea.example.org"}
  servicex: [{name: servicex, stance: promised, url: "https://servicex.example.org"}]
  reana: {stance: promised, url: "https://reana.example.org"}
  triton: {stance: promised, grpc: "triton.triton.svc.cluster.local:8001"}
batch:
  - name: htcondor
    scheduler: htcondor
    stance: promised
    elastic: [{stance: promised, kind: autoscale}]
software: {cvmfs: {stance: promised, claim: cvmfs}}
storage:
  areas:
    - {name: home, stance: promised, path: /home/<user>, quota: 100 GB,
       mount: {target: /home, source: /export/home, server: nfs.example.org}}
    - {name: data, path: /data, mount: {target: /data, source: /data}}
"""
REANA = "services: {reana: {stance: promised}}\n"
TRITON = "services: {triton: {stance: promised}}\n"
HUB = "jupyter: [{name: hub, kind: hub_kubernetes, stance: promised}]\n"


def rendered(body: str) -> list[Artifact]:
    return list(Kubernetes().render(facility(body)))


def objects(body: str, folder: str = "kubernetes") -> list[dict[str, Any]]:
    return tied(rendered(body), folder)


def labels_of(body: str, namespace: str, folder: str = "kubernetes") -> dict[str, str]:
    found: dict[str, str] = one(objects(body, folder), "Namespace", namespace)["metadata"]["labels"]
    return found
