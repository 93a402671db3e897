"""References of what is not Kubernetes' own: OKD's Routes, Dask's clusters, volumes in values of charts."""

from __future__ import annotations

import pytest
from cluster_files import CUSTOM, FILES, MODEL, VALUES
from verify_support import found

ROUTE = """
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: server, namespace: model}
spec:
  host: other.example.org
  to: {kind: Service, name: server}
  port: {targetPort: http}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("targetPort: http", "targetPort: https", "Service server has no port https"),
        ("name: server}\n  port", "name: serve}\n  port", "there is no Service serve in model"),
        ("other.example.org", "model.example.org", "model.example.org/ is Ingress server's (model/model.yaml), too"),
    ],
)
def test_routes(old: str, new: str, said: str) -> None:
    assert found("references", FILES | {MODEL: FILES[MODEL] + ROUTE}) == []
    ((_, _, message),) = found("references", FILES | {MODEL: FILES[MODEL] + ROUTE.replace(old, new)})
    assert said in message


def test_two_routes_of_one_subdomain() -> None:
    route = ROUTE.replace("host: other.example.org", "subdomain: other")
    other = route.replace("name: server, namespace", "name: second, namespace")
    assert (
        found("references", FILES | {MODEL: FILES[MODEL] + route + other.replace("  to:", "  path: /a\n  to:")}) == []
    )
    ((_, _, said),) = found("references", FILES | {MODEL: FILES[MODEL] + route + other})
    assert "other.*/ is Route server's" in said


@pytest.mark.parametrize(
    ("volume", "said"), [("scratch", ""), ("volume-{username}", ""), ("scrach", "no volume 'scrach'")]
)
def test_what_values_mount(volume: str, said: str) -> None:
    text = f"""\
# chart: jupyterhub 4.4.0
singleuser:
  storage:
    extraVolumes:
    - {{name: scratch, emptyDir: {{}}}}
    extraVolumeMounts:
    - {{name: "{volume}", mountPath: /scratch}}
"""
    every = found("references", {VALUES: text})
    assert [line for _, line, _ in every] == ([7] if said else [])
    assert all(said in message for _, _, message in every)


@pytest.mark.parametrize("port", ["8002", "metrics"])
def test_route_to_a_port_of_the_service_or_of_its_pods(port: str) -> None:
    assert (
        found("references", FILES | {MODEL: FILES[MODEL] + ROUTE.replace("targetPort: http", f"targetPort: {port}")})
        == []
    )


DASK = """\
apiVersion: kubernetes.dask.org/v1
kind: DaskCluster
metadata: {name: atlas, namespace: model}
spec:
  worker:
    replicas: 2
    spec:
      containers:
      - {name: worker, image: registry.example.org/dask:1, resources: {requests: {cpu: "1"}}}
---
apiVersion: kubernetes.dask.org/v1
kind: DaskAutoscaler
metadata: {name: atlas, namespace: model}
spec: {cluster: atlas, minimum: 1, maximum: 2}
"""


def test_dask_clusters_and_what_scales_them() -> None:
    assert found("references", FILES | {CUSTOM: DASK}) == []
    ((_, _, said),) = found("references", FILES | {CUSTOM: DASK.replace("cluster: atlas,", "cluster: atlsa,")})
    assert "there is no DaskCluster atlsa in model" in said
    scheduler = """\
spec:
  scheduler:
    spec:
      containers:
      - {name: scheduler, image: a, ports: [{name: comm, containerPort: 8786}]}
    service:
      ports:
      - {port: 8786, targetPort: comm}
"""
    text = DASK.replace("spec:\n", scheduler, 1)
    assert found("references", FILES | {CUSTOM: text}) == []
    ((_, _, said),) = found("references", FILES | {CUSTOM: text.replace("targetPort: comm", "targetPort: com")})
    assert "the scheduler has no port 'com'; it has comm" in said
    ((_, _, said),) = found("references", FILES | {CUSTOM: DASK.replace('cpu: "1"', 'cpu: "5"')})
    assert "8 is less than what DaskCluster atlas (dask/cluster.yaml) asks for, 10" in said
