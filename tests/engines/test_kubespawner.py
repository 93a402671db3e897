"""KubeSpawner itself: of every choice in a compiled hub it makes a pod that a server takes, and that is what was meant.

One worker has all these tests, so that each hub's pods are made once.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jupyterhub_k8s_site import FULL, LIMITS, OWN, PROFILES, hub, values
from kubernetes_tools import spawner
from kustomize import official
from upstream import merged, upstream_data
from verify_support import compiled

pytestmark = pytest.mark.xdist_group("kubespawner")

PROGRAM = Path(__file__).with_name("hub_pods.py")
SITE = "sites/uchicago.yaml"
V100 = {"nvidia.com/gpu.product": "Tesla-V100-PCIE-16GB"}
# A name that every object of Kubernetes may have (RFC 1123).
LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
A100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}


class Session(NamedTuple):
    """What a user chose, and the pod of it."""

    options: dict[str, str]
    pod: dict[str, Any]

    @property
    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.pod["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        (found,) = self.spec["containers"]
        assert isinstance(found, dict)
        return found

    @property
    def variables(self) -> dict[str, Any]:
        return {item["name"]: item.get("value", item.get("valueFrom")) for item in self.container["env"]}

    @property
    def mounts(self) -> dict[str, tuple[str, str | None]]:
        """Where volumes are, and which folder of them."""
        return {item["name"]: (item["mountPath"], item.get("subPath")) for item in self.container["volumeMounts"]}

    @property
    def gpus(self) -> dict[str, str]:
        """GPUs that it is given, by resource; the same are kept for it."""
        kinds = [
            {name: amount for name, amount in self.container["resources"][kind].items() if "nvidia" in name}
            for kind in ("limits", "requests")
        ]
        assert kinds[0] == kinds[1]
        return kinds[0]

    @property
    def tolerated(self) -> set[str]:
        return {item["key"] for item in self.spec["tolerations"]}


def texts(which: str) -> dict[str, Any]:
    """A hub's values as they were compiled."""
    if which == "full":
        return values(FULL + hub(LIMITS + PROFILES + OWN))
    path = {"jupyterhub": "jupyterhub-k8s/jupyterhub/values.yaml", "coffea-casa": "coffea-casa/values.yaml"}[which]
    found: dict[str, Any] = yaml.safe_load(compiled(SITE)[path])
    return found


