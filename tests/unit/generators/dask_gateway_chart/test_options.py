"""What users may ask for: images, sizes, variables, GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from dask_gateway_site import GPUS, IMAGES, REFERENCE, SITES, configured, facility, values
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from afspec.facility import Facility


def cluster(site: Facility, **request: Any) -> dict[str, Any]:
    """What a user's cluster gets for a request."""
    options = configured(values(site)).Backend.cluster_options
    made: dict[str, Any] = options.get_configuration(options.parse_options(request), None)
    return made


def test_of_an_allow_list_users_choose_an_image_and_no_other() -> None:
    images = {**IMAGES, "policy": "allow_list", "allowed": ["hub.example.org/team/other:1", REFERENCE]}
    site = facility(images=images)
    assert cluster(site)["image"] == REFERENCE
    assert cluster(site, image="hub.example.org/team/other:1")["image"] == "hub.example.org/team/other:1"
    with pytest.raises(ValueError, match="image"):
        cluster(site, image="hub.example.org/team/other:2")


def test_without_a_list_users_name_any_reference() -> None:
    assert cluster(facility())["image"] == REFERENCE
    assert cluster(facility(), image="hub.example.org/mine:3")["image"] == "hub.example.org/mine:3"
    for bad in ("hub.example.org/mine:3\n", "/cvmfs/unpacked/mine", "mine; rm -rf /"):
        with pytest.raises(ValueError, match="no reference"):
            cluster(facility(), image=bad)
    assert "image" not in cluster(facility(images=None))


def test_where_only_unpacked_images_may_run_those_with_names_are_offered() -> None:
    site = facility(images={**IMAGES, "policy": "unpacked", "unpacked": "/cvmfs/unpacked.cern.ch"})
    with pytest.raises(ValueError, match="image"):
        cluster(site, image="hub.example.org/mine:3")


def test_workers_have_sizes_between_bounds() -> None:
    site = SITES["everything"]
    made = cluster(site, worker_cores=4, worker_memory=8)
    assert (made["worker_cores"], made["worker_memory"]) == (4, 8 << 30)
    assert cluster(site)["worker_memory"] == 4 * 10**9
    for request in ({"worker_cores": 5}, {"worker_memory": 16.5}, {"worker_memory": 0}, {"privileged": True}):
        with pytest.raises(ValueError, match=r"."):
            cluster(site, **request)


@settings(max_examples=40)
@given(cores=st.integers(1, 300), most=st.integers(1, 300), size=st.integers(1, 10**13), limit=st.integers(1, 10**13))
def test_what_a_worker_has_by_itself_may_be_asked_for(cores: int, most: int, size: int, limit: int) -> None:
    worker = {"cores": cores, "max_cores": most, "memory": f"{size} B", "max_memory": f"{limit} B"}
    site = facility({"cluster": {"worker": worker}})
    assert cluster(site)["worker_cores"] == cores
    assert cluster(site)["worker_memory"] == size


def test_variables_are_texts_and_join_those_of_an_overlay() -> None:
    assert cluster(facility(), environment={"MINE": "1"})["environment"] == {"MINE": "1"}
    made = values(facility())
    made["gateway"]["backend"]["environment"] = {"SITES": "2"}
    options = configured(made).Backend.cluster_options
    got = options.get_configuration(options.parse_options({"environment": {"MINE": "1"}}), None)
    assert got["environment"] == {"SITES": "2", "MINE": "1"}
    for bad in ({"A B": "1"}, {"A": 1}, {"": "x"}):
        with pytest.raises(ValueError, match="variable"):
            cluster(facility(), environment=bad)


def test_gpus_are_offered_where_the_spec_says_how_many() -> None:
    site = SITES["everything"]
    made = cluster(site, worker_gpus=2)
    container, pod = made["worker_extra_container_config"], made["worker_extra_pod_config"]
    assert container["resources"] == {"requests": {"nvidia.com/gpu": "2"}, "limits": {"nvidia.com/gpu": "2"}}
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    # What all workers have stays.
    assert [mount["name"] for mount in container["volumeMounts"]] == ["data", "cvmfs"]
    assert pod["securityContext"]["runAsUser"] == 1000
    assert "worker_extra_pod_config" not in cluster(site)
    with pytest.raises(ValueError, match="worker_gpus"):
        cluster(site, worker_gpus=3)
    with pytest.raises(ValueError, match=r"."):
        cluster(facility(gpus=GPUS), worker_gpus=1)


def test_names_of_gpus_are_text_to_python() -> None:
    model = {"name": "a.b-1", "product": "x.y-z_1", "resource": "x.y/z"}
    site = facility({"cluster": {"worker": {"max_gpus": 1}}}, gpus={"stance": "promised", "models": [model]})
    made = cluster(site, worker_gpus=1, gpu="a.b-1")
    assert made["worker_extra_pod_config"]["nodeSelector"] == {"nvidia.com/gpu.product": "x.y-z_1"}
    assert made["worker_extra_container_config"]["resources"]["limits"] == {"x.y/z": "1"}
