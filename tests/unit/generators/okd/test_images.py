"""Images near the cluster."""

from __future__ import annotations

from kustomize import of_kind
from okd_site import CLUSTER, EVERYTHING, HUBS, IMAGES, SERVICEX, objects


def test_images_are_streams_where_users_code_runs() -> None:
    found = of_kind(objects(EVERYTHING), "ImageStream")
    assert {item["metadata"]["namespace"] for item in found} == {"hub", "portal", "coffea-casa", "reana"}
    assert {item["apiVersion"] for item in found} == {"image.openshift.io/v1"}
    here = {item["metadata"]["name"]: item["spec"]["tags"] for item in found if item["metadata"]["namespace"] == "hub"}
    local = {"referencePolicy": {"type": "Local"}}
    place, digest = "registry.example.org/team", "sha256:" + "0123456789abcdef" * 4
    assert here == {
        "base-image": [
            {
                "name": "2026-01",
                "from": {"kind": "DockerImage", "name": f"{place}/base:2026-01"},
                "importPolicy": {"scheduled": True},
                **local,
            }
        ],
        "newest": [
            {
                "name": "latest",
                "from": {"kind": "DockerImage", "name": f"{place}/newest"},
                "importPolicy": {"scheduled": True},
                **local,
            }
        ],
        # OKD refuses to look again for what never changes.
        "pinned": [{"name": "1", "from": {"kind": "DockerImage", "name": f"{place}/pinned@{digest}"}, **local}],
        "nameless": [{"name": "pinned", "from": {"kind": "DockerImage", "name": f"{place}/pinned@{digest}"}, **local}],
    }


def test_without_images_there_are_no_streams() -> None:
    for body in (CLUSTER + HUBS, CLUSTER + HUBS + IMAGES.replace("promised", "planned"), CLUSTER + SERVICEX + IMAGES):
        assert of_kind(objects(body), "ImageStream") == []


def test_two_names_that_are_one_to_kubernetes_are_one_stream() -> None:
    images = """
images:
  stance: promised
  named:
    - {name: a.b, reference: "r.example.org/x/one:1"}
    - {name: a-b, reference: "r.example.org/x/two:2"}
    - {name: A-B, reference: "r.example.org/x/three:2"}
"""
    (found,) = of_kind(objects(CLUSTER + HUBS.split("  - {name: portal", maxsplit=1)[0] + images), "ImageStream")
    assert [tag["from"]["name"] for tag in found["spec"]["tags"]] == ["r.example.org/x/one:1", "r.example.org/x/two:2"]