def asked(which: str, user: str, uid: int | None) -> subprocess.CompletedProcess[str]:
    """KubeSpawner with the hub's values over the chart's, for a user of that number."""
    python, found = spawner(), texts(which)
    whole = merged(upstream_data("z2jh", "4.4.0_values.yaml"), found)
    order = {"values": whole, "user": user, "auth_state": {"cilogon_user": {"uidNumber": uid}}}
    # Secrets that the hub's code reads.
    secrets = dict.fromkeys(found["hub"].get("extraEnv", {}), "ab")
    return subprocess.run(
        [str(python), str(PROGRAM)],
        input=json.dumps(order),
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@cache
def sessions(which: str, user: str = "alice") -> tuple[Session, ...]:
    """Every session that the user may choose; first, that of one who chooses nothing."""
    done = asked(which, user, 4711)
    assert done.returncode == 0, done.stderr
    return tuple(Session(**item) for item in json.loads(done.stdout))


def chosen(which: str, profile: str) -> list[Session]:
    """Those of a profile."""
    found = [item for item in sessions(which) if item.options.get("profile") == profile]
    assert found
    return found


@pytest.mark.parametrize(("which", "least"), [("full", 16), ("jupyterhub", 20), ("coffea-casa", 1)])
def test_every_choice_is_a_pod_that_a_server_takes(which: str, least: int) -> None:
    found = sessions(which)
    assert len(found) >= least
    for session in found:
        official(session.pod)
        volumes = [item["name"] for item in session.spec["volumes"]]
        assert len(volumes) == len(set(volumes))
        assert set(session.mounts) <= set(volumes)
        # Nothing that KubeSpawner should have filled in is left.
        assert not re.search(r"\{\w*\}", json.dumps([session.variables, session.mounts]))


@pytest.mark.parametrize("which", ["jupyterhub", "coffea-casa"])
@pytest.mark.parametrize("user", ["al_b.c", "_" + "x" * 31])
def test_whatever_a_user_is_called_objects_have_names(which: str, user: str) -> None:
    pattern = texts(which)["hub"]["config"]["Authenticator"]["username_pattern"]
    assert re.match(pattern, user)
    first = sessions(which, user)[0]
    official(first.pod)
    volumes = first.spec["volumes"]
    claims = [item["persistentVolumeClaim"]["claimName"] for item in volumes if "persistentVolumeClaim" in item]
    for name in (first.pod["metadata"]["name"], *claims, *(item["name"] for item in volumes)):
        assert re.fullmatch(LABEL, name)
    if "HOME" in first.variables:
        assert first.variables["HOME"].endswith(f"/{user}")


def test_a_session_runs_as_its_user_and_the_sites_group() -> None:
    for session in sessions("full"):
        context = session.container["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (4711, 5741)
        assert context["allowPrivilegeEscalation"] is False
        assert session.spec["securityContext"] == {"fsGroup": 5741, "supplementalGroups": [5741]}
        assert session.variables["HOME"] == "/home/a/alice"
        assert session.variables["JUPYTER_PATH"] == "/opt/env/share/jupyter"


@pytest.mark.parametrize("uid", [None, 0])
def test_who_has_no_number_starts_nothing(uid: int | None) -> None:
    done = asked("full", "alice", uid)
    assert done.returncode != 0
    assert "the login told no number" in done.stderr
    assert done.stdout == ""


def test_gpus_are_what_was_chosen_on_nodes_that_have_them() -> None:
    for session in sessions("full"):
        match session.options:
            case {"profile": "slice", "gpu": "a100-1g-5gb"} | {"profile": "any", "gpu": "a100-1g-5gb"}:
                assert (session.gpus, session.spec["nodeSelector"]) == ({"nvidia.com/mig-1g.5gb": "1"}, A100)
            case {"gpu": "a100-2g-10gb"}:
                assert (session.gpus, session.spec["nodeSelector"]) == ({"nvidia.com/mig-2g.10gb": "1"}, A100)
            case {"profile": "any", "gpu": "v100"}:
                assert (session.gpus, session.spec["nodeSelector"]) == ({"nvidia.com/gpu": "1"}, V100)
            case {"profile": "two"}:
                assert (session.gpus, session.spec["nodeSelector"]) == ({"nvidia.com/gpu": "2"}, V100)
            case {"profile": "small"} | {}:
                assert session.gpus == {}
                assert "nodeSelector" not in session.spec
        # The chart's own tolerations stay beside those for GPUs.
        assert "hub.jupyter.org/dedicated" in session.tolerated
        assert ("nvidia.com/gpu" in session.tolerated) == bool(session.gpus)


def test_a_session_has_the_size_of_its_profile_within_the_limits() -> None:
    for session in chosen("full", "two"):
        resources = session.container["resources"]
        assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == (16, 4 << 30)
        # Four sessions share a core; memory is nobody else's.
        assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == (4, 4 << 30)


def test_a_session_runs_in_the_image_that_was_chosen() -> None:
    images = {
        session.options.get("image") or session.options.get("image--unlisted-choice"): session.container["image"]
        for session in chosen("full", "two")
    }
    assert images == {
        "y-2": "hub.example.org/gpu/y:2",
        "base": "hub.example.org/base/x:1",
        "hub.example.org/mine/own:1": "hub.example.org/mine/own:1",
    }
    assert sessions("full")[0].container["image"] == "hub.example.org/base/x:1"


def test_uchicagos_hub_has_its_gpus_and_images() -> None:
    first, *others = sessions("jupyterhub")
    assert (first.gpus, first.container["image"]) == ({}, "hub.opensciencegrid.org/usatlas/ml-platform:latest")
    for session in (first, *chosen("jupyterhub", "cpu")):
        assert "nodeSelector" not in session.spec
    for session in others:
        if session.options["profile"] != "cpu":
            assert session.gpus == {"nvidia.com/gpu": "1"}
            assert list(session.spec["nodeSelector"]) == ["nvidia.com/gpu.product"]
            assert "nvidia.com/gpu" in session.tolerated
    slices = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"}
    assert all(session.spec["nodeSelector"] == A100 for session in chosen("jupyterhub", "a100"))
    assert all(session.spec["nodeSelector"] == slices for session in chosen("jupyterhub", "a100-1g-5gb"))
    found = {session.options["image"]: session.container["image"] for session in chosen("jupyterhub", "v100")}
    assert found["ml-platform-2026-3"] == "hub.opensciencegrid.org/usatlas/ml-platform:2026.3"
    assert found["analysis-dask-uc-dev"] == "hub.opensciencegrid.org/usatlas/analysis-dask-uc:dev"


def test_uchicagos_sessions_are_at_home() -> None:
    for session in sessions("jupyterhub"):
        assert session.variables["HOME"] == "/home/alice"
        assert session.variables["X509_USER_PROXY"] == "/home/alice/x509proxy"
        assert session.variables["AF_XCACHE"] == "root://xcache.af.uchicago.edu:1094"
        assert session.variables["SITE_NAME"] == "AF_200"
        # No login tells their numbers: of areas with a folder for each they see their own.
        assert session.mounts["home"] == ("/home/alice", "alice")
        assert session.mounts["data"] == ("/data/alice", "alice")
        assert session.mounts["cvmfs"] == ("/cvmfs", None)


def test_coffea_casa_runs_as_its_images_user() -> None:
    (session,) = sessions("coffea-casa")
    context = session.container["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (6440, 11265)
    assert session.spec["securityContext"]["fsGroup"] == 11265
    assert session.container["image"] == "hub.opensciencegrid.org/coffea-casa/cc-dask-alma9:2026.08.12"
    assert session.mounts["volume-alice"] == ("/home/cms-jovyan", None)
    assert session.mounts["files"] == ("/opt/dask/zz-site.yaml", "dask")
    assert session.gpus == {}


def test_coffea_casas_session_tells_workers_where_it_is() -> None:
    (session,) = sessions("coffea-casa")
    assert session.variables["POD_IP"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert session.variables["SCHEDD_HOST"] == "head01.af.uchicago.edu"
    assert session.variables["JUPYTERHUB_DEFAULT_URL"] == "/lab"
    # The script came through KubeSpawner, which fills in words between braces, as it was.
    (maker,) = session.spec["initContainers"]
    (told,) = texts("coffea-casa")["singleuser"]["initContainers"]
    assert maker["command"] == told["command"]
    assert maker["securityContext"]["runAsUser"] == 6440
    assert {item["name"] for item in maker["volumeMounts"]} <= set(session.mounts)
