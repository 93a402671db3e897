"""Pods of schedulers and workers: the site's areas, and nothing where the spec is silent."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
from dask_gateway_site import REFERENCE, SITES, values


def pod(part: dict[str, Any], name: str) -> dict[str, Any]:
    """A pod as the controller makes it of a part of gateway.backend."""
    container = {"name": name, "image": REFERENCE, **part["extraContainerConfig"]}
    spec = {"containers": [container], **part["extraPodConfig"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_workers_see_the_sites_areas_and_schedulers_do_not() -> None:
    backend = values(SITES["everything"])["gateway"]["backend"]
    for part in ("scheduler", "worker"):
        kubernetes_validate.validate(pod(backend[part], part), "1.30", strict=True)
        assert backend[part]["extraPodConfig"]["securityContext"]["supplementalGroups"] == [5741]
        assert backend[part]["extraContainerConfig"]["securityContext"]["allowPrivilegeEscalation"] is False
    mounts = {mount["name"]: mount for mount in backend["worker"]["extraContainerConfig"]["volumeMounts"]}
    assert mounts["data"]["mountPath"] == "/data"
    assert {volume["name"] for volume in backend["worker"]["extraPodConfig"]["volumes"]} == set(mounts)
    assert mounts["cvmfs"]["readOnly"] is True
    assert "volumes" not in backend["scheduler"]["extraPodConfig"]
    assert backend["worker"]["cores"] == {"request": 2}
    assert backend["worker"]["memory"] == {"request": 4 * 10**9}
    assert backend["image"] == {"name": "hub.example.org/team/dask", "tag": "1"}


def test_a_silent_spec_leaves_the_charts_image_and_mounts_nothing() -> None:
    backend = values(SITES["silent"])["gateway"]["backend"]
    assert "image" not in backend
    assert "volumes" not in backend["worker"]["extraPodConfig"]
    assert "runAsUser" not in backend["worker"]["extraPodConfig"]["securityContext"]
