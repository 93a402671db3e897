"""A site that runs Triton on its cluster, and what is compiled for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from afspec.generators.triton import Triton
from support import facility

if TYPE_CHECKING:
    from afspec.generators import Artifact

SITE = """
orchestration:
  stance: promised
  kind: kubernetes
  autoscaling: {prometheus: "http://prometheus.monitoring:9090"}
gpus:
  stance: promised
  models:
    - {name: a100, product: NVIDIA-A100-SXM4-40GB, resource: nvidia.com/gpu}
    - {name: h100, product: NVIDIA-H100, resource: nvidia.com/gpu, mig: {strategy: mixed, profiles: [1g.10gb]}}
software: {cvmfs: {claim: cvmfs}}
jupyter: [{name: hub, kind: hub_kubernetes, stance: promised, namespace: notebooks}]
services:
  triton:
    stance: promised
    grpc: triton-traefik.inference.svc.cluster.local:8001
    repository: s3://https://s3.example.org:443/models/<user>
    folder: /cvmfs/atlas.cern.ch/models
    gpus_per_replica: 1
    autoscale: {minimum: 1, maximum: 3, metric: avg_time_queue_us}
    poll: 60 s
    write_key: {env: TRITON_KEY}
    cluster:
      image: registry.example.org/nvidia/tritonserver:24.12-py3
      tenants:
        - {name: alice, read_key: {name: alice-read}, write_key: {name: alice-write}}
        - {name: alice-b, read_key: {name: alice-b-read, id: user, secret: password}}
"""
ONE_KEY = SITE.replace("read_key: {name: alice-read}, ", "").replace(
    ", read_key: {name: alice-b-read, id: user, secret: password}", ""
)
SHARED = SITE.replace("models/<user>", "triton-<uuid>/models").split("      tenants:", maxsplit=1)[0]
FOLDER = "triton/kubernetes"


def compiled(body: str = SITE) -> dict[str, Artifact]:
    """The files by their paths."""
    return {artifact.path: artifact for artifact in Triton().render(facility(body))}


def data(body: str, name: str) -> Any:
    """What a file of the cluster's folder holds."""
    return yaml.safe_load(compiled(body)[f"{FOLDER}/{name}"].text)


def objects(body: str = SITE) -> dict[str, Any]:
    """The objects by their kinds, of which there is one each."""
    found = list(yaml.safe_load_all(compiled(body)[f"{FOLDER}/triton.yaml"].text))
    assert len({item["kind"] for item in found}) == len(found)
    return {item["kind"]: item for item in found}


def pod(body: str = SITE) -> dict[str, Any]:
    """The pods' specification."""
    found: dict[str, Any] = objects(body)["Deployment"]["spec"]["template"]["spec"]
    return found


def container(body: str = SITE) -> dict[str, Any]:
    """The one container."""
    (found,) = pod(body)["containers"]
    made: dict[str, Any] = found
    return made


def script(body: str = SITE) -> str:
    """What the container begins with."""
    text: str = objects(body)["ConfigMap"]["data"]["start.py"]
    return text
